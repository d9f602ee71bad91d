/* Random training windows of one scene. */
#include "gaclip/scene_source.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "chance.h"
#include "sample_window.h"

/* Cells a side of the coarse grid that says where valid ground is. */
enum { GRID = 64, EMPTY_TRIES = 20 };

struct GaclipSceneSource {
    GaclipRaster *raster; /* serves one thread at a time */
    pthread_mutex_t lock;
    const GaclipAnnotations *annotations;
    double object_share;
    int *cells; /* (cell_count) indices of grid cells with valid ground */
    int cell_count;
};

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
    pthread_mutex_init(&source->lock, NULL);
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
    pthread_mutex_destroy(&source->lock);
    free(source->cells);
    free(source);
}

static const GaclipAnnotation *random_object(const GaclipSceneSource *source, uint64_t *state)
{
    const GaclipAnnotations *a = source->annotations;
    const char *label = gaclip_annotations_label_at(
        a, gaclip__chance_below(state, gaclip_annotations_label_count(a)));
    int count = gaclip_annotations_count(a), of_label = 0;
    for (int i = 0; i < count; i++) of_label += !strcmp(gaclip_annotations_at(a, i)->label, label);
    int wanted = gaclip__chance_below(state, of_label);
    for (int i = 0; i < count; i++)
        if (!strcmp(gaclip_annotations_at(a, i)->label, label) && wanted-- == 0)
            return gaclip_annotations_at(a, i);
    return gaclip_annotations_at(a, 0);
}

static void around_object(GaclipSampleWindow *w, const GaclipSceneSource *source, uint64_t *state)
{
    const GaclipBox *b = &random_object(source, state)->box;
    w->x = gaclip__window_around(b->x1, b->x2, w->width, state);
    w->y = gaclip__window_around(b->y1, b->y2, w->height, state);
}

/* Around a random point of a cell with valid ground; a few tries for a window that has some. */
static void on_ground(GaclipSampleWindow *w, const GaclipSceneSource *source, uint64_t *state)
{
    const GaclipRasterInfo *info = gaclip_raster_info(source->raster);
    for (int i = 0; i < EMPTY_TRIES; i++) {
        int cell = source->cells[gaclip__chance_below(state, source->cell_count)];
        w->x = (cell % GRID + gaclip__chance_uniform(state)) * info->width / GRID - w->width / 2;
        w->y = (cell / GRID + gaclip__chance_uniform(state)) * info->height / GRID - w->height / 2;
        if (gaclip_raster_has_data(source->raster, w->x + w->width / 4, w->y + w->height / 4,
                                   w->width / 2, w->height / 2))
            return;
    }
}

static int list_objects(GaclipSample *sample, const GaclipSceneSource *source,
                        const GaclipSampleWindow *w, GaclipError *err)
{
    int count = gaclip_annotations_count(source->annotations);
    sample->regions = calloc((size_t)count + 1, sizeof *sample->regions);
    if (!sample->regions) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < count; i++) {
        const GaclipAnnotation *a = gaclip_annotations_at(source->annotations, i);
        GaclipSampleRegion *region = &sample->regions[sample->region_count];
        double box[4] = {a->box.x1, a->box.y1, a->box.x2, a->box.y2};
        if (!gaclip__window_show(&region->box, box, w)) continue;
        region->phrase = a->label;
        region->is_object = 1;
        sample->region_count++;
    }
    return GACLIP_OK;
}

static int next_sample(GaclipSample *out, void *payload, uint64_t random, int width, int height,
                       GaclipError *err)
{
    GaclipSceneSource *source = payload;
    const GaclipRasterInfo *info = gaclip_raster_info(source->raster);
    GaclipSampleWindow w = {0, 0, width / info->zoom_x, height / info->zoom_y, width, height};
    *out = (GaclipSample){.is_annotated = 1, .name = info->name};
    pthread_mutex_lock(&source->lock);
    if (gaclip_annotations_count(source->annotations) &&
        gaclip__chance_uniform(&random) < source->object_share)
        around_object(&w, source, &random);
    else
        on_ground(&w, source, &random);
    int status = gaclip_raster_read(&out->image, source->raster, w.x, w.y, w.width, w.height, width,
                                    height, err);
    pthread_mutex_unlock(&source->lock);
    if (!status) status = list_objects(out, source, &w, err);
    if (status) gaclip_sample_clear(out);
    return status;
}

GaclipSampleSource gaclip_scene_source_view(GaclipSceneSource *source)
{
    return (GaclipSampleSource){.next = next_sample, .payload = source};
}
