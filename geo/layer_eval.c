/* Detections against references: two layers read into boxes, then core's metrics. */
#include "gaclip/layer_eval.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gaclip/text.h"
#include "gdal_error.h"
#include "vector_layer.h"

void gaclip_layer_eval_options_init(GaclipLayerEvalOptions *options)
{
    *options = (GaclipLayerEvalOptions){
        .class_field = "class", .score_field = "score", .reference_field = "class", .iou = 0.5};
}

/* The boxes of a layer; coordinates relative to an origin, which floats hold to the millimetre. */
typedef struct Boxes {
    GaclipBox *boxes;
    float *scores;
    int *labels;
    int count, capacity;
} Boxes;

typedef struct Evaluation {
    const GaclipLayerEvalOptions *options;
    GaclipVectorLayer detections, references;
    OGRCoordinateTransformationH transform; /* detections to the references' CRS, or NULL */
    double origin[2];
    char **labels;
    int label_count;
    Boxes found, truth;
} Evaluation;

/* How features of one of the layers are read. */
typedef struct Reader {
    GaclipVectorLayer *source;
    OGRCoordinateTransformationH transform;
    int class_field, score_field; /* -1: none */
    const char *class_name;       /* without a class field */
} Reader;

static void boxes_clear(Boxes *b)
{
    free(b->boxes);
    free(b->scores);
    free(b->labels);
    *b = (Boxes){0};
}

static int grow(Boxes *b, GaclipError *err)
{
    if (b->count < b->capacity) return GACLIP_OK;
    size_t capacity = b->capacity ? 2 * (size_t)b->capacity : 256;
    GaclipBox *boxes = realloc(b->boxes, capacity * sizeof *boxes);
    if (boxes) b->boxes = boxes;
    float *scores = realloc(b->scores, capacity * sizeof *scores);
    if (scores) b->scores = scores;
    int *labels = realloc(b->labels, capacity * sizeof *labels);
    if (labels) b->labels = labels;
    if (!boxes || !scores || !labels)
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    b->capacity = (int)capacity;
    return GACLIP_OK;
}

static int label_index(int *index, Evaluation *e, const char *label, GaclipError *err)
{
    for (int i = 0; i < e->label_count; i++)
        if (gaclip_same_class(e->labels[i], label)) {
            *index = i;
            return GACLIP_OK;
        }
    char **labels = realloc(e->labels, ((size_t)e->label_count + 1) * sizeof *labels);
    if (labels) e->labels = labels;
    char *copy = labels ? strdup(label) : NULL;
    if (!copy) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    *index = e->label_count;
    e->labels[e->label_count++] = copy;
    return GACLIP_OK;
}

/* *has_box is 0 for a feature without a place. */
static int envelope_of(OGREnvelope *out, int *has_box, OGRFeatureH feature, const Reader *r,
                       GaclipError *err)
{
    OGRGeometryH geometry = OGR_F_GetGeometryRef(feature);
    *has_box = geometry && !OGR_G_IsEmpty(geometry);
    if (!*has_box) return GACLIP_OK;
    if (r->transform && OGR_G_Transform(geometry, r->transform) != OGRERR_NONE)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                "%s: feature %lld has no place in the CRS of the references; is "
                                "its own CRS the right one?",
                                r->source->name, (long long)OGR_F_GetFID(feature));
    OGR_G_GetEnvelope(geometry, out);
    *has_box =
        isfinite(out->MinX) && isfinite(out->MaxX) && isfinite(out->MinY) && isfinite(out->MaxY);
    return GACLIP_OK;
}

static int add_feature(Boxes *boxes, Evaluation *e, const Reader *r, OGRFeatureH feature,
                       GaclipError *err)
{
    OGREnvelope at;
    int has_box, status = envelope_of(&at, &has_box, feature, r, err);
    if (status || !has_box) return status;
    const char *label =
        r->class_field < 0 ? r->class_name : OGR_F_GetFieldAsString(feature, r->class_field);
    status = grow(boxes, err);
    if (!status) status = label_index(&boxes->labels[boxes->count], e, label, err);
    if (status) return status;
    boxes->scores[boxes->count] =
        r->score_field < 0 ? 1.0f : (float)OGR_F_GetFieldAsDouble(feature, r->score_field);
    boxes->boxes[boxes->count++] =
        (GaclipBox){(float)(at.MinX - e->origin[0]), (float)(at.MinY - e->origin[1]),
                    (float)(at.MaxX - e->origin[0]), (float)(at.MaxY - e->origin[1])};
    return GACLIP_OK;
}

static int read_boxes(Boxes *boxes, Evaluation *e, const Reader *r, GaclipError *err)
{
    OGRFeatureH feature;
    OGR_L_ResetReading(r->source->layer);
    int status = gaclip__layer_next(&feature, r->source, err);
    while (!status && feature) {
        status = add_feature(boxes, e, r, feature, err);
        OGR_F_Destroy(feature);
        if (!status) status = gaclip__layer_next(&feature, r->source, err);
    }
    return status;
}

