#include "train_folder.h"

#include <cpl_conv.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static int create(const char *path, GaclipError *err)
{
    struct stat facts;
    if (mkdir(path, 0777) == 0) return GACLIP_OK;
    if (errno == EEXIST && stat(path, &facts) == 0 && S_ISDIR(facts.st_mode)) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_IO,
                            "%s: the folder of the training's log and checkpoint cannot be made "
                            "(%s); name another one with --folder",
                            path, strerror(errno));
}

int train_folder_open(TrainFolder *out, const char *folder, const char *output, int resume,
                      int overwrite, GaclipError *err)
{
    out->path = CPLStrdup(folder != NULL ? folder : CPLResetExtension(output, "train"));
    out->log = CPLStrdup(CPLFormFilename(out->path, "log.jsonl", NULL));
    out->curves = CPLStrdup(CPLFormFilename(out->path, "curves.svg", NULL));
    out->checkpoint = CPLStrdup(CPLFormFilename(out->path, "checkpoint.safetensors", NULL));
    if (resume && !exists(out->checkpoint))
        return gaclip_error_set(err, GACLIP_ERROR_IO,
                                "%s: there is no checkpoint to resume from; leave --resume out",
                                out->checkpoint);
    if (!resume && !overwrite && exists(out->log))
        return gaclip_error_set(err, GACLIP_ERROR_EXISTS,
                                "%s: holds a training already; go on with it by --resume, replace "
                                "it by --overwrite, or name another one with --folder",
                                out->path);
    int status = create(out->path, err);
    if (status == GACLIP_OK && !resume) unlink(out->checkpoint);
    return status;
}

void train_folder_forget_checkpoint(const TrainFolder *folder)
{
    unlink(folder->checkpoint);
}

void train_folder_clear(TrainFolder *folder)
{
    CPLFree(folder->path);
    CPLFree(folder->log);
    CPLFree(folder->curves);
    CPLFree(folder->checkpoint);
}
