/* Regions and phrases: how well each region's picture fits each phrase. */
#ifndef GACLIP_GEO_ALIGNMENT_H
#define GACLIP_GEO_ALIGNMENT_H

#include "gaclip/detect.h"
#include "gaclip/feature.h"
#include "gaclip/request.h"
#include "merge.h"
#include "raster.h"

typedef struct GaclipAlignment GaclipAlignment;

enum { GACLIP__ALIGNMENT_FIELDS = 15 };
extern const GaclipField gaclip__alignment_fields[GACLIP__ALIGNMENT_FIELDS];

/* Reads the regions that the request names, in the raster's CRS; those of which less than a quarter
 * lies on the raster, or that have no geometry, are left out. The phrases are the request's
 * classes, then the own phrases of regions that are not among them. raster, model and request are
 * borrowed. The caller frees *out. */
int gaclip__alignment_open(GaclipAlignment **out, GaclipRaster *raster, GaclipModel *model,
                           const GaclipRequest *request, GaclipError *err);
void gaclip__alignment_free(GaclipAlignment *alignment);

int gaclip__alignment_count(const GaclipAlignment *alignment);
int gaclip__alignment_dropped(const GaclipAlignment *alignment);

/* Bounds of a region on the ground, xmin ymin xmax ymax, and its feature's id in its source. */
const double *gaclip__alignment_bounds(const GaclipAlignment *alignment, int index);
long long gaclip__alignment_fid(const GaclipAlignment *alignment, int index);

int gaclip__alignment_is_scored(const GaclipAlignment *alignment, int index);

/* Runs the model over the region; once. */
int gaclip__alignment_score(GaclipAlignment *alignment, int index, GaclipError *err);

/* Of a scored region; lends from the alignment. */
void gaclip__alignment_feature(GaclipFeature *out, const GaclipAlignment *alignment, int index);

#endif
