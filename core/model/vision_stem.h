/* The image tower's stem: 3x3 convolutions that halve the image, each with norm and activation. Its
 * weights and activations are the tower's (vision_tower.h). */
#ifndef GACLIP_MODEL_VISION_STEM_H
#define GACLIP_MODEL_VISION_STEM_H

#include "model/vision_tower.h"

/* GACLIP_ERROR_MEMORY without a message, or GACLIP_OK. */
int gaclip__stem_declare(GaclipVision *vision, GaclipParameters *table);

/* Lays out pass->stem, and with keep also pass->grad_stem; nothing where there is no stem. */
void gaclip__stem_layout(GaclipVisionPass *pass, const GaclipVision *vision,
                         const GaclipCompute *compute, GaclipArena *arena, int keep);

/* Floats of scratch a worker. */
size_t gaclip__stem_scratch(const GaclipVision *vision, const GaclipVisionPass *pass);

/* planes (N, 3, height, width); the result is in the last layer's out. */
void gaclip__stem_forward(const GaclipVision *vision, const GaclipCompute *compute,
                          GaclipVisionPass *pass, const float *planes);

/* grad, in the last layer's pass->grad_stem: d loss / d that result by way of the patches;
 * destroyed. To each layer's gradient that of grads->stem is added. */
void gaclip__stem_backward(const GaclipVision *vision, const GaclipCompute *compute,
                           GaclipVisionPass *pass, float *grad, const GaclipVisionGradients *grads);

#endif
