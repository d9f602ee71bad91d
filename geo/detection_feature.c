#include "detection_feature.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "qgis_style.h"

const GaclipField gaclip__detection_fields[GACLIP__DETECTION_FIELDS] = {
    {"class", GACLIP_FIELD_TEXT},      {"score", GACLIP_FIELD_REAL},
    {"similarity", GACLIP_FIELD_REAL}, {"objectness", GACLIP_FIELD_REAL},
    {"prompt", GACLIP_FIELD_TEXT},     {"tile", GACLIP_FIELD_TEXT},
    {"source", GACLIP_FIELD_TEXT},     {"px_x1", GACLIP_FIELD_REAL},
    {"px_y1", GACLIP_FIELD_REAL},      {"px_x2", GACLIP_FIELD_REAL},
    {"px_y2", GACLIP_FIELD_REAL}};

static GaclipValue text_value(const char *text)
{
    return (GaclipValue){.is_set = 1, .text = text};
}

static GaclipValue number_value(double number, double digits)
{
    return (GaclipValue){.is_set = 1, .number = round(number * digits) / digits};
}

static unsigned char *put_u32(unsigned char *to, uint32_t value)
{
    for (int i = 0; i < 4; i++) *to++ = (unsigned char)(value >> (8 * i));
    return to;
}

static unsigned char *put_f64(unsigned char *to, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return put_u32(put_u32(to, (uint32_t)bits), (uint32_t)(bits >> 32));
}

/* Little-endian WKB of one ring of five points (OGC 06-103r4, section 8). */
static size_t write_polygon(unsigned char *wkb, const GaclipFound *f, const GaclipRaster *raster)
{
    enum { LITTLE_ENDIAN_ORDER = 1, POLYGON = 3 };
    const GaclipRasterInfo *info = gaclip_raster_info(raster);
    const double *g = info->geotransform;
    double xs[4] = {f->x1, f->x1, f->x2, f->x2}, ys[4] = {f->y1, f->y2, f->y2, f->y1};
    int is_mirrored = g[1] * g[5] - g[2] * g[4] > 0;
    unsigned char *to = wkb;
    *to++ = LITTLE_ENDIAN_ORDER;
    to = put_u32(put_u32(put_u32(to, POLYGON), 1), 5);
    for (int i = 0; i <= 4; i++) {
        int corner = is_mirrored ? (4 - i) % 4 : i % 4;
        double x, y;
        gaclip_raster_to_ground(raster, xs[corner] / info->zoom_x, ys[corner] / info->zoom_y, &x,
                                &y);
        to = put_f64(put_f64(to, x), y);
    }
    return (size_t)(to - wkb);
}

void gaclip__detection_feature(GaclipFeature *out, GaclipDetectionBuffer *buffer,
                               const GaclipFound *f, const GaclipRaster *raster,
                               const GaclipDetectionNames *names)
{
    const GaclipRasterInfo *info = gaclip_raster_info(raster);
    const unsigned char *c = gaclip__class_colour(f->class_index);
    *out = (GaclipFeature){.wkb = buffer->polygon, .style = buffer->style};
    snprintf(buffer->style, sizeof buffer->style, "PEN(c:#%02X%02X%02X,w:0.6mm)", c[0], c[1], c[2]);
    snprintf(buffer->tile, sizeof buffer->tile, "%d/%d", f->column, f->row);
    const GaclipValue values[GACLIP__DETECTION_FIELDS] = {
        text_value(names->classes[f->class_index]),
        number_value((double)f->score, 1e6),
        number_value((double)f->similarity, 1e6),
        number_value((double)f->objectness, 1e6),
        text_value(names->prompts[f->class_index]),
        text_value(buffer->tile),
        text_value(names->source),
        number_value(f->x1 / info->zoom_x, 1e3),
        number_value(f->y1 / info->zoom_y, 1e3),
        number_value(f->x2 / info->zoom_x, 1e3),
        number_value(f->y2 / info->zoom_y, 1e3)};
    memcpy(out->values, values, sizeof values);
    out->wkb_size = write_polygon(buffer->polygon, f, raster);
}
