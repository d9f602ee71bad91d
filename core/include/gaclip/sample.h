/* What is learned from and measured on: images with regions and texts, handed out by a source. */
#ifndef GACLIP_SAMPLE_H
#define GACLIP_SAMPLE_H

#include <stdint.h>

#include "gaclip/error.h"
#include "gaclip/image.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A region of an image and what is said of it. The texts are lent by the source and live as long
 * as it does. One of phrase and description is there at least, but for an object to learn from
 * whose class names nothing ("other"). */
typedef struct GaclipSampleRegion {
    GaclipBox box;       /* pixels of the image */
    const char *phrase;  /* names it, to be put into a prompt template: "wind turbine"; or NULL */
    const char *concept; /* the same for phrases that mean the same; NULL: the phrase itself */
    const char *description; /* a text of its own about it: "a small white wind turbine"; or NULL */
    const char *const *negatives; /* (negative_count) descriptions that are almost true of it */
    int negative_count;
    int is_object; /* the proposal head should find it (a mosaic's cell is a region, no object) */
    int is_difficult; /* finding it counts neither as right nor as wrong (VOC, DOTA) */
} GaclipSampleRegion;

/* An image. Pixels and the array of regions are the holder's, texts are lent by the source. */
typedef struct GaclipSample {
    GaclipImage image;
    GaclipSampleRegion *regions; /* (region_count) */
    int region_count;
    const char *const *captions; /* (caption_count) brief captions of the whole image */
    int caption_count;
    const char *detailed; /* a detailed caption, or NULL */
    const char *scene;    /* the class of the whole image, or NULL */
    int is_annotated;     /* every object has its region: the rest is known to be empty ground */
    const char *name;     /* where it comes from, for messages; lent by the source */
} GaclipSample;

GACLIP_API void gaclip_sample_clear(GaclipSample *sample); /* frees pixels and regions */

/* Where samples come from.
 * next fills *out with one random image, at least width x height pixels where there are so many,
 * chosen by the 64-bit number alone: the same number gives the same sample.
 * at fills *out with image index of count, whole and unchanged; NULL where there is no such order
 * (a raster scene). Both are called from one thread at a time. */
typedef struct GaclipSampleSource {
    int (*next)(GaclipSample *out, void *payload, uint64_t random, int width, int height,
                GaclipError *err);
    void *payload;
    int (*at)(GaclipSample *out, void *payload, int index, GaclipError *err);
    int count;
} GaclipSampleSource;

#ifdef __cplusplus
}
#endif
#endif
