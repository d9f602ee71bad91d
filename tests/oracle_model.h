/* The oracle's models, opened, and one loss at a time run through them. */
#ifndef GACLIP_TESTS_ORACLE_MODEL_H
#define GACLIP_TESTS_ORACLE_MODEL_H

#include "model/model.h"
#include "oracle.h"

/* A model of OpenAI naming with its configuration in the metadata under "config"; compute is made
 * for it. Close with oracle_model_close. config_file: the fixture whose "config" is taken. */
GaclipModel *oracle_model(const char *weights, const char *config_file);
void oracle_model_close(GaclipModel *model);

/* A model of random weights with every part that there is: a stem, a proposal head that doubles the
 * map, a learned vocabulary, texts, training provenance. Windows of 32 pixels, patches of 8. Close
 * with oracle_model_close. */
GaclipModel *random_model(uint64_t seed);

/* The batch of NAME_losses.safetensors. */
typedef struct LossBatch {
    GaclipSafetensors *file;
    int images, regions, context; /* N, K, T */
    float *planes, *boxes;
    int32_t *brief, *phrases, *box_image, *phrase_id;
} LossBatch;

void loss_batch_open(LossBatch *batch, const char *name);
void loss_batch_close(LossBatch *batch);

/* What a loss gave: its value, the embeddings and their gradients. */
typedef struct LossResult {
    double value, grad_scale;
    float *a, *b, *grad_a, *grad_b; /* (count, E): images or regions, and texts */
    int count;
} LossResult;

/* "g", "rpa" or "rpa_multi": forward, and with gradients in the model's table also backward. */
void run_loss(LossResult *result, GaclipModel *model, const LossBatch *batch, const char *loss);
void loss_result_clear(LossResult *result);

#endif
