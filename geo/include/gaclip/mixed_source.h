/* Several sources as one. */
#ifndef GACLIP_MIXED_SOURCE_H
#define GACLIP_MIXED_SOURCE_H

#include "gaclip/sample.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct GaclipMixedSource GaclipMixedSource;

/* weights (count): how often a source is drawn from, in proportion to the sum of them. The sources'
 * payloads are borrowed. The caller frees *out. */
GACLIP_API int gaclip_mixed_source_new(GaclipMixedSource **out, const GaclipSampleSource *sources,
                                       const double *weights, int count, GaclipError *err);
GACLIP_API void gaclip_mixed_source_free(GaclipMixedSource *source);

/* A view of it. at counts through the sources that have an order, one after the other; it is NULL
 * where none has. */
GACLIP_API GaclipSampleSource gaclip_mixed_source_view(GaclipMixedSource *source);

#ifdef __cplusplus
}
#endif
#endif
