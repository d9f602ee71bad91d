#include "tiling.h"

#include <limits.h>
#include <math.h>

static void extend(double box[4], const GaclipRaster *raster, double x, double y)
{
    double column, row;
    if (gaclip_raster_from_ground(raster, x, y, &column, &row) != GACLIP_OK) return;
    box[0] = fmin(box[0], column);
    box[1] = fmin(box[1], row);
    box[2] = fmax(box[2], column);
    box[3] = fmax(box[3], row);
}

static double clamp(double value, double low, double high)
{
    return fmin(fmax(value, low), high);
}

int gaclip__area_of(GaclipArea *area, const GaclipRaster *raster, const double *bbox,
                    GaclipError *err)
{
    const GaclipRasterInfo *info = gaclip_raster_info(raster);
    *area = (GaclipArea){0, 0, info->model_width, info->model_height};
    if (!bbox) return GACLIP_OK;
    if (!(bbox[2] > bbox[0] && bbox[3] > bbox[1]))
        return gaclip_error_set(
            err, GACLIP_ERROR_ARGUMENT,
            "the bbox %.10g,%.10g,%.10g,%.10g is empty; give xmin,ymin,xmax,ymax", bbox[0], bbox[1],
            bbox[2], bbox[3]);
    double pixels[4] = {INFINITY, INFINITY, -INFINITY, -INFINITY};
    for (int i = 0; i < 4; i++) extend(pixels, raster, bbox[i & 1 ? 2 : 0], bbox[i & 2 ? 3 : 1]);
    int x1 = (int)floor(clamp(pixels[0] * info->zoom_x, 0, info->model_width));
    int y1 = (int)floor(clamp(pixels[1] * info->zoom_y, 0, info->model_height));
    int x2 = (int)ceil(clamp(pixels[2] * info->zoom_x, 0, info->model_width));
    int y2 = (int)ceil(clamp(pixels[3] * info->zoom_y, 0, info->model_height));
    if (x2 <= x1 || y2 <= y1)
        return gaclip_error_set(
            err, GACLIP_ERROR_EMPTY,
            "%s: the bbox %.10g,%.10g,%.10g,%.10g lies outside the raster; give it in the "
            "raster's CRS (%s)",
            info->name, bbox[0], bbox[1], bbox[2], bbox[3],
            *info->crs_name ? info->crs_name : "unnamed");
    *area = (GaclipArea){x1, y1, x2 - x1, y2 - y1};
    return GACLIP_OK;
}

int gaclip__windows_along(int length, int window, int step)
{
    return length <= window ? 1 : (length - window + step - 1) / step + 1;
}

int gaclip__window_begin(int index, int length, int window, int step)
{
    int furthest = length > window ? length - window : 0;
    return index == gaclip__windows_along(length, window, step) - 1 ? furthest : index * step;
}

int gaclip__default_tile(int window)
{
    return window > 512 / 3 && window < INT_MAX / 3 ? 3 * window : 512;
}

int gaclip__tile_plan(GaclipTilePlan *plan, const GaclipArea *area, int window, int overlap,
                      int tile_size, GaclipError *err)
{
    int step = window - overlap;
    if (window < 1 || overlap < 0 || step < 1 || tile_size < 1)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "no tiles of %d pixels can be made of windows of %d with an "
                                "overlap of %d",
                                tile_size, window, overlap);
    int a_side = tile_size > window ? (tile_size - window) / step + 1 : 1;
    long columns = (gaclip__windows_along(area->width, window, step) + a_side - 1) / a_side;
    long rows = (gaclip__windows_along(area->height, window, step) + a_side - 1) / a_side;
    if (columns * rows > INT_MAX)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "%ld x %ld tiles are too many; give a larger tile size", columns,
                                rows);
    *plan = (GaclipTilePlan){*area, window, overlap, a_side, (int)columns, (int)rows};
    return GACLIP_OK;
}

int gaclip__tile_count(const GaclipTilePlan *plan)
{
    return plan->columns * plan->rows;
}

/* First and last pixel of tile number index along a side. */
static void span(int *start, int *length, const GaclipTilePlan *plan, int index, int total)
{
    int step = plan->window - plan->overlap;
    int count = gaclip__windows_along(total, plan->window, step);
    int first = index * plan->windows_a_side, last = first + plan->windows_a_side - 1;
    if (last > count - 1) last = count - 1;
    *start = gaclip__window_begin(first, total, plan->window, step);
    int end = gaclip__window_begin(last, total, plan->window, step) + plan->window;
    *length = (end < total ? end : total) - *start;
}

GaclipTile gaclip__tile_at(const GaclipTilePlan *plan, int index)
{
    GaclipTile tile = {.column = index % plan->columns, .row = index / plan->columns};
    span(&tile.x, &tile.width, plan, tile.column, plan->area.width);
    span(&tile.y, &tile.height, plan, tile.row, plan->area.height);
    tile.inner_left = tile.x > 0;
    tile.inner_top = tile.y > 0;
    tile.inner_right = tile.x + tile.width < plan->area.width;
    tile.inner_bottom = tile.y + tile.height < plan->area.height;
    tile.x += plan->area.x;
    tile.y += plan->area.y;
    return tile;
}
