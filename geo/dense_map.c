#include "dense_map.h"

#include <math.h>
#include <stdlib.h>

#include "gaclip/dense.h"

/* Windows that run together: always the same ones, so that a value never depends on its company. */
enum { GROUP = 4 };

/* Of maps that are kept, bytes. */
static const size_t MEMORY = (size_t)128 << 20;

/* The maps of GROUP neighbouring windows of a row. */
typedef struct Group {
    struct Group *newer, *older;
    size_t index;
    float values[]; /* (GROUP, side, side, class_count); NaN on a patch without valid ground */
} Group;

struct GaclipDenseMap {
    GaclipRaster *raster;
    GaclipDetector *detector;
    GaclipArea area;
    int class_count, measure;
    int window, step, side;                /* model pixels, patches */
    int columns, rows, groups_a_row;       /* of windows */
    Group **groups, *newest, *oldest;      /* (rows, groups_a_row) NULL = not there */
    size_t kept;                           /* bytes */
    int windows_run, groups_read, to_read; /* the last two of the current read */
    GaclipDenseProgress *progress;
};

int gaclip__dense_map_new(GaclipDenseMap **out, GaclipRaster *raster, GaclipDetector *detector,
                          const GaclipArea *area, int class_count, int measure, GaclipError *err)
{
    *out = NULL;
    GaclipDenseMap *map = calloc(1, sizeof *map);
    if (!map) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    *map = (GaclipDenseMap){.raster = raster,
                            .detector = detector,
                            .area = *area,
                            .class_count = class_count,
                            .measure = measure,
                            .window = gaclip_detector_window(detector),
                            .side = gaclip_detector_map_side(detector)};
    map->step = map->window - gaclip_detector_overlap(detector);
    map->columns = gaclip__windows_along(area->width, map->window, map->step);
    map->rows = gaclip__windows_along(area->height, map->window, map->step);
    map->groups_a_row = (map->columns + GROUP - 1) / GROUP;
    map->groups = calloc((size_t)map->rows * (size_t)map->groups_a_row, sizeof(Group *));
    if (!map->groups) {
        free(map);
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    }
    *out = map;
    return GACLIP_OK;
}

void gaclip__dense_map_free(GaclipDenseMap *map)
{
    if (!map) return;
    for (Group *group = map->newest, *older; group; group = older) {
        older = group->older;
        free(group);
    }
    free(map->groups);
    free(map);
}

int gaclip__dense_map_windows(const GaclipDenseMap *map)
{
    return map->windows_run;
}

static size_t window_values(const GaclipDenseMap *map)
{
    return (size_t)map->side * (size_t)map->side * (size_t)map->class_count;
}

static size_t group_bytes(const GaclipDenseMap *map)
{
    return sizeof(Group) + GROUP * window_values(map) * sizeof(float);
}

static void unlink_group(GaclipDenseMap *map, Group *group)
{
    *(group->newer ? &group->newer->older : &map->newest) = group->older;
    *(group->older ? &group->older->newer : &map->oldest) = group->newer;
}

static void link_newest(GaclipDenseMap *map, Group *group)
{
    group->newer = NULL;
    group->older = map->newest;
    *(map->newest ? &map->newest->newer : &map->oldest) = group;
    map->newest = group;
}

static void make_room(GaclipDenseMap *map)
{
    while (map->oldest && map->kept + group_bytes(map) > MEMORY) {
        Group *group = map->oldest;
        unlink_group(map, group);
        map->groups[group->index] = NULL;
        map->kept -= group_bytes(map);
        free(group);
    }
}

static int window_x(const GaclipDenseMap *map, int column)
{
    return map->area.x + gaclip__window_begin(column, map->area.width, map->window, map->step);
}

static int window_y(const GaclipDenseMap *map, int row)
{
    return map->area.y + gaclip__window_begin(row, map->area.height, map->window, map->step);
}

/* No pixels are read where there is no valid ground: *image then has none. */
static int read_window(GaclipImage *image, const GaclipDenseMap *map, int column, int row,
                       GaclipError *err)
{
    const GaclipRasterInfo *info = gaclip_raster_info(map->raster);
    double x = window_x(map, column) / info->zoom_x, y = window_y(map, row) / info->zoom_y;
    double width = map->window / info->zoom_x, height = map->window / info->zoom_y;
    *image = (GaclipImage){0};
    if (!gaclip_raster_has_data(map->raster, x, y, width, height)) return GACLIP_OK;
    return gaclip_raster_read(image, map->raster, x, y, width, height, map->window, map->window,
                              err);
}

