/* Vector features as boxes of a raster: what a model is trained on and evaluated against. */
#ifndef GACLIP_ANNOTATIONS_H
#define GACLIP_ANNOTATIONS_H

#include "gaclip/error.h"
#include "gaclip/raster.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct GaclipAnnotations GaclipAnnotations;

typedef struct GaclipAnnotationOptions {
    const char *layer;       /* NULL = the only one, or the first with geometries */
    const char *class_field; /* NULL = every feature is of class_name */
    const char *class_name;
    const char *where;   /* OGR SQL attribute filter, or NULL */
    double point_size;   /* metres: side of the square that a point becomes, and width
                            of the box of a line along an axis */
    double min_fraction; /* of a box that must lie on the raster, else it is dropped */
} GaclipAnnotationOptions;

GACLIP_API void gaclip_annotation_options_init(GaclipAnnotationOptions *options);

typedef struct GaclipAnnotation {
    GaclipBox box;   /* raster pixels, clipped to the raster */
    double exact[4]; /* the same in double precision, unclipped: x1 y1 x2 y2 */
    const char *label;
    long long fid;
} GaclipAnnotation;

typedef struct GaclipAnnotationCounts {
    int read, kept, outside, without_geometry, without_class;
} GaclipAnnotationCounts;

/* Reads any OGR source in any CRS (assumed to be the raster's when it states none), transforms
 * geometries to the raster's CRS in traditional GIS axis order, then through the inverse
 * affine to raster pixels; a geometry becomes its envelope there. No feature on the raster is
 * GACLIP_ERROR_EMPTY; an unknown class field lists the fields there are. The caller frees *out. */
GACLIP_API int gaclip_annotations_open(GaclipAnnotations **out, const char *name,
                                       const GaclipRaster *raster,
                                       const GaclipAnnotationOptions *options, GaclipError *err);
GACLIP_API void gaclip_annotations_free(GaclipAnnotations *annotations);
GACLIP_API int gaclip_annotations_count(const GaclipAnnotations *annotations);
GACLIP_API const GaclipAnnotation *gaclip_annotations_at(const GaclipAnnotations *annotations,
                                                         int index);
GACLIP_API GaclipAnnotationCounts gaclip_annotations_counts(const GaclipAnnotations *annotations);

/* The distinct labels, in byte order; lent. */
GACLIP_API int gaclip_annotations_label_count(const GaclipAnnotations *annotations);
GACLIP_API const char *gaclip_annotations_label_at(const GaclipAnnotations *annotations, int index);

#ifdef __cplusplus
}
#endif
#endif
