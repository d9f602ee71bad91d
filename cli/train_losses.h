/* The losses by the names that options, log and curves call them. */
#ifndef GACLIP_CLI_TRAIN_LOSSES_H
#define GACLIP_CLI_TRAIN_LOSSES_H

#include "gaclip/train.h"
#include "options.h"

enum { TRAIN_LOSSES = 7 };

const char *train_loss_name(int index);
double *train_loss(GaclipLossWeights *losses, int index);

/* NAME=WEIGHT pairs into weights; the others stay. */
int train_losses_set(GaclipLossWeights *weights, const TextList *pairs, GaclipError *err);

#endif
