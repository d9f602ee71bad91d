/* Random training windows of one scene. */
#include "gaclip/scene_source.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Cells a side of the coarse grid that says where valid ground is. */
enum { GRID = 64, EMPTY_TRIES = 20 };

/* Share of an object's box that a window must show for it to be asked for. */
static const double SMALLEST_VISIBLE = 0.35;

struct GaclipSceneSource {
    GaclipRaster *raster;
    const GaclipAnnotations *annotations;
    double object_share;
    int *cells; /* (cell_count) indices of grid cells with valid ground */
    int cell_count;
};

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u); /* SplitMix64 (Steele et al., 2014) */
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static double uniform(uint64_t *state)
{
    return (double)(next_random(state) >> 11) * 0x1p-53;
}

static int below(uint64_t *state, int limit)
{
    return (int)(uniform(state) * limit);
}

static void find_valid_cells(GaclipSceneSource *source)
{
    const GaclipRasterInfo *info = gaclip_raster_info(source->raster);
    double w = (double)info->width / GRID, h = (double)info->height / GRID;
    for (int i = 0; i < GRID * GRID; i++)
        if (gaclip_raster_has_data(source->raster, i % GRID * w, (double)(i / GRID) * h, w, h))
            source->cells[source->cell_count++] = i;
}

int gaclip_scene_source_new(GaclipSceneSource **out, GaclipRaster *raster,
                            const GaclipAnnotations *annotations, double object_share,
                            GaclipError *err)
{
    *out = NULL;
    if (!(object_share >= 0 && object_share <= 1))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "object share %g is not in 0..1",
                                object_share);
    GaclipSceneSource *source = calloc(1, sizeof *source);
    if (source) source->cells = malloc(GRID * GRID * sizeof *source->cells);
    if (!source || !source->cells) {
        free(source);
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    }
    source->raster = raster;
    source->annotations = annotations;
    source->object_share = object_share;
    find_valid_cells(source);
    if (source->cell_count == 0) {
        gaclip_scene_source_free(source);
        return gaclip_error_set(err, GACLIP_ERROR_EMPTY, "%s: has no valid pixels",
                                gaclip_raster_info(raster)->name);
    }
    *out = source;
    return GACLIP_OK;
}

void gaclip_scene_source_free(GaclipSceneSource *source)
{
    if (!source) return;
    free(source->cells);
    free(source);
}

/* A window in raster pixels and the image it becomes. */
typedef struct Window {
    double x, y, width, height;
    int out_width, out_height;
} Window;

static const GaclipAnnotation *random_object(const GaclipSceneSource *source, uint64_t *state)
{
    const GaclipAnnotations *a = source->annotations;
    const char *label =
        gaclip_annotations_label_at(a, below(state, gaclip_annotations_label_count(a)));
    int count = gaclip_annotations_count(a), of_label = 0;
    for (int i = 0; i < count; i++) of_label += !strcmp(gaclip_annotations_at(a, i)->label, label);
    int wanted = below(state, of_label);
    for (int i = 0; i < count; i++)
        if (!strcmp(gaclip_annotations_at(a, i)->label, label) && wanted-- == 0)
            return gaclip_annotations_at(a, i);
    return gaclip_annotations_at(a, 0);
}

/* Start of a window of length that holds [low, high), or its middle where that is too long. */
static double place_around(double low, double high, double length, uint64_t *state)
{
    if (high - low >= length) return (low + high) / 2 - length * (0.25 + 0.5 * uniform(state));
    return high - length + uniform(state) * (low - (high - length));
}

static void around_object(Window *w, const GaclipSceneSource *source, uint64_t *state)
{
    const GaclipBox *b = &random_object(source, state)->box;
    w->x = place_around(b->x1, b->x2, w->width, state);
    w->y = place_around(b->y1, b->y2, w->height, state);
}

/* Around a random point of a cell with valid ground; a few tries for a window that has some. */
static void on_ground(Window *w, const GaclipSceneSource *source, uint64_t *state)
{
    const GaclipRasterInfo *info = gaclip_raster_info(source->raster);
    for (int i = 0; i < EMPTY_TRIES; i++) {
        int cell = source->cells[below(state, source->cell_count)];
        w->x = (cell % GRID + uniform(state)) * info->width / GRID - w->width / 2;
        w->y = (cell / GRID + uniform(state)) * info->height / GRID - w->height / 2;
        if (gaclip_raster_has_data(source->raster, w->x + w->width / 4, w->y + w->height / 4,
                                   w->width / 2, w->height / 2))
            return;
    }
}

/* The box in window pixels, clipped; 0 when too little of it is visible. */
static int show(GaclipBox *out, const GaclipBox *b, const Window *w)
{
    double x1 = fmax(b->x1, w->x), y1 = fmax(b->y1, w->y);
    double x2 = fmin(b->x2, w->x + w->width), y2 = fmin(b->y2, w->y + w->height);
    double area = ((double)b->x2 - b->x1) * ((double)b->y2 - b->y1);
    if (!(x2 > x1 && y2 > y1) || (x2 - x1) * (y2 - y1) < SMALLEST_VISIBLE * area) return 0;
    double fx = w->out_width / w->width, fy = w->out_height / w->height;
    *out = (GaclipBox){(float)((x1 - w->x) * fx), (float)((y1 - w->y) * fy),
                       (float)((x2 - w->x) * fx), (float)((y2 - w->y) * fy)};
    return 1;
}

static int list_objects(GaclipSample *sample, const GaclipSceneSource *source, const Window *w,
                        GaclipError *err)
{
    int count = gaclip_annotations_count(source->annotations);
    sample->regions = calloc((size_t)count + 1, sizeof *sample->regions);
    if (!sample->regions) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < count; i++) {
        const GaclipAnnotation *a = gaclip_annotations_at(source->annotations, i);
        GaclipSampleRegion *region = &sample->regions[sample->region_count];
        if (!show(&region->box, &a->box, w)) continue;
        region->phrase = a->label;
        region->is_object = 1;
        sample->region_count++;
    }
    return GACLIP_OK;
}

static int next_sample(GaclipSample *out, void *payload, uint64_t random, int width, int height,
                       GaclipError *err)
{
    const GaclipSceneSource *source = payload;
    const GaclipRasterInfo *info = gaclip_raster_info(source->raster);
    Window w = {0, 0, width / info->zoom_x, height / info->zoom_y, width, height};
    *out = (GaclipSample){.is_annotated = 1, .name = info->name};
    if (gaclip_annotations_count(source->annotations) && uniform(&random) < source->object_share)
        around_object(&w, source, &random);
    else
        on_ground(&w, source, &random);
    int status = gaclip_raster_read(&out->image, source->raster, w.x, w.y, w.width, w.height, width,
                                    height, err);
    if (!status) status = list_objects(out, source, &w, err);
    if (status) gaclip_sample_clear(out);
    return status;
}

GaclipSampleSource gaclip_scene_source_view(GaclipSceneSource *source)
{
    return (GaclipSampleSource){.next = next_sample, .payload = source};
}
