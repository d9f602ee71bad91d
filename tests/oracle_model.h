/* The oracle's models, opened, and a small one of every part. */
#ifndef GACLIP_TESTS_ORACLE_MODEL_H
#define GACLIP_TESTS_ORACLE_MODEL_H

#include "model/model.h"
#include "oracle.h"

/* A model of OpenAI naming with its configuration in the metadata under "config"; compute is made
 * for it. Close with oracle_model_close. config_file: the fixture whose "config" is taken. */
GaclipModel *oracle_model(const char *weights, const char *config_file);
/* The same of weights at any path, of any naming. */
GaclipModel *model_with_config(const char *weights, const char *config_file);
void oracle_model_close(GaclipModel *model);

/* A model of random weights with every part that there is: a stem, a proposal head that doubles the
 * map, a learned vocabulary, texts, training provenance. Windows of 32 pixels, patches of 8. Close
 * with oracle_model_close. */
GaclipModel *random_model(uint64_t seed);

#endif
