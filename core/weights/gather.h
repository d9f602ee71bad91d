/* Giving a model's parameters their values from weights of any naming and storage type. */
#ifndef GACLIP_WEIGHTS_GATHER_H
#define GACLIP_WEIGHTS_GATHER_H

#include "model/model.h"
#include "weights/weights.h"

typedef struct GaclipGathering {
    int long_texts;   /* take FG-CLIP's way for long texts, where there is one */
    int ignore_extra; /* tensors that the model has no place for are no error */
    int fit_context;  /* cut or stretch (positions.h) the text position table to the model's */
} GaclipGathering;

/* Takes weights over on success. Values stay in the file's mapping, or in the storages as read,
 * where they are f32 and row-major; the others are widened or joined into memory. Missing, extra
 * and misshapen tensors are listed in one GACLIP_ERROR_FORMAT. */
int gaclip__gather(GaclipModel *model, GaclipWeights *weights, const GaclipGathering *gathering,
                   GaclipError *err);

#endif
