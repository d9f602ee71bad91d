#include "gaclip/default_model.h"

#include <cpl_conv.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* From the library's folder to the shipped model's: as it is installed, as it is built. */
static const char *const PLACES[] = {GACLIP_LIBRARY_TO_MODELS, "../models"};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static char shipped[PATH_MAX]; /* empty = there is none */

static void find_shipped(void)
{
    Dl_info library;
    if (!dladdr(shipped, &library) || !library.dli_fname) return;
    const char *slash = strrchr(library.dli_fname, '/');
    if (!slash) return; /* it would be looked for from the working folder */
    int folder = (int)(slash - library.dli_fname) + 1;
    for (size_t i = 0; i < sizeof PLACES / sizeof *PLACES; i++) {
        int length = snprintf(shipped, sizeof shipped, "%.*s%s/default.safetensors", folder,
                              library.dli_fname, PLACES[i]);
        char *plain =
            length > 0 && (size_t)length < sizeof shipped ? realpath(shipped, NULL) : NULL;
        int is_there = plain && strlen(plain) < sizeof shipped && !access(plain, R_OK);
        strcpy(shipped, is_there ? plain : "");
        free(plain);
        if (is_there) return;
    }
}

int gaclip_choose_model(const char **path, const char *given, GaclipError *err)
{
    *path = given ? given : CPLGetConfigOption("GACLIP_MODEL", NULL);
    if (*path && **path && !given && access(*path, R_OK))
        return gaclip_error_set(err, GACLIP_ERROR_IO,
                                "%s: cannot be opened (%s); it is what GACLIP_MODEL names", *path,
                                strerror(errno));
    if (*path && **path) return GACLIP_OK;
    pthread_once(&once, find_shipped);
    *path = shipped;
    if (*shipped) return GACLIP_OK;
    return gaclip_error_set(
        err, GACLIP_ERROR_ARGUMENT,
        "no model: give --model FILE (model=FILE in a name) or set GACLIP_MODEL "
        "(gaclip-train makes one from a scene and its annotations)");
}

int gaclip_is_shipped_model(const char *path)
{
    pthread_once(&once, find_shipped);
    return *shipped && !strcmp(path, shipped);
}

int gaclip_choose_proposer(const char **path, const char *given, GaclipError *err)
{
    *path = given;
    if (given) return GACLIP_OK;
    pthread_once(&once, find_shipped);
    *path = shipped;
    if (*shipped) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                            "no proposals: give --proposals FILE (proposals=FILE in a name), a "
                            "model that gaclip-train made");
}

int gaclip_open_proposer(GaclipModel **out, const GaclipModel *model, const char *given,
                         GaclipCompute *compute, GaclipError *err)
{
    const char *path;
    *out = NULL;
    if (!given && gaclip_model_config(model)->proposal.width > 0) return GACLIP_OK;
    int status = gaclip_choose_proposer(&path, given, err);
    if (status) {
        gaclip_error_prefix(err, "%s: the model has no proposal head", gaclip_model_path(model));
        return status;
    }
    GaclipModel *proposer;
    status = gaclip_model_open(&proposer, path, compute, err);
    if (status) return status;
    if (gaclip_model_config(proposer)->proposal.width > 0) {
        *out = proposer;
        return GACLIP_OK;
    }
    gaclip_model_close(proposer);
    return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                            "%s: has no proposal head, so it finds no boxes for %s; give "
                            "--proposals a model that gaclip-train made",
                            path, gaclip_model_path(model));
}
