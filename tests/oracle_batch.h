/* The oracle's batch of all losses as a training batch. */
#ifndef GACLIP_TESTS_ORACLE_BATCH_H
#define GACLIP_TESTS_ORACLE_BATCH_H

#include "model/model.h"
#include "oracle.h"
#include "train/batch.h"

/* Rows of texts: the briefs, the details, the regions' texts, the regions' trials. */
typedef struct OracleBatch {
    GaclipSafetensors *file;
    GaclipBatch batch;
} OracleBatch;

/* From NAME_losses.safetensors, or skip. */
void oracle_batch_open(OracleBatch *batch, const GaclipModel *model, const char *name);
void oracle_batch_close(OracleBatch *batch);

#endif
