/* The log of a training: a line of JSON a step or validation, and its curves. */
#ifndef GACLIP_CLI_TRAIN_LOG_H
#define GACLIP_CLI_TRAIN_LOG_H

#include <cjson/cJSON.h>
#include <stdio.h>

#include "gaclip/train.h"

typedef struct TrainLog {
    const char *path; /* borrowed */
    FILE *stream;
    int is_resumed; /* lines from the first new step on are cut off before it is written */
} TrainLog;

/* resume: keep what is there. */
int train_log_open(TrainLog *log, const char *path, int resume, GaclipError *err);
/* metrics and images (train_validate.h) are taken over. */
int train_log_validation(TrainLog *log, int stage, int step, double score, cJSON *metrics,
                         cJSON *images, GaclipError *err);
int train_log_step(TrainLog *log, int stage, const GaclipTrainStep *step, GaclipError *err);
int train_log_close(TrainLog *log, GaclipError *err);

/* Losses and validation metrics over steps, drawn from the log. */
int train_log_plot(const char *log_path, const char *svg_path, GaclipError *err);

#endif
