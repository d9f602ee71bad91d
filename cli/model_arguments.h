/* The options that say how a model is run: shared by the commands that ask one of a scene or a data
 * set. */
#ifndef GACLIP_CLI_MODEL_ARGUMENTS_H
#define GACLIP_CLI_MODEL_ARGUMENTS_H

#include "gaclip/detect.h"
#include "options.h"

typedef struct ModelArguments {
    const char *proposals, *dense, *precision; /* NULL = not given */
    int crops;
} ModelArguments;

/* clang-format off */
#define DENSE_OPTION(arguments)                                                                   \
    {.name = "dense", .type = OPTION_TEXT, .value = &(arguments).dense, .meta = "value|full",     \
     .help = "dense map of the last block's values, or of its ordinary output (default: as the "  \
             "model says)"}

#define PRECISION_OPTION(arguments)                                                               \
    {.name = "precision", .type = OPTION_TEXT, .value = &(arguments).precision, .meta = "TYPE",   \
     .help = "of matrix products: f32 (default), bf16, int8, or auto, which is bf16 where the "   \
             "processor has it"}

#define PASS_OPTIONS(arguments) DENSE_OPTION(arguments), PRECISION_OPTION(arguments)

#define PROPOSAL_OPTIONS(arguments)                                                               \
    {.name = "proposals", .type = OPTION_TEXT, .value = &(arguments).proposals, .meta = "FILE",   \
     .help = "model that finds the boxes, which --model then scores (default: --model itself, or "\
             "the shipped one where that has no proposal head)"},                                 \
    {.name = "crops", .type = OPTION_FLAG, .value = &(arguments).crops,                           \
     .help = "average what the dense map shows of a box with an embedding of its pixels alone: "  \
             "slow"}

/* Of arguments that hold octaves and finer. */
#define SCALE_OPTIONS(arguments)                                                                  \
    {.name = "octaves", .type = OPTION_INTEGER, .value = &(arguments).octaves, .meta = "N",       \
     .minimum = 0, .maximum = 4,                                                                  \
     .help = "coarser scales to look at too, each half as fine, for large objects (default: as "  \
             "the model was made for)"},                                                          \
    {.name = "finer", .type = OPTION_INTEGER, .value = &(arguments).finer, .meta = "N",           \
     .minimum = 0, .maximum = 2,                                                                  \
     .help = "finer scales to look at too, each twice as fine, for small objects (default: as "   \
             "the model was made for)"}
/* clang-format on */

/* Puts dense and crops into the options of a detector. */
int model_arguments_apply(GaclipDetectOptions *options, const ModelArguments *arguments,
                          GaclipError *err);

/* The precision asked for, f32 where none is. */
int model_arguments_precision(GaclipCompute *compute, const ModelArguments *arguments,
                              GaclipError *err);

#endif
