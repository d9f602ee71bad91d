/* The folder that a training keeps its log, curves and checkpoint in. */
#ifndef GACLIP_CLI_TRAIN_FOLDER_H
#define GACLIP_CLI_TRAIN_FOLDER_H

#include "gaclip/error.h"

typedef struct TrainFolder {
    char *path, *log, *curves, *checkpoint; /* owned */
} TrainFolder;

/* folder NULL: beside the output, with the extension ".train". Creates it. One that holds a
 * training already wants resume or overwrite; resume wants a checkpoint. */
int train_folder_open(TrainFolder *out, const char *folder, const char *output, int resume,
                      int overwrite, GaclipError *err);
void train_folder_clear(TrainFolder *folder);

/* After the last step: there is nothing to resume. */
void train_folder_forget_checkpoint(const TrainFolder *folder);

#endif
