/* One longer text about an image out of its short ones. */
#ifndef GACLIP_GEO_DETAILED_CAPTION_H
#define GACLIP_GEO_DETAILED_CAPTION_H

#include "gaclip/dataset.h"
#include "pool.h"

/* The image's own detailed caption, else its distinct captions one after the other as sentences,
 * kept in texts; NULL where it has none. */
int gaclip__detailed_caption(const char **out, const GaclipDatasetImage *image, GaclipPool *texts,
                             GaclipError *err);

#endif
