/* Pulling windows of pixels and their mask. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gdal_error.h"
#include "raster.h"

/* Of a pixel: what computed edges may be off. */
static const double ROUNDING = 1e-6;

/* The part of a window that lies on the raster, and where it goes in the output. */
typedef struct Part {
    double x, y, width, height;                 /* raster pixels */
    int out_x, out_y, out_width, out_height;    /* of the output image */
    int first_x, first_y, covered_x, covered_y; /* whole raster pixels that cover it */
} Part;

/* One axis of it; 0 when nothing lies on the raster. Only output pixels that lie on the raster
 * whole count, for GDAL would stretch what there is of a part of one over all of it, and shift its
 * neighbours. */
static int clip_axis(double start, double length, int raster_length, int out_length,
                     double *part_start, double *part_length, int *out_start, int *out_count,
                     int *first, int *covered)
{
    double per_pixel = length / out_length;
    double low = ceil((0 - start) / per_pixel - ROUNDING);
    double high = floor((raster_length - start) / per_pixel + ROUNDING);
    if (low < 0) low = 0;
    if (high > out_length) high = out_length;
    if (!(high > low)) return 0;
    *out_start = (int)low;
    *out_count = (int)(high - low);
    *part_start = fmax(start + low * per_pixel, 0);
    *part_length = fmin(start + high * per_pixel, raster_length) - *part_start;
    *first = (int)floor(*part_start);
    *covered = (int)ceil(*part_start + *part_length) - *first;
    if (*first + *covered > raster_length) *covered = raster_length - *first;
    return *part_length > 0 && *covered > 0;
}

static int clip_window(Part *part, const GaclipRaster *raster, double x, double y, double width,
                       double height, int out_width, int out_height)
{
    return clip_axis(x, width, raster->info.width, out_width, &part->x, &part->width, &part->out_x,
                     &part->out_width, &part->first_x, &part->covered_x) &&
           clip_axis(y, height, raster->info.height, out_height, &part->y, &part->height,
                     &part->out_y, &part->out_height, &part->first_y, &part->covered_y);
}

static int read_part(void *buffer, const Part *part, GDALRasterBandH band, GDALDataType type,
                     GDALRIOResampleAlg resampling)
{
    GDALRasterIOExtraArg extra;
    INIT_RASTERIO_EXTRA_ARG(extra);
    extra.eResampleAlg = resampling;
    extra.bFloatingPointWindowValidity = TRUE;
    extra.dfXOff = part->x;
    extra.dfYOff = part->y;
    extra.dfXSize = part->width;
    extra.dfYSize = part->height;
    return GDALRasterIOEx(band, GF_Read, part->first_x, part->first_y, part->covered_x,
                          part->covered_y, buffer, part->out_width, part->out_height, type, 0, 0,
                          &extra) == CE_None;
}

static GDALRIOResampleAlg resampling_for(const Part *part)
{
    double x = part->width / part->out_width, y = part->height / part->out_height;
    if (fabs(x - 1) < 1e-9 && fabs(y - 1) < 1e-9 && fabs(part->x - round(part->x)) < 1e-9 &&
        fabs(part->y - round(part->y)) < 1e-9)
        return GRIORA_NearestNeighbour;
    return x > 1.5 || y > 1.5 ? GRIORA_Average : GRIORA_Cubic;
}

static uint8_t to_byte(const GaclipScaleRule *rule, int band, float value)
{
    double scaled = rule->as_bytes ? (double)value
                                   : ((double)value - rule->low[band]) * 255 /
                                         (rule->high[band] - rule->low[band]);
    return scaled <= 0 ? 0 : scaled >= 255 ? 255 : (uint8_t)(scaled + 0.5);
}

static void place_band(GaclipImage *out, const Part *part, const float *values,
                       const GaclipRaster *raster, int channel)
{
    for (int y = 0; y < part->out_height; y++)
        for (int x = 0; x < part->out_width; x++) {
            float value = values[(size_t)y * (size_t)part->out_width + (size_t)x];
            size_t at = (size_t)(part->out_y + y) * (size_t)out->width + (size_t)(part->out_x + x);
            if (!isfinite(value))
                out->mask[at] = 0;
            else
                out->rgb[3 * at + (size_t)channel] = to_byte(&raster->scale, channel, value);
        }
}

static void place_palette(GaclipImage *out, const Part *part, const float *values,
                          const GaclipRaster *raster)
{
    for (int y = 0; y < part->out_height; y++)
        for (int x = 0; x < part->out_width; x++) {
            size_t at = (size_t)(part->out_y + y) * (size_t)out->width + (size_t)(part->out_x + x);
            float value = values[(size_t)y * (size_t)part->out_width + (size_t)x];
            const GDALColorEntry *entry = GDALGetColorEntry(raster->palette, (int)value);
            if (!entry) continue;
            out->rgb[3 * at] = (uint8_t)entry->c1;
            out->rgb[3 * at + 1] = (uint8_t)entry->c2;
            out->rgb[3 * at + 2] = (uint8_t)entry->c3;
        }
}

static void place_mask(GaclipImage *out, const Part *part, const GByte *mask)
{
    for (int y = 0; y < part->out_height; y++)
        for (int x = 0; x < part->out_width; x++)
            if (mask[(size_t)y * (size_t)part->out_width + (size_t)x])
                out->mask[(size_t)(part->out_y + y) * (size_t)out->width +
                          (size_t)(part->out_x + x)] = 255;
}

