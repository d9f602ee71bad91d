/* Images put together from captioned ones: each of them becomes a region with a description, so
 * that captions teach what a part of an image looks like. */
#ifndef GACLIP_MOSAIC_SOURCE_H
#define GACLIP_MOSAIC_SOURCE_H

#include "gaclip/sample.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct GaclipMosaicSource GaclipMosaicSource;

typedef struct GaclipMosaicOptions {
    int smallest_grid, largest_grid; /* cells a side; between 1 and 8 */
    double mixed_share; /* of the mosaics whose cells have sizes of their own, not a grid's */
} GaclipMosaicOptions;

GACLIP_API void gaclip_mosaic_options_init(GaclipMosaicOptions *options); /* 2, 3, 0.5 */

/* captions gives the cells' images; what it lends must live as long as the mosaics' samples. The
 * caller frees *out. */
GACLIP_API int gaclip_mosaic_source_new(GaclipMosaicSource **out,
                                        const GaclipSampleSource *captions,
                                        const GaclipMosaicOptions *options, GaclipError *err);
GACLIP_API void gaclip_mosaic_source_free(GaclipMosaicSource *source);

/* A view of it. A mosaic has the asked size and no caption of its own; a region is a cell, no
 * object, and one of its image's captions is its description. Several threads may call next where
 * they may call that of the captions. */
GACLIP_API GaclipSampleSource gaclip_mosaic_source_view(GaclipMosaicSource *source);

#ifdef __cplusplus
}
#endif
#endif
