/* A layer of detections against a layer of references, both from any OGR source. */
#ifndef GACLIP_LAYER_EVAL_H
#define GACLIP_LAYER_EVAL_H

#include "gaclip/error.h"
#include "gaclip/eval.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct GaclipLayerEvalOptions {
    const char *detection_layer, *reference_layer;           /* NULL = the first */
    const char *class_field, *score_field, *reference_field; /* "class", "score", "class" */
    const char *reference_name; /* class of every reference where it has no class field */
    double iou;                 /* 0.5 */
    double min_score;           /* for precision and recall; the AP takes all */
} GaclipLayerEvalOptions;

GACLIP_API void gaclip_layer_eval_options_init(GaclipLayerEvalOptions *options);

typedef struct GaclipLayerEvalRow {
    char *label;
    GaclipAP ap;         /* at the options' IoU */
    GaclipCounts counts; /* likewise */
    double coco;         /* gaclip_eval_coco; 0 where there is no reference */
} GaclipLayerEvalRow;

typedef struct GaclipLayerEval {
    GaclipLayerEvalRow *rows;
    int row_count;
    double mean_voc11, mean_all_point, mean_coco; /* over labels with references */
    char crs[64]; /* the references' CRS, in which boxes are compared */
} GaclipLayerEval;

/* Detections are transformed to the references' CRS; geometries become envelopes there. The
 * caller clears *out. */
GACLIP_API int gaclip_layer_eval(GaclipLayerEval *out, const char *detections,
                                 const char *references, const GaclipLayerEvalOptions *options,
                                 GaclipError *err);
GACLIP_API void gaclip_layer_eval_clear(GaclipLayerEval *result);

#ifdef __cplusplus
}
#endif
#endif