static int patch_is_valid(const GaclipDenseMap *map, const GaclipImage *image, int column, int row)
{
    int size = map->window / map->side;
    for (int y = row * size; y < (row + 1) * size; y++)
        for (int x = column * size; x < (column + 1) * size; x++)
            if (image->mask[(size_t)y * (size_t)image->width + (size_t)x]) return 1;
    return 0;
}

static void blank_invalid(float *values, const GaclipDenseMap *map, const GaclipImage *image)
{
    for (int i = 0; i < map->side * map->side; i++)
        for (int c = 0; c < map->class_count &&
                        (!image || !patch_is_valid(map, image, i % map->side, i / map->side));
             c++)
            values[(size_t)i * (size_t)map->class_count + (size_t)c] = NAN;
}

/* Runs those of the group's windows that show ground. */
static int run_windows(Group *group, GaclipDenseMap *map, const GaclipImage *images, int count,
                       GaclipError *err)
{
    GaclipImage shown[GROUP];
    int shown_count = 0, at = 0;
    float *first = group->values;
    for (int i = 0; i < count; i++)
        if (images[i].rgb) shown[shown_count++] = images[i];
    if (shown_count) {
        int is_probability = map->measure == GACLIP_REQUEST_PROBABILITY;
        int status =
            gaclip_detector_dense(is_probability ? first : NULL, is_probability ? NULL : first,
                                  map->detector, shown, shown_count, err);
        if (status) return status;
        map->windows_run += shown_count;
    }
    /* From the last, so that none is overwritten before it has moved to its place. */
    at = shown_count;
    for (int i = count - 1; i >= 0; i--) {
        float *values = first + (size_t)i * window_values(map);
        if (images[i].rgb) {
            const float *from = first + (size_t)--at * window_values(map);
            for (size_t k = window_values(map); from != values && k-- > 0;) values[k] = from[k];
        }
        blank_invalid(values, map, images[i].rgb ? &images[i] : NULL);
    }
    return GACLIP_OK;
}

static int fill_group(Group *group, GaclipDenseMap *map, GaclipError *err)
{
    GaclipImage images[GROUP] = {{0}};
    int row = (int)(group->index / (size_t)map->groups_a_row);
    int first = (int)(group->index % (size_t)map->groups_a_row) * GROUP, status = GACLIP_OK;
    int count = map->columns - first < GROUP ? map->columns - first : GROUP;
    for (int i = 0; i < count && !status; i++)
        status = read_window(&images[i], map, first + i, row, err);
    if (!status) status = run_windows(group, map, images, count, err);
    for (int i = 0; i < count; i++) gaclip_image_clear(&images[i]);
    return status;
}

static int find_group(const Group **out, GaclipDenseMap *map, size_t index, GaclipError *err)
{
    Group *group = map->groups[index];
    if (group) {
        unlink_group(map, group);
        link_newest(map, group);
        *out = group;
        return GACLIP_OK;
    }
    int status = map->progress ? map->progress(map->groups_read, map->to_read, err) : GACLIP_OK;
    if (status) return status;
    make_room(map);
    group = malloc(group_bytes(map));
    if (!group) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    group->index = index;
    status = fill_group(group, map, err);
    if (status) {
        free(group);
        return status;
    }
    map->groups[index] = group;
    map->kept += group_bytes(map);
    if (map->groups_read < map->to_read) map->groups_read++;
    link_newest(map, group);
    *out = group;
    return GACLIP_OK;
}

/* Bilinear between patch centres, over those that are valid; NaN where the nearest is not. x and y
 * in patches of the window. */
static float sample_window(const GaclipDenseMap *map, const float *values, double x, double y)
{
    double u = fmin(fmax(x - 0.5, 0), map->side - 1), v = fmin(fmax(y - 0.5, 0), map->side - 1);
    int left = (int)u, top = (int)v;
    int right = left + 1 < map->side ? left + 1 : left,
        bottom = top + 1 < map->side ? top + 1 : top;
    double fx = u - left, fy = v - top, sum = 0, weight = 0;
    const int columns[4] = {left, right, left, right}, rows[4] = {top, top, bottom, bottom};
    const double weights[4] = {(1 - fx) * (1 - fy), fx * (1 - fy), (1 - fx) * fy, fx * fy};
    int nearest = (fy >= 0.5 ? 2 : 0) + (fx >= 0.5 ? 1 : 0);
    for (int i = 0; i < 4; i++) {
        float value = values[(size_t)(rows[i] * map->side + columns[i]) * (size_t)map->class_count];
        if (isnan(value) && i == nearest) return NAN;
        if (isnan(value)) continue;
        sum += weights[i] * (double)value;
        weight += weights[i];
    }
    return (float)(sum / weight);
}

