/* From a recipe's words to samples. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gaclip/dataset_source.h"
#include "gaclip/mixed_source.h"
#include "gaclip/recipe.h"
#include "gaclip/scene_source.h"
#include "text_set.h"

static const size_t CACHE = (size_t)1 << 30;

/* What one source of the recipe needs to be open; the rest is NULL. */
typedef struct Opened {
    GaclipDataset *dataset;
    GaclipDatasetSource *dataset_source;
    GaclipRaster *raster;
    GaclipAnnotations *annotations;
    GaclipSceneSource *scene;
    GaclipMosaicSource *mosaic;
    GaclipSampleSource view;
} Opened;

struct GaclipRecipeSources {
    Opened *opened; /* (count) */
    int count;
    GaclipImageCache *cache;
    GaclipMixedSource *mixed;
    GaclipTextSet texts, classes;
};

static int open_dataset(Opened *o, const GaclipRecipeSource *s, GaclipImageCache *cache,
                        GaclipError *err)
{
    GaclipDatasetReadOptions reading;
    GaclipDatasetSourceOptions options;
    gaclip_dataset_read_options_init(&reading);
    gaclip_dataset_source_options_init(&options);
    reading.format = s->format;
    reading.images = s->images;
    reading.classes = s->classes;
    reading.is_annotated = s->is_annotated;
    options.split = s->split;
    options.exclude = s->exclude;
    options.object_share = s->object_share;
    options.object_below = s->object_below;
    options.zoom = s->zoom;
    options.cache = cache;
    int status = gaclip_dataset_new(&o->dataset, err);
    if (!status) status = gaclip_dataset_read(o->dataset, s->path, &reading, err);
    if (status) return status;
    status = gaclip_dataset_source_new(&o->dataset_source, o->dataset, &options, err);
    if (status) return gaclip_error_prefix(err, "%s", s->path);
    o->view = gaclip_dataset_source_view(o->dataset_source);
    return GACLIP_OK;
}

static int open_scene(Opened *o, const GaclipRecipeSource *s, double gsd_min, double gsd_max,
                      GaclipError *err)
{
    GaclipRasterOptions options;
    gaclip_raster_options_init(&options);
    options.gsd = s->gsd;
    options.model_gsd_min = gsd_min;
    options.model_gsd_max = gsd_max;
    int status = gaclip_raster_open(&o->raster, s->path, &options, err);
    if (!status)
        status = gaclip_annotations_open(&o->annotations, s->annotations, o->raster,
                                         &s->annotation_options, err);
    if (!status)
        status =
            gaclip_scene_source_new(&o->scene, o->raster, o->annotations, s->object_share, err);
    if (!status) o->view = gaclip_scene_source_view(o->scene);
    return status;
}

static int open_mosaic(Opened *o, const GaclipRecipeSource *s, GaclipImageCache *cache,
                       GaclipError *err)
{
    int status = open_dataset(o, s->cells, cache, err);
    if (!status) status = gaclip_mosaic_source_new(&o->mosaic, &o->view, &s->mosaic, err);
    if (!status) o->view = gaclip_mosaic_source_view(o->mosaic);
    return status;
}

static int open_all(GaclipRecipeSources *all, const GaclipRecipeSource *sources, double gsd_min,
                    double gsd_max, GaclipError *err)
{
    size_t count = (size_t)all->count;
    GaclipSampleSource *views = malloc((count + 1) * sizeof *views);
    double *weights = malloc((count + 1) * sizeof *weights);
    int status = views && weights ? gaclip_image_cache_new(&all->cache, CACHE, err)
                                  : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < count && !status; i++) {
        Opened *o = &all->opened[i];
        if (sources[i].type == GACLIP_RECIPE_SCENE)
            status = open_scene(o, &sources[i], gsd_min, gsd_max, err);
        else if (sources[i].type == GACLIP_RECIPE_MOSAIC)
            status = open_mosaic(o, &sources[i], all->cache, err);
        else
            status = open_dataset(o, &sources[i], all->cache, err);
        views[i] = o->view;
        weights[i] = sources[i].weight;
    }
    if (!status) status = gaclip_mixed_source_new(&all->mixed, views, weights, all->count, err);
    free(views);
    free(weights);
    return status;
}

int gaclip_recipe_sources_open(GaclipRecipeSources **out, const GaclipRecipeSource *sources,
                               int count, double gsd_min, double gsd_max, GaclipError *err)
{
    *out = NULL;
    GaclipRecipeSources *all = calloc(1, sizeof *all);
    if (all) all->opened = calloc((size_t)count + 1, sizeof *all->opened);
    if (!all || !all->opened) {
        free(all);
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    }
    all->count = count;
    int status = open_all(all, sources, gsd_min, gsd_max, err);
    if (status) {
        gaclip_recipe_sources_close(all);
        return status;
    }
    *out = all;
    return GACLIP_OK;
}

