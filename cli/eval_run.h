/* The asked models through the asked protocol. */
#ifndef GACLIP_CLI_EVAL_RUN_H
#define GACLIP_CLI_EVAL_RUN_H

#include "eval_data.h"

/* One model's row of the table. The models themselves are closed after their runs. */
typedef struct EvalRun {
    const char *model;  /* its file, lent by the request or the environment */
    const char *region; /* roi, crop or both; NULL where no regions are asked */
    char *label;        /* both as text */
    char *sha256;
    int side;         /* of the model's images, pixels */
    TextList prompts; /* templates used */
    double seconds;
    GaclipRetrieval retrieval; /* of these three, the protocol's */
    GaclipAccuracy accuracy;
    GaclipDetectionResult detection;
} EvalRun;

typedef struct EvalReport {
    const EvalRequest *request;
    EvalData data;
    GaclipEvalOptions options;
    EvalRun *runs;
    int run_count;
} EvalReport;

/* Opens the data and runs every model. The caller clears *out in any case. */
int eval_run_all(EvalReport *out, const EvalRequest *request, GaclipError *err);
void eval_report_clear(EvalReport *report);

#endif
