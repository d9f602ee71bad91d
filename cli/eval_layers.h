/* A layer of detections against a layer of references, printed. */
#ifndef GACLIP_CLI_EVAL_LAYERS_H
#define GACLIP_CLI_EVAL_LAYERS_H

#include "gaclip/layer_eval.h"

typedef struct EvalLayers {
    const char *detections, *references;
    GaclipLayerEvalOptions options;
    int json;
} EvalLayers;

int eval_layers(const EvalLayers *arguments, GaclipError *err);

#endif