void gaclip_recipe_sources_close(GaclipRecipeSources *sources)
{
    if (!sources) return;
    gaclip_mixed_source_free(sources->mixed);
    for (int i = 0; i < sources->count; i++) {
        Opened *o = &sources->opened[i];
        gaclip_mosaic_source_free(o->mosaic);
        gaclip_dataset_source_free(o->dataset_source);
        gaclip_scene_source_free(o->scene);
        gaclip_annotations_free(o->annotations);
        gaclip_raster_close(o->raster);
    }
    gaclip_image_cache_free(sources->cache);
    for (int i = 0; i < sources->count; i++) gaclip_dataset_free(sources->opened[i].dataset);
    gaclip__text_set_free(&sources->texts);
    gaclip__text_set_free(&sources->classes);
    free(sources->opened);
    free(sources);
}

GaclipSampleSource gaclip_recipe_sources_view(GaclipRecipeSources *sources)
{
    return gaclip_mixed_source_view(sources->mixed);
}

int gaclip_recipe_sources_count(const GaclipRecipeSources *sources)
{
    return sources->count;
}

GaclipSampleSource gaclip_recipe_sources_at(GaclipRecipeSources *sources, int index)
{
    return sources->opened[index].view;
}

const GaclipDataset *gaclip_recipe_sources_dataset(const GaclipRecipeSources *sources, int index)
{
    return sources->opened[index].dataset;
}

static void add_region(GaclipTextSet *set, const GaclipDatasetRegion *region)
{
    gaclip__text_set_add(set, region->phrase);
    gaclip__text_set_add(set, region->description);
    for (int i = 0; i < region->negative_count; i++)
        gaclip__text_set_add(set, region->negatives[i]);
}

/* Of the images of the source's split alone: the others are held out. */
static void add_images(GaclipTextSet *set, const Opened *o)
{
    int count = gaclip_dataset_source_view(o->dataset_source).count;
    for (int i = 0; i < count; i++) {
        const GaclipDatasetImage *image =
            gaclip_dataset_image_at(o->dataset, gaclip_dataset_source_image(o->dataset_source, i));
        for (int c = 0; c < image->caption_count; c++)
            gaclip__text_set_add(set, image->captions[c]);
        gaclip__text_set_add(set, image->detailed);
        gaclip__text_set_add(set, image->scene);
        for (int r = 0; r < image->region_count; r++) add_region(set, &image->regions[r]);
    }
}

static void add_classes(GaclipTextSet *set, const Opened *o, int with_synonyms)
{
    for (int i = 0; o->dataset && i < gaclip_dataset_class_count(o->dataset); i++) {
        const GaclipDatasetClass *c = gaclip_dataset_class_at(o->dataset, i);
        gaclip__text_set_add(set, c->name);
        for (int s = 0; with_synonyms && s < c->synonym_count; s++)
            gaclip__text_set_add(set, c->synonyms[s]);
    }
    int labels = o->annotations ? gaclip_annotations_label_count(o->annotations) : 0;
    for (int i = 0; i < labels; i++)
        gaclip__text_set_add(set, gaclip_annotations_label_at(o->annotations, i));
}

static int lend(const char *const **texts, int *count, const GaclipTextSet *set, GaclipError *err)
{
    if (set->failed) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for texts");
    *texts = set->items;
    *count = set->count;
    return GACLIP_OK;
}

int gaclip_recipe_sources_texts(const char *const **texts, int *count, GaclipRecipeSources *sources,
                                GaclipError *err)
{
    for (int i = 0; i < sources->count; i++) {
        add_classes(&sources->texts, &sources->opened[i], 1);
        if (sources->opened[i].dataset) add_images(&sources->texts, &sources->opened[i]);
    }
    return lend(texts, count, &sources->texts, err);
}

int gaclip_recipe_sources_classes(const char *const **names, int *count,
                                  GaclipRecipeSources *sources, GaclipError *err)
{
    for (int i = 0; i < sources->count; i++) add_classes(&sources->classes, &sources->opened[i], 0);
    return lend(names, count, &sources->classes, err);
}

int gaclip_recipe_stage_steps(int *steps, const GaclipRecipeStage *stage,
                              GaclipRecipeSources *sources, GaclipError *err)
{
    int images = gaclip_recipe_sources_view(sources).count;
    double wanted = ceil(stage->epochs * images / stage->options.batch_size);
    if (stage->options.steps) {
        *steps = stage->options.steps;
        return GACLIP_OK;
    }
    if (!images)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "stage \"%s\": its sources have no number of images; give "
                                "\"steps\" in place of \"epochs\"",
                                stage->name);
    *steps = wanted > INT_MAX ? INT_MAX : (int)wanted;
    return GACLIP_OK;
}
