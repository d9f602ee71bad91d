/* Features of any vector source as boxes of a raster. */
#include <math.h>
#include <ogr_api.h>
#include <stdlib.h>
#include <string.h>

#include "gaclip/annotations.h"
#include "gdal_error.h"
#include "geometry_box.h"
#include "raster.h"
#include "vector_layer.h"

struct GaclipAnnotations {
    GaclipAnnotation *items;
    int count, capacity;
    char **labels; /* (label_count) distinct, in byte order */
    int label_count;
    GaclipAnnotationCounts counts;
};

void gaclip_annotation_options_init(GaclipAnnotationOptions *options)
{
    *options = (GaclipAnnotationOptions){.point_size = 10, .min_fraction = 0.25};
}

/* What stays open while a source is read. */
typedef struct Reading {
    const char *name;
    const GaclipRaster *raster;
    const GaclipAnnotationOptions *options;
    GaclipVectorLayer source;
    OGRCoordinateTransformationH transform; /* to the raster's CRS; NULL: the same */
    int field;                              /* of the class, or -1 */
    GaclipAnnotations *result;
} Reading;

static int set_filter(Reading *r, GaclipError *err)
{
    if (!r->options->where ||
        OGR_L_SetAttributeFilter(r->source.layer, r->options->where) == OGRERR_NONE)
        return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "%s: the condition \"%s\" is not valid%s",
                            r->name, r->options->where, gaclip__gdal_reason());
}

static int box_of_feature(double box[4], const Reading *r, OGRFeatureH feature)
{
    OGRGeometryH geometry = OGR_F_GetGeometryRef(feature);
    if (!geometry || OGR_G_IsEmpty(geometry)) return 0;
    if (r->transform && OGR_G_Transform(geometry, r->transform) != OGRERR_NONE) return 0;
    return gaclip__geometry_box(box, geometry, r->raster, r->options->point_size);
}

static char *class_of(const Reading *r, OGRFeatureH feature)
{
    const char *text = r->options->class_name ? r->options->class_name : "object";
    if (r->field >= 0)
        text = OGR_F_IsFieldSetAndNotNull(feature, r->field)
                   ? OGR_F_GetFieldAsString(feature, r->field)
                   : "";
    text += strspn(text, " \t");
    size_t length = strlen(text);
    while (length && strchr(" \t\r\n", text[length - 1])) length--;
    return strndup(text, length);
}

static int find_label(const GaclipAnnotations *a, const char *text, int *place)
{
    int low = 0, high = a->label_count;
    while (low < high) {
        int middle = (low + high) / 2, order = strcmp(a->labels[middle], text);
        if (order == 0) {
            *place = middle;
            return 1;
        }
        *(order < 0 ? &low : &high) = order < 0 ? middle + 1 : middle;
    }
    *place = low;
    return 0;
}

/* Takes text over and returns the one kept copy of it, or NULL when memory is short. */
static const char *intern_label(GaclipAnnotations *a, char *text)
{
    int place;
    if (!text) return NULL;
    if (find_label(a, text, &place)) {
        free(text);
        return a->labels[place];
    }
    char **labels = realloc(a->labels, ((size_t)a->label_count + 1) * sizeof *labels);
    if (!labels) {
        free(text);
        return NULL;
    }
    a->labels = labels;
    memmove(labels + place + 1, labels + place, (size_t)(a->label_count - place) * sizeof *labels);
    labels[place] = text;
    a->label_count++;
    return text;
}

static int append(GaclipAnnotations *a, const GaclipAnnotation *item, GaclipError *err)
{
    if (a->count == a->capacity) {
        int capacity = a->capacity ? 2 * a->capacity : 256;
        GaclipAnnotation *items = realloc(a->items, (size_t)capacity * sizeof *items);
        if (!items) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        a->items = items;
        a->capacity = capacity;
    }
    a->items[a->count++] = *item;
    a->counts.kept++;
    return GACLIP_OK;
}

static int add_feature(Reading *r, OGRFeatureH feature, GaclipError *err)
{
    GaclipAnnotations *a = r->result;
    GaclipAnnotation item = {.fid = OGR_F_GetFID(feature)};
    a->counts.read++;
    if (!box_of_feature(item.exact, r, feature)) {
        a->counts.without_geometry++;
        return GACLIP_OK;
    }
    if (!gaclip__clip_to_raster(&item.box, item.exact, r->raster, r->options->min_fraction)) {
        a->counts.outside++;
        return GACLIP_OK;
    }
    char *text = class_of(r, feature);
    if (text && !*text) {
        free(text);
        a->counts.without_class++;
        return GACLIP_OK;
    }
    item.label = intern_label(a, text);
    if (!item.label) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    return append(a, &item, err);
}

static int read_features(Reading *r, GaclipError *err)
{
    OGRFeatureH feature;
    OGR_L_ResetReading(r->source.layer);
    int status = gaclip__layer_next(&feature, &r->source, err);
    while (!status && feature) {
        status = add_feature(r, feature, err);
        OGR_F_Destroy(feature);
        if (!status) status = gaclip__layer_next(&feature, &r->source, err);
    }
    const GaclipAnnotationCounts *c = &r->result->counts;
    if (status || c->kept) return status;
    return gaclip_error_set(err, GACLIP_ERROR_EMPTY,
                            "%s: none of its %d features can be used on %s (%d outside, %d without "
                            "geometry, %d without class); check the CRS of both",
                            r->name, c->read, r->raster->name, c->outside, c->without_geometry,
                            c->without_class);
}

int gaclip_annotations_open(GaclipAnnotations **out, const char *name, const GaclipRaster *raster,
                            const GaclipAnnotationOptions *options, GaclipError *err)
{
    *out = NULL;
    Reading r = {.name = name, .raster = raster, .options = options};
    r.result = calloc(1, sizeof *r.result);
    if (!r.result) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    gaclip__gdal_quiet_begin();
    int status = gaclip__layer_open(&r.source, name, options->layer, err);
    r.field = -1;
    if (!status && options->class_field)
        status = gaclip__layer_field(&r.field, &r.source, options->class_field, err);
    if (!status)
        status = gaclip__layer_transform(&r.transform, &r.source, raster->crs, raster->name, err);
    if (!status) status = set_filter(&r, err);
    if (!status) status = read_features(&r, err);
    if (r.transform) OCTDestroyCoordinateTransformation(r.transform);
    gaclip__layer_close(&r.source);
    gaclip__gdal_quiet_end();
    if (status) {
        gaclip_annotations_free(r.result);
        return status;
    }
    *out = r.result;
    return GACLIP_OK;
}

void gaclip_annotations_free(GaclipAnnotations *annotations)
{
    if (!annotations) return;
    for (int i = 0; i < annotations->label_count; i++) free(annotations->labels[i]);
    free(annotations->labels);
    free(annotations->items);
    free(annotations);
}

int gaclip_annotations_count(const GaclipAnnotations *annotations)
{
    return annotations->count;
}

const GaclipAnnotation *gaclip_annotations_at(const GaclipAnnotations *annotations, int index)
{
    return &annotations->items[index];
}

GaclipAnnotationCounts gaclip_annotations_counts(const GaclipAnnotations *annotations)
{
    return annotations->counts;
}

int gaclip_annotations_label_count(const GaclipAnnotations *annotations)
{
    return annotations->label_count;
}

const char *gaclip_annotations_label_at(const GaclipAnnotations *annotations, int index)
{
    return annotations->labels[index];
}