static GDALRasterBandH band_at(const GaclipRaster *raster, int channel)
{
    return GDALGetRasterBand(raster->dataset, raster->info.bands[channel]);
}

/* The masks to ask: a nodata value is each band's own, and a pixel is missing where all three hold
 * it (dark water has a zero in one). Every other mask is that of all bands. */
static int mask_count(const GaclipRaster *raster)
{
    const int *bands = raster->info.bands;
    int is_repeated = bands[0] == bands[1] && bands[1] == bands[2];
    return (GDALGetMaskFlags(band_at(raster, 0)) & GMF_NODATA) && !is_repeated ? 3 : 1;
}

/* A pixel is valid where one of the masks says so. */
static int read_masks(GaclipImage *out, const Part *part, const GaclipRaster *raster, GByte *mask)
{
    for (int i = 0; i < mask_count(raster); i++) {
        if (!read_part(mask, part, GDALGetMaskBand(band_at(raster, i)), GDT_Byte,
                       GRIORA_NearestNeighbour))
            return 0;
        place_mask(out, part, mask);
    }
    return 1;
}

static int read_all(GaclipImage *out, const Part *part, const GaclipRaster *raster, float *values,
                    GByte *mask)
{
    if (!read_masks(out, part, raster, mask)) return 0;
    if (raster->palette) {
        if (!read_part(values, part, band_at(raster, 0), GDT_Float32, GRIORA_NearestNeighbour))
            return 0;
        place_palette(out, part, values, raster);
        return 1;
    }
    for (int i = 0; i < 3; i++) {
        int is_repeated = i > 0 && raster->info.bands[i] == raster->info.bands[i - 1];
        if (!is_repeated &&
            !read_part(values, part, band_at(raster, i), GDT_Float32, resampling_for(part)))
            return 0;
        place_band(out, part, values, raster, i);
    }
    return 1;
}

int gaclip_raster_read(GaclipImage *out, GaclipRaster *raster, double x, double y, double width,
                       double height, int out_width, int out_height, GaclipError *err)
{
    int status = gaclip_image_init(out, out_width, out_height, 1, err);
    Part part;
    if (status) return status;
    if (!(width > 0 && height > 0) || !isfinite(x + y + width + height)) {
        gaclip_image_clear(out);
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "%s: cannot read an empty window",
                                raster->name);
    }
    if (!clip_window(&part, raster, x, y, width, height, out_width, out_height)) return GACLIP_OK;
    size_t count = (size_t)part.out_width * (size_t)part.out_height;
    float *values = malloc(count * sizeof *values);
    GByte *mask = malloc(count);
    gaclip__gdal_quiet_begin();
    if (!values || !mask)
        status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    else if (!read_all(out, &part, raster, values, mask))
        status = gaclip_error_set(err, GACLIP_ERROR_IO,
                                  "%s: cannot read pixels at column %.0f, row %.0f%s; the file may "
                                  "be damaged",
                                  raster->name, part.x, part.y, gaclip__gdal_reason());
    gaclip__gdal_quiet_end();
    free(values);
    free(mask);
    if (status) gaclip_image_clear(out);
    return status;
}

/* Mask pixels a side that are looked at in one block. */
enum { MASK_BLOCK = 1024 };

static int block_has_data(GDALRasterBandH mask, const Part *p)
{
    static const size_t LARGEST = (size_t)MASK_BLOCK * MASK_BLOCK;
    GByte *values = malloc(LARGEST);
    int found = 0;
    if (!values) return 1;
    for (int y = 0; y < p->covered_y && !found; y += MASK_BLOCK)
        for (int x = 0; x < p->covered_x && !found; x += MASK_BLOCK) {
            int w = p->covered_x - x < MASK_BLOCK ? p->covered_x - x : MASK_BLOCK;
            int h = p->covered_y - y < MASK_BLOCK ? p->covered_y - y : MASK_BLOCK;
            if (GDALRasterIO(mask, GF_Read, p->first_x + x, p->first_y + y, w, h, values, w, h,
                             GDT_Byte, 0, 0))
                found = 1; /* reading the pixels will tell what is wrong */
            for (size_t i = 0; i < (size_t)w * (size_t)h && !found; i++) found = values[i] != 0;
        }
    free(values);
    return found;
}

/* The whole raster pixels that an interval touches. */
static void cover_axis(int *first, int *covered, double start, double length, int raster_length)
{
    double low = fmax(floor(start), 0), high = fmin(ceil(start + length), raster_length);
    *first = high > low ? (int)low : 0;
    *covered = high > low ? (int)(high - low) : 0;
}

int gaclip_raster_has_data(GaclipRaster *raster, double x, double y, double width, double height)
{
    Part part = {0};
    int found = 0;
    cover_axis(&part.first_x, &part.covered_x, x, width, raster->info.width);
    cover_axis(&part.first_y, &part.covered_y, y, height, raster->info.height);
    if (!part.covered_x || !part.covered_y) return 0;
    if (GDALGetMaskFlags(band_at(raster, 0)) == GMF_ALL_VALID) return 1;
    gaclip__gdal_quiet_begin();
    for (int i = 0; i < mask_count(raster) && !found; i++)
        found = block_has_data(GDALGetMaskBand(band_at(raster, i)), &part);
    gaclip__gdal_quiet_end();
    return found;
}
