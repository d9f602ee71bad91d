#include "train_folder.h"

#include <cpl_conv.h>
#include <cpl_string.h>
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

char *train_folder_file(const TrainFolder *folder, TrainFile file, int stage)
{
    static const char *const NAMES[] = {"checkpoint", "best", "result"};
    return CPLStrdup(
        CPLFormFilename(folder->path, CPLSPrintf("%s-%d", NAMES[file], stage), "safetensors"));
}

int train_folder_has(const TrainFolder *folder, TrainFile file, int stage)
{
    char *path = train_folder_file(folder, file, stage);
    int found = exists(path);
    CPLFree(path);
    return found;
}

void train_folder_remove(const TrainFolder *folder, TrainFile file, int stage)
{
    char *path = train_folder_file(folder, file, stage);
    unlink(path);
    CPLFree(path);
}

int train_folder_resume(int *stage, const TrainFolder *folder, int stage_count, GaclipError *err)
{
    for (*stage = 1; *stage < stage_count; (*stage)++)
        if (!train_folder_has(folder, TRAIN_RESULT, *stage)) break;
    if (*stage > 1 || train_folder_has(folder, TRAIN_CHECKPOINT, 1)) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_IO,
                            "%s: there is no checkpoint to resume from: the training is finished, "
                            "or took no step; a recipe whose model is {\"init\": FILE} trains on",
                            folder->path);
}

int train_folder_open(TrainFolder *out, const char *folder, const char *output, int resume,
                      int overwrite, GaclipError *err)
{
    out->path = CPLStrdup(folder != NULL ? folder : CPLResetExtension(output, "train"));
    out->log = CPLStrdup(CPLFormFilename(out->path, "log.jsonl", NULL));
    out->curves = CPLStrdup(CPLFormFilename(out->path, "curves.svg", NULL));
    if (!resume && !overwrite && exists(out->log))
        return gaclip_error_set(err, GACLIP_ERROR_EXISTS,
                                "%s: holds a training already; go on with it by --resume, replace "
                                "it by --overwrite, or name another one with --folder",
                                out->path);
    if (resume && !exists(out->log))
        return gaclip_error_set(err, GACLIP_ERROR_IO,
                                "%s: there is no checkpoint to resume from; leave --resume out",
                                out->path);
    return create(out->path, err);
}

void train_folder_forget(const TrainFolder *folder)
{
    for (int stage = 1; stage == 1 || train_folder_has(folder, TRAIN_RESULT, stage - 1); stage++)
        for (int file = TRAIN_CHECKPOINT; file < TRAIN_RESULT; file++)
            train_folder_remove(folder, (TrainFile)file, stage);
    for (int stage = 1; train_folder_has(folder, TRAIN_RESULT, stage); stage++)
        train_folder_remove(folder, TRAIN_RESULT, stage);
}

void train_folder_leave(const TrainFolder *folder)
{
    rmdir(folder->path);
}

void train_folder_abandon(const TrainFolder *folder)
{
    unlink(folder->log);
    unlink(folder->curves);
    train_folder_leave(folder);
}

void train_folder_clear(TrainFolder *folder)
{
    CPLFree(folder->path);
    CPLFree(folder->log);
    CPLFree(folder->curves);
}
