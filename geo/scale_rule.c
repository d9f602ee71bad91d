/* One rule for a whole raster that turns its values into bytes. */
#include <cpl_conv.h>
#include <cpl_string.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "raster.h"

/* Pixels a side of the decimated read that percentiles are taken from. */
enum { SAMPLE_SIDE = 1024 };

static const char PERCENTILE[] = "percentile:";

static int ascending(const void *a, const void *b)
{
    float p = *(const float *)a, q = *(const float *)b;
    return (p > q) - (p < q);
}

/* Valid finite values to the front; their number. */
static size_t keep_valid(float *values, const GByte *mask, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (mask[i] && isfinite(values[i])) values[kept++] = values[i];
    return kept;
}

static int sample_band(double *low, double *high, const GaclipRaster *raster, int index,
                       double low_percent, double high_percent, GaclipError *err)
{
    GDALRasterBandH band = GDALGetRasterBand(raster->dataset, raster->info.bands[index]);
    int width = raster->info.width, height = raster->info.height;
    int w = width < SAMPLE_SIDE ? width : SAMPLE_SIDE,
        h = height < SAMPLE_SIDE ? height : SAMPLE_SIDE;
    size_t count = (size_t)w * (size_t)h;
    float *values = malloc(count * sizeof *values);
    GByte *mask = malloc(count);
    int status = GACLIP_OK;
    if (!values || !mask)
        status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    else if (GDALRasterIO(band, GF_Read, 0, 0, width, height, values, w, h, GDT_Float32, 0, 0) ||
             GDALRasterIO(GDALGetMaskBand(band), GF_Read, 0, 0, width, height, mask, w, h, GDT_Byte,
                          0, 0))
        status = gaclip_error_set(err, GACLIP_ERROR_IO, "%s: band %d cannot be read",
                                  raster->info.name, raster->info.bands[index]);
    if (!status) {
        count = keep_valid(values, mask, count);
        qsort(values, count, sizeof *values, ascending);
        *low = count ? (double)values[(size_t)((double)(count - 1) * low_percent / 100)] : 0;
        *high = count ? (double)values[(size_t)((double)(count - 1) * high_percent / 100)] : 1;
        if (!(*high > *low)) *high = *low + fmax(1, fabs(*low) * 1e-6);
    }
    free(values);
    free(mask);
    return status;
}

static int by_percentiles(GaclipRaster *raster, double low, double high, GaclipError *err)
{
    GaclipScaleRule *rule = &raster->scale;
    for (int i = 0; i < 3; i++) {
        int status = GACLIP_OK;
        if (i && raster->info.bands[i] == raster->info.bands[0]) {
            rule->low[i] = rule->low[0];
            rule->high[i] = rule->high[0];
        } else {
            status = sample_band(&rule->low[i], &rule->high[i], raster, i, low, high, err);
        }
        if (status) return status;
    }
    CPLsnprintf(rule->text, sizeof rule->text, "percentile:%g,%g = %g..%g, %g..%g, %g..%g", low,
                high, rule->low[0], rule->high[0], rule->low[1], rule->high[1], rule->low[2],
                rule->high[2]);
    return GACLIP_OK;
}

static void by_range(GaclipScaleRule *rule, double low, double high)
{
    for (int i = 0; i < 3; i++) {
        rule->low[i] = low;
        rule->high[i] = high;
    }
    CPLsnprintf(rule->text, sizeof rule->text, "%g,%g", low, high);
}

/* "LOW,HIGH" and nothing else, in whatever locale the program runs. */
static int read_pair(double *low, double *high, const char *text)
{
    char *end, *rest;
    *low = CPLStrtod(text, &end);
    if (end == text || *end != ',') return 0;
    *high = CPLStrtod(end + 1, &rest);
    return rest != end + 1 && !*rest && isfinite(*low) && isfinite(*high) && *high > *low;
}

static int all_bytes(const GaclipRaster *raster)
{
    for (int i = 0; i < 3; i++)
        if (GDALGetRasterDataType(GDALGetRasterBand(raster->dataset, raster->info.bands[i])) !=
            GDT_Byte)
            return 0;
    return 1;
}

int gaclip__scale_rule(GaclipRaster *raster, const char *scale, GaclipError *err)
{
    GaclipScaleRule *rule = &raster->scale;
    double low, high;
    int is_auto = !scale || !strcmp(scale, "auto"), is_none = scale && !strcmp(scale, "none");
    *rule = (GaclipScaleRule){0};
    if (raster->palette || is_none || (is_auto && all_bytes(raster))) {
        rule->as_bytes = 1;
        by_range(rule, 0, 255);
        snprintf(rule->text, sizeof rule->text, "%s", raster->palette ? "palette" : "bytes");
        return GACLIP_OK;
    }
    if (is_auto) return by_percentiles(raster, 2, 98, err);
    const char *share = STARTS_WITH(scale, PERCENTILE) ? scale + strlen(PERCENTILE) : NULL;
    if (share && read_pair(&low, &high, share) && low >= 0 && high <= 100)
        return by_percentiles(raster, low, high, err);
    if (read_pair(&low, &high, scale)) {
        by_range(rule, low, high);
        return GACLIP_OK;
    }
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                            "scale \"%s\" is none of: auto, none, percentile:LOW,HIGH, MIN,MAX",
                            scale);
}