/* The first and last window along a side that cover a point (model pixels from the area's start).
 */
static void windows_at(int *first, int *last, double at, int length, int window, int step)
{
    int count = gaclip__windows_along(length, window, step);
    *last = (int)(at / step);
    if (*last > count - 1) *last = count - 1;
    *first = *last;
    while (*first > 0 && gaclip__window_begin(*first - 1, length, window, step) + window > at)
        --*first;
    /* The last one, pulled back, may cover a point that its place in the grid would not. */
    if (*last < count - 1 && gaclip__window_begin(count - 1, length, window, step) <= at)
        *last = count - 1;
}

/* Distance from the nearer edge of a window, never 0. */
static double edge_weight(double at, double window)
{
    return fmax(fmin(at, window - at), 1e-3);
}

/* x and y in model pixels of the scene. */
static int sample(float *out, GaclipDenseMap *map, int class_index, double x, double y,
                  GaclipError *err)
{
    double ax = x - map->area.x, ay = y - map->area.y, sum = 0, weight = 0;
    int left, right, top, bottom;
    *out = NAN;
    if (!(ax >= 0 && ay >= 0 && ax < map->area.width && ay < map->area.height)) return GACLIP_OK;
    windows_at(&left, &right, ax, map->area.width, map->window, map->step);
    windows_at(&top, &bottom, ay, map->area.height, map->window, map->step);
    for (int row = top; row <= bottom; row++)
        for (int column = left; column <= right; column++) {
            const Group *group = NULL;
            size_t index = (size_t)row * (size_t)map->groups_a_row + (size_t)(column / GROUP);
            int status = find_group(&group, map, index, err);
            if (status) return status;
            double wx = x - window_x(map, column), wy = y - window_y(map, row);
            if (!(wx >= 0 && wy >= 0 && wx <= map->window && wy <= map->window)) continue;
            double patch = (double)map->window / map->side;
            float value = sample_window(
                map, group->values + (size_t)(column % GROUP) * window_values(map) + class_index,
                wx / patch, wy / patch);
            double w = edge_weight(wx, map->window) * edge_weight(wy, map->window);
            if (isnan(value)) continue;
            sum += w * (double)value;
            weight += w;
        }
    if (weight > 0) *out = (float)(sum / weight);
    return GACLIP_OK;
}

/* Points a side of an output pixel: one a patch. */
static int points_along(double pixel, const GaclipDenseMap *map)
{
    double patches = ceil(pixel * map->side / map->window - 1e-6);
    return patches < 1 ? 1 : (int)patches;
}

/* The mean over a rectangle of model pixels. */
static int mean_over(float *out, GaclipDenseMap *map, int class_index, double x, double y,
                     double width, double height, GaclipError *err)
{
    int across = points_along(width, map), down = points_along(height, map), valid = 0;
    double sum = 0;
    for (int j = 0; j < down; j++)
        for (int i = 0; i < across; i++) {
            float value;
            int status = sample(&value, map, class_index, x + (i + 0.5) * width / across,
                                y + (j + 0.5) * height / down, err);
            if (status) return status;
            if (isnan(value)) continue;
            sum += (double)value;
            valid++;
        }
    *out = valid ? (float)(sum / valid) : NAN;
    return GACLIP_OK;
}

/* Groups that a rectangle of model pixels meets, about. */
static int count_groups(const GaclipDenseMap *map, double width, double height)
{
    double columns = fmin(width / map->step + 2, map->columns) / GROUP + 1;
    double rows = fmin(height / map->step + 2, map->rows);
    return (int)fmin(columns * rows, 1e9);
}

int gaclip__dense_map_read(float *out, GaclipDenseMap *map, int class_index, double x, double y,
                           double width, double height, int out_width, int out_height,
                           GaclipDenseProgress *progress, GaclipError *err)
{
    const GaclipRasterInfo *info = gaclip_raster_info(map->raster);
    double dx = width * info->zoom_x / out_width, dy = height * info->zoom_y / out_height;
    int status = GACLIP_OK;
    map->progress = progress;
    map->groups_read = 0;
    map->to_read = count_groups(map, width * info->zoom_x, height * info->zoom_y);
    for (int j = 0; j < out_height && !status; j++)
        for (int i = 0; i < out_width && !status; i++)
            status = mean_over(&out[(size_t)j * (size_t)out_width + (size_t)i], map, class_index,
                               x * info->zoom_x + i * dx, y * info->zoom_y + j * dy, dx, dy, err);
    return status;
}
