/* The folder that a training keeps its log, curves and checkpoint in. */
#ifndef GACLIP_CLI_TRAIN_FOLDER_H
#define GACLIP_CLI_TRAIN_FOLDER_H

#include "gaclip/error.h"

typedef struct TrainFolder {
    char *path, *log, *curves; /* owned */
} TrainFolder;

/* Files of a stage, numbered from 1. */
typedef enum TrainFile {
    TRAIN_CHECKPOINT, /* in the midst of the stage */
    TRAIN_BEST,       /* the model of its best validation */
    TRAIN_RESULT      /* the model that the next stage starts from */
} TrainFile;

/* folder NULL: beside the output, with the extension ".train". Creates it. One that holds a
 * training already wants resume or overwrite. */
int train_folder_open(TrainFolder *out, const char *folder, const char *output, int resume,
                      int overwrite, GaclipError *err);
void train_folder_clear(TrainFolder *folder);

/* Removes what an earlier training left, so that it is not taken for this one's. */
void train_folder_forget(const TrainFolder *folder);

/* Where the training fails: before it has begun, takes an empty folder away again; before its first
 * step, with the log. */
void train_folder_leave(const TrainFolder *folder);
void train_folder_abandon(const TrainFolder *folder);

/* The caller frees it with CPLFree. */
char *train_folder_file(const TrainFolder *folder, TrainFile file, int stage);
int train_folder_has(const TrainFolder *folder, TrainFile file, int stage);
void train_folder_remove(const TrainFolder *folder, TrainFile file, int stage);

/* The stage to go on with: the first without a result. GACLIP_ERROR_IO where neither a result nor a
 * checkpoint is there. */
int train_folder_resume(int *stage, const TrainFolder *folder, int stage_count, GaclipError *err);

#endif
