/* The model that gaclip-train starts from. */
#ifndef GACLIP_CLI_TRAIN_MODEL_H
#define GACLIP_CLI_TRAIN_MODEL_H

#include "gaclip/annotations.h"
#include "gaclip/model.h"
#include "gaclip/raster.h"
#include "gaclip/train.h"
#include "train_request.h"

/* A model with random weights in the size that was asked for, its vocabulary learned from the
 * annotations' labels, with prompt templates, background phrases, class hints and the GSD range.
 * compute is borrowed; the caller closes *out. */
int train_build_model(GaclipModel **out, const TrainRequest *request,
                      const GaclipTrainOptions *options, const GaclipRaster *raster,
                      const GaclipAnnotations *annotations, GaclipCompute *compute,
                      GaclipError *err);

/* A model of random weights with the default texts; its vocabulary, of config->text.vocab_size at
 * most, is learned from texts and those. The caller closes *out. */
int train_random_model(GaclipModel **out, const GaclipModelConfig *config, const TextList *texts,
                       uint64_t seed, GaclipCompute *compute, GaclipError *err);

#endif
