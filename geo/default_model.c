#include "gaclip/default_model.h"

#include <cpl_conv.h>
#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
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
        if (length > 0 && (size_t)length < sizeof shipped && !access(shipped, R_OK)) return;
    }
    shipped[0] = '\0';
}

int gaclip_choose_model(const char **path, const char *given, GaclipError *err)
{
    *path = given ? given : CPLGetConfigOption("GACLIP_MODEL", NULL);
    if (*path && **path) return GACLIP_OK;
    pthread_once(&once, find_shipped);
    *path = shipped;
    if (*shipped) return GACLIP_OK;
    return gaclip_error_set(
        err, GACLIP_ERROR_ARGUMENT,
        "no model: give --model FILE (model=FILE in a name) or set GACLIP_MODEL "
        "(gaclip-train makes one from a scene and its annotations)");
}