static int read_references(Evaluation *e, GaclipError *err)
{
    const GaclipLayerEvalOptions *o = e->options;
    Reader reader = {&e->references, NULL, -1, -1, o->reference_name};
    OGREnvelope extent;
    int status = GACLIP_OK;
    if (!o->reference_name)
        status = gaclip__layer_field(&reader.class_field, &e->references, o->reference_field, err);
    if (status) return status;
    if (OGR_L_GetExtent(e->references.layer, &extent, 1) == OGRERR_NONE) {
        e->origin[0] = extent.MinX;
        e->origin[1] = extent.MinY;
    }
    status = read_boxes(&e->truth, e, &reader, err);
    if (!status && !e->truth.count)
        status = gaclip_error_set(err, GACLIP_ERROR_EMPTY, "%s: has no features to compare with",
                                  e->references.name);
    return status;
}

static int read_detections(Evaluation *e, GaclipError *err)
{
    const GaclipLayerEvalOptions *o = e->options;
    Reader reader = {&e->detections, NULL, -1, -1, NULL};
    int status = gaclip__layer_field(&reader.class_field, &e->detections, o->class_field, err);
    if (!status)
        status = gaclip__layer_field(&reader.score_field, &e->detections, o->score_field, err);
    if (!status)
        status = gaclip__layer_transform(&e->transform, &e->detections,
                                         OGR_L_GetSpatialRef(e->references.layer),
                                         e->references.name, err);
    reader.transform = e->transform;
    return status ? status : read_boxes(&e->found, e, &reader, err);
}

static void name_crs(char out[64], OGRSpatialReferenceH crs)
{
    const char *authority = crs ? OSRGetAuthorityName(crs, NULL) : NULL;
    const char *code = crs ? OSRGetAuthorityCode(crs, NULL) : NULL;
    if (authority && code)
        snprintf(out, 64, "%s:%s", authority, code);
    else
        snprintf(out, 64, "%s", crs && OSRGetName(crs) ? OSRGetName(crs) : "");
}

static int fill_row(GaclipLayerEvalRow *row, Evaluation *e, int label, const GaclipEvalImage *scene,
                    GaclipError *err)
{
    const GaclipLayerEvalOptions *o = e->options;
    int status = gaclip_eval_detection(&row->ap, scene, 1, label, o->iou, err);
    if (!status)
        status =
            gaclip_eval_counts(&row->counts, scene, 1, label, o->iou, (float)o->min_score, err);
    if (!status) status = gaclip_eval_coco(&row->coco, scene, 1, label, err);
    row->coco = fmax(row->coco, 0);
    row->label = e->labels[label];
    e->labels[label] = NULL;
    return status;
}

static void add_means(GaclipLayerEval *out)
{
    int with_references = 0;
    for (int i = 0; i < out->row_count; i++) {
        const GaclipAP *ap = &out->rows[i].ap;
        if (ap->positives == 0) continue;
        out->mean_voc11 += ap->voc11;
        out->mean_all_point += ap->all_point;
        out->mean_coco += out->rows[i].coco;
        with_references++;
    }
    if (!with_references) return;
    out->mean_voc11 /= with_references;
    out->mean_all_point /= with_references;
    out->mean_coco /= with_references;
}

static int compare(GaclipLayerEval *out, Evaluation *e, GaclipError *err)
{
    GaclipEvalImage scene = {.truth_boxes = e->truth.boxes,
                             .truth_labels = e->truth.labels,
                             .truth_count = e->truth.count,
                             .found_boxes = e->found.boxes,
                             .found_labels = e->found.labels,
                             .found_scores = e->found.scores,
                             .found_count = e->found.count};
    out->rows = calloc((size_t)e->label_count, sizeof *out->rows);
    if (!out->rows) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int status = GACLIP_OK;
    for (int i = 0; i < e->label_count && !status; i++) {
        status = fill_row(&out->rows[i], e, i, &scene, err);
        out->row_count++;
    }
    if (status) return status;
    name_crs(out->crs, OGR_L_GetSpatialRef(e->references.layer));
    add_means(out);
    return GACLIP_OK;
}

static void finish(Evaluation *e)
{
    if (e->transform) OCTDestroyCoordinateTransformation(e->transform);
    gaclip__layer_close(&e->detections);
    gaclip__layer_close(&e->references);
    for (int i = 0; i < e->label_count; i++) free(e->labels[i]);
    free(e->labels);
    boxes_clear(&e->found);
    boxes_clear(&e->truth);
}

int gaclip_layer_eval(GaclipLayerEval *out, const char *detections, const char *references,
                      const GaclipLayerEvalOptions *options, GaclipError *err)
{
    Evaluation e = {.options = options};
    *out = (GaclipLayerEval){0};
    gaclip__gdal_quiet_begin();
    int status = gaclip__layer_open(&e.detections, detections, options->detection_layer, err);
    if (!status)
        status = gaclip__layer_open(&e.references, references, options->reference_layer, err);
    if (!status) status = read_references(&e, err);
    if (!status) status = read_detections(&e, err);
    if (!status) status = compare(out, &e, err);
    finish(&e);
    gaclip__gdal_quiet_end();
    if (status) gaclip_layer_eval_clear(out);
    return status;
}

void gaclip_layer_eval_clear(GaclipLayerEval *result)
{
    for (int i = 0; i < result->row_count; i++) free(result->rows[i].label);
    free(result->rows);
    *result = (GaclipLayerEval){0};
}
