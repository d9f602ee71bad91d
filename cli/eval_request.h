/* What the command line of gaclip-eval asks for on a data set. */
#ifndef GACLIP_CLI_EVAL_REQUEST_H
#define GACLIP_CLI_EVAL_REQUEST_H

#include "model_arguments.h"

typedef enum EvalProtocol {
    EVAL_RETRIEVAL,
    EVAL_CLASSIFY,
    EVAL_REGIONS,
    EVAL_FINE_GRAINED,
    EVAL_DETECT
} EvalProtocol;

typedef struct EvalRequest {
    EvalProtocol protocol;
    const char *dataset, *format, *images, *split;
    TextList models;
    TextList classes, novel;
    const char *class_split;
    const char *prompt, *prompts_file;
    TextList regions; /* of roi, crop, both */
    const char *view;
    double iou, min_score, nms_iou;
    int octaves, finer; /* negative: the model's */
    int independent;
    ModelArguments how;
    int limit, resamples, seed, threads;
    const char *html;
    int examples; /* pictures of either kind a model */
    int overwrite, json, quiet;
} EvalRequest;

#endif
