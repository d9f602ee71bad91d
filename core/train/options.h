/* The options of a training: defaults, checks, and what they cost. */
#ifndef GACLIP_TRAIN_OPTIONS_H
#define GACLIP_TRAIN_OPTIONS_H

#include "gaclip/train.h"

int gaclip__train_options_check(const GaclipTrainOptions *options, const GaclipModel *model,
                                GaclipError *err);

/* Whether a parameter of that name stays as it is. */
int gaclip__train_is_frozen(const GaclipTrainOptions *options, const char *name);

#endif
