#include "region_reader.h"

#include <cpl_string.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gaclip/annotations.h"
#include "gdal_error.h"
#include "geometry_box.h"
#include "raster.h"
#include "vector_layer.h"

/* What stays open while a source is read. */
typedef struct Reading {
    GaclipRegionList *list;
    const GaclipRaster *raster;
    GaclipVectorLayer source;
    OGRCoordinateTransformationH transform; /* to the raster's CRS; NULL: the same */
    int phrase_field, negatives_field;      /* or -1 */
    GaclipAnnotationOptions limits;
} Reading;

void gaclip__regions_clear(GaclipRegionList *list)
{
    for (int i = 0; i < list->count; i++) {
        free(list->items[i].wkb);
        free(list->items[i].phrase);
        gaclip__names_clear(&list->items[i].negatives);
    }
    free(list->items);
    *list = (GaclipRegionList){0};
}

/* Whether the feature lies on the raster; its geometry is moved to the raster's CRS. */
static int place(GaclipGroundRegion *region, const Reading *r, OGRFeatureH feature)
{
    OGRGeometryH geometry = OGR_F_GetGeometryRef(feature);
    OGREnvelope bounds;
    double box[4];
    if (!geometry || OGR_G_IsEmpty(geometry)) return 0;
    if (r->transform && OGR_G_Transform(geometry, r->transform) != OGRERR_NONE) return 0;
    if (!gaclip__geometry_box(box, geometry, r->raster, r->limits.point_size)) return 0;
    OGR_G_GetEnvelope(geometry, &bounds);
    memcpy(region->bounds, (double[4]){bounds.MinX, bounds.MinY, bounds.MaxX, bounds.MaxY},
           sizeof region->bounds);
    region->fid = OGR_F_GetFID(feature);
    return gaclip__clip_to_raster(&region->box, box, r->raster, r->limits.min_fraction);
}

static int copy_geometry(GaclipGroundRegion *region, OGRFeatureH feature, GaclipError *err)
{
    OGRGeometryH geometry = OGR_F_GetGeometryRef(feature);
    region->wkb_size = (size_t)OGR_G_WkbSize(geometry);
    region->wkb = malloc(region->wkb_size);
    if (!region->wkb || OGR_G_ExportToIsoWkb(geometry, wkbNDR, region->wkb) != OGRERR_NONE)
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for a geometry");
    return GACLIP_OK;
}

/* Without blanks at either end. */
static int add_trimmed(GaclipNames *names, const char *text, GaclipError *err)
{
    text += strspn(text, " \t\r\n");
    size_t length = strlen(text);
    while (length && strchr(" \t\r\n", text[length - 1])) length--;
    return length ? gaclip__names_add(names, text, length, err) : GACLIP_OK;
}

/* A list field of texts, or texts separated by semicolons. */
static int read_negatives(GaclipNames *out, OGRFeatureH feature, int field, GaclipError *err)
{
    if (field < 0 || !OGR_F_IsFieldSetAndNotNull(feature, field)) return GACLIP_OK;
    OGRFieldType type = OGR_Fld_GetType(OGR_F_GetFieldDefnRef(feature, field));
    char **texts =
        type == OFTStringList
            ? CSLDuplicate(OGR_F_GetFieldAsStringList(feature, field))
            : CSLTokenizeString2(OGR_F_GetFieldAsString(feature, field), ";", CSLT_STRIPLEADSPACES);
    int status = GACLIP_OK;
    for (int i = 0; texts && texts[i] && !status; i++) status = add_trimmed(out, texts[i], err);
    CSLDestroy(texts);
    return status;
}

static int read_phrase(GaclipGroundRegion *region, OGRFeatureH feature, int field, GaclipError *err)
{
    GaclipNames names = {0};
    if (field < 0 || !OGR_F_IsFieldSetAndNotNull(feature, field)) return GACLIP_OK;
    int status = add_trimmed(&names, OGR_F_GetFieldAsString(feature, field), err);
    if (!status && names.count) {
        region->phrase = names.items[0];
        names.count = 0;
    }
    gaclip__names_clear(&names);
    return status;
}

static int append(GaclipRegionList *list, GaclipError *err)
{
    if (list->count < list->capacity) return GACLIP_OK;
    int capacity = list->capacity ? 2 * list->capacity : 256;
    GaclipGroundRegion *items = realloc(list->items, (size_t)capacity * sizeof *items);
    if (!items) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    list->items = items;
    list->capacity = capacity;
    return GACLIP_OK;
}

static int add_feature(Reading *r, OGRFeatureH feature, GaclipError *err)
{
    GaclipGroundRegion region = {0};
    if (!place(&region, r, feature)) {
        r->list->dropped++;
        return GACLIP_OK;
    }
    int status = append(r->list, err);
    if (status) return status;
    GaclipGroundRegion *kept = &r->list->items[r->list->count++];
    *kept = region;
    status = copy_geometry(kept, feature, err);
    if (!status) status = read_phrase(kept, feature, r->phrase_field, err);
    if (!status) status = read_negatives(&kept->negatives, feature, r->negatives_field, err);
    return status;
}

static int find_field(int *out, const Reading *r, const char *name, GaclipError *err)
{
    *out = -1;
    return name ? gaclip__layer_field(out, &r->source, name, err) : GACLIP_OK;
}

static int read_features(Reading *r, const GaclipRequest *request, GaclipError *err)
{
    OGRFeatureH feature = NULL;
    int status = find_field(&r->phrase_field, r, request->phrase_field, err);
    if (!status) status = find_field(&r->negatives_field, r, request->negatives_field, err);
    if (!status)
        status =
            gaclip__layer_transform(&r->transform, &r->source, r->raster->crs, request->scene, err);
    if (!status) OGR_L_ResetReading(r->source.layer);
    if (!status) status = gaclip__layer_next(&feature, &r->source, err);
    while (!status && feature) {
        status = add_feature(r, feature, err);
        OGR_F_Destroy(feature);
        if (!status) status = gaclip__layer_next(&feature, &r->source, err);
    }
    if (!status && r->list->count == 0)
        status = gaclip_error_set(err, GACLIP_ERROR_EMPTY, "%s: no region of it lies on %s",
                                  request->regions, request->scene);
    return status;
}

int gaclip__regions_read(GaclipRegionList *list, const GaclipRaster *raster,
                         const GaclipRequest *request, GaclipError *err)
{
    Reading r = {.list = list, .raster = raster};
    gaclip_annotation_options_init(&r.limits);
    gaclip__gdal_quiet_begin();
    int status = gaclip__layer_open(&r.source, request->regions, request->region_layer, err);
    if (!status) {
        status = read_features(&r, request, err);
        if (r.transform) OCTDestroyCoordinateTransformation(r.transform);
        gaclip__layer_close(&r.source);
    }
    gaclip__gdal_quiet_end();
    return status;
}
