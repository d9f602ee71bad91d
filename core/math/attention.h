/* Softmax attention over packed queries, keys and values, causal or not. */
#ifndef GACLIP_MATH_ATTENTION_H
#define GACLIP_MATH_ATTENTION_H

#include <stddef.h>

#include "base/compute.h"
#include "math/operand.h"

typedef struct GaclipAttentionShape {
    int batch, tokens, width, heads;
    int causal; /* a token sees itself and those before it */
} GaclipAttentionShape;

/* Floats of scratch a worker for either direction. */
size_t gaclip__attention_scratch(const GaclipAttentionShape *shape);

/* out (batch, tokens, width) from qkv (batch, tokens, 3*width): head h owns columns
 * h*width/heads.. of each third; scores are scaled by 1/sqrt(width/heads). log_sums (batch, heads,
 * tokens) keeps each row's log of the sum of exponentials for the backward (NULL: not wanted).
 * All operands of either direction are of one precision. */
void gaclip__attention_forward(const GaclipCompute *compute, GaclipOperand out, float *log_sums,
                               GaclipOperand qkv, const GaclipAttentionShape *shape);

/* grad_qkv (batch, tokens, 3*width) is set. Probabilities are recomputed from qkv and log_sums, a
 * few rows at a time, instead of being kept. */
void gaclip__attention_backward(const GaclipCompute *compute, GaclipOperand grad_qkv,
                                GaclipOperand grad_out, GaclipOperand qkv, const float *log_sums,
                                const GaclipAttentionShape *shape);

#endif
