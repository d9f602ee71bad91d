/* What a model costs to run, by formula: floating-point operations of one embedding.
 *
 * Counted are the matrix products and convolutions, a multiply-add as two operations; norms,
 * softmax, activations, biases and residuals are a hundredth of that and left out. With T tokens of
 * width W, embedding E, patches of p pixels, an image of H x H' pixels:
 *
 *   block(T, W)  24 T W^2 + 4 T^2 W   query, key and value 6 T W^2, scores and their mixing
 *                                     2 T^2 W each, output 2 T W^2, MLP of 4 W channels 16 T W^2
 *   image        stem + 2 P C q^2 W + layers block(1 + P, W) + 2 W E
 *                P = (H / p) (H' / p) patches; of C = 3 channels and q = p pixels in a plain ViT;
 *                behind a stem of s layers, of its last width and q = p / 2^s pixels
 *   stem         a layer's 3x3 convolution from C to C' channels, that halves the image to h x h'
 *                pixels, costs 18 h h' C C'
 *   text         layers block(T, W) + 2 W E
 *                causal attention is counted as if it looked at all T tokens
 *
 * W, E and layers are the tower's own. Halve the numbers to compare with tools that count
 * multiply-adds. */
#ifndef GACLIP_FLOPS_H
#define GACLIP_FLOPS_H

#include "gaclip/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The class-token embedding of an image; height and width are multiples of the patch size. */
GACLIP_API double gaclip_flops_image(const GaclipModelConfig *config, int height, int width);

/* The embedding of a text of that many tokens, start and end of text among them. */
GACLIP_API double gaclip_flops_text(const GaclipModelConfig *config, int tokens);

#ifdef __cplusplus
}
#endif
#endif
