/* Augmentation fit for overhead imagery: it has no up and no fixed colours. */
#ifndef GACLIP_IMAGE_AUGMENT_H
#define GACLIP_IMAGE_AUGMENT_H

#include "base/random.h"
#include "gaclip/image.h"

/* One of the eight symmetries of the square, by number 0..7: bit 2 transposes, then bit 1 flips
 * vertically and bit 0 horizontally. image is square. */
int gaclip__augment_symmetry(GaclipImage *image, int symmetry, GaclipError *err);
/* Where a box of such an image, of that side, goes. */
void gaclip__augment_box(GaclipBox *box, float side, int symmetry);

/* Turns a square image about its middle by an angle in radians, clockwise on the screen, by
 * bilinear interpolation; what comes in from outside is masked. */
int gaclip__augment_rotation(GaclipImage *image, double angle, GaclipError *err);
/* Where a box of such an image goes: the envelope of the turned ellipse that it holds (Kalra et al.,
 * 2021, section 4.1). Few objects fill the corners of their box, whose envelope would make it too
 * wide at every angle, and so would the model then. */
void gaclip__augment_turn_box(GaclipBox *box, float side, double angle);

/* Random brightness, contrast, saturation and a gain for each channel; strength 0 does nothing, 1
 * is strong. */
void gaclip__augment_colour(GaclipImage *image, double strength, GaclipRandom *random);

/* Random blur (up to a 3 x 3 binomial) and pixel noise, so that neither the sharpness of one sensor
 * nor that of one zoom tells anything; strength as above. */
int gaclip__augment_sharpness(GaclipImage *image, double strength, GaclipRandom *random,
                              GaclipError *err);

#endif
