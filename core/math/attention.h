/* Softmax attention over packed queries, keys and values, causal or not. */
#ifndef GACLIP_MATH_ATTENTION_H
#define GACLIP_MATH_ATTENTION_H

#include <stddef.h>

#include "base/compute.h"

typedef struct GaclipAttentionShape {
    int batch, tokens, width, heads;
    int causal; /* a token sees itself and those before it */
} GaclipAttentionShape;

/* Floats of scratch a worker for either direction: two tokens x tokens matrices. */
size_t gaclip__attention_scratch(const GaclipAttentionShape *shape);

/* out (batch, tokens, width) from qkv (batch, tokens, 3*width): head h owns columns
 * h*width/heads.. of each third; scores are scaled by 1/sqrt(width/heads). log_sums (batch, heads,
 * tokens) keeps each row's log of the sum of exponentials for the backward (NULL: not wanted). */
void gaclip__attention_forward(const GaclipCompute *compute, float *out, float *log_sums,
                               const float *qkv, const GaclipAttentionShape *shape);

/* grad_qkv (batch, tokens, 3*width) is set. Probabilities are recomputed from qkv and log_sums, a
 * head at a time, instead of being kept. */
void gaclip__attention_backward(const GaclipCompute *compute, float *grad_qkv,
                                const float *grad_out, const float *qkv, const float *log_sums,
                                const GaclipAttentionShape *shape);

#endif
