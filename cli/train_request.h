/* What the command line of gaclip-train asks for. */
#ifndef GACLIP_CLI_TRAIN_REQUEST_H
#define GACLIP_CLI_TRAIN_REQUEST_H

#include "raster_arguments.h"

/* Numbers are 0, the seed -1, where the command line says nothing. */
typedef struct TrainRequest {
    const char *recipe; /* or: */
    const char *scene, *annotations;
    const char *class_field, *class_name, *where, *layer;
    const char *output, *folder;
    RasterArguments raster;
    int steps, batch_size, micro_batch, checkpoint_every;
    const char *precision; /* NULL = auto */
    double minutes;        /* time budget; 0 = none */
    double learning_rate;
    int seed;
    int image_size, width, depth; /* of the image tower */
    TextList losses, frozen;
    int threads, overwrite, resume, recompute, dry_run, json, quiet;
} TrainRequest;

#endif
