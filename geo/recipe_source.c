/* Where a stage's samples come from. */
#include <string.h>

#include "gaclip/dataset_source.h"
#include "recipe.h"

static int read_source(GaclipRecipeSource *source, GaclipRecipe *recipe, const GaclipJson *at,
                       GaclipError *err);

static int need_file(const char **out, GaclipRecipe *recipe, const GaclipJson *at, const char *key,
                     GaclipError *err)
{
    int status = gaclip__recipe_file(out, recipe, at, key, err);
    return status || *out ? status : gaclip__json_fail(at, err, "has no \"%s\"", key);
}

static int read_dataset(GaclipRecipeSource *s, GaclipRecipe *recipe, const GaclipJson *at,
                        GaclipError *err)
{
    static const char *const KEYS[] = {"type",      "path",         "images", "classes",
                                       "split",     "exclude",      "weight", "object_share",
                                       "annotated", "object_below", "zoom",   NULL};
    int status = gaclip__json_keys(at, KEYS, err);
    if (!status) status = need_file(&s->path, recipe, at, "path", err);
    if (!status) status = gaclip__recipe_file(&s->images, recipe, at, "images", err);
    if (!status) status = gaclip__recipe_file(&s->classes, recipe, at, "classes", err);
    if (!status) status = gaclip__recipe_text(&s->split, recipe, at, "split", err);
    if (!status) status = gaclip__recipe_text(&s->exclude, recipe, at, "exclude", err);
    if (!status) status = gaclip__json_flag_of(&s->is_annotated, at, "annotated", err);
    if (!status) status = gaclip__json_number_of(&s->object_below, at, "object_below", 0, 1e6, err);
    if (!status) status = gaclip__json_number_of(&s->zoom, at, "zoom", 0.01, 100, err);
    return status;
}

static int read_scene(GaclipRecipeSource *s, GaclipRecipe *recipe, const GaclipJson *at,
                      GaclipError *err)
{
    static const char *const KEYS[] = {"type",        "raster", "annotations",  "layer",
                                       "class_field", "class",  "where",        "point_size",
                                       "gsd",         "weight", "object_share", NULL};
    GaclipAnnotationOptions *o = &s->annotation_options;
    int status = gaclip__json_keys(at, KEYS, err);
    s->type = GACLIP_RECIPE_SCENE;
    if (!status) status = need_file(&s->path, recipe, at, "raster", err);
    if (!status) status = need_file(&s->annotations, recipe, at, "annotations", err);
    if (!status) status = gaclip__recipe_text(&o->layer, recipe, at, "layer", err);
    if (!status) status = gaclip__recipe_text(&o->class_field, recipe, at, "class_field", err);
    if (!status) status = gaclip__recipe_text(&o->class_name, recipe, at, "class", err);
    if (!status) status = gaclip__recipe_text(&o->where, recipe, at, "where", err);
    if (!status) status = gaclip__json_number_of(&o->point_size, at, "point_size", 1e-6, 1e6, err);
    if (!status) status = gaclip__json_number_of(&s->gsd, at, "gsd", 1e-6, 1e6, err);
    if (!status && !o->class_field == !o->class_name)
        status = gaclip__json_fail(at, err,
                                   "needs one of \"class_field\" (a field of the layer) "
                                   "and \"class\" (the class of all features)");
    return status;
}

static int read_grid(GaclipMosaicOptions *options, const GaclipJson *at, GaclipError *err)
{
    double low = options->smallest_grid, high = options->largest_grid;
    int status = gaclip__recipe_range(&low, &high, at, "cells", 1, 8, err);
    options->smallest_grid = (int)low;
    options->largest_grid = (int)high;
    if (!status && (low != options->smallest_grid || high != options->largest_grid))
        status = gaclip__json_fail(at, err, "\"cells\" are no whole numbers");
    return status;
}

static int read_mosaic(GaclipRecipeSource *s, GaclipRecipe *recipe, const GaclipJson *at,
                       GaclipError *err)
{
    static const char *const KEYS[] = {"type", "cells", "mixed", "source", "weight", NULL};
    GaclipRecipeSource *cells = gaclip__pool_bytes(&recipe->pool, sizeof *cells);
    GaclipJson member;
    int status = gaclip__json_keys(at, KEYS, err);
    if (!cells) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for a recipe");
    s->type = GACLIP_RECIPE_MOSAIC;
    s->cells = cells;
    gaclip_mosaic_options_init(&s->mosaic);
    if (!status) status = read_grid(&s->mosaic, at, err);
    if (!status) status = gaclip__json_number_of(&s->mosaic.mixed_share, at, "mixed", 0, 1, err);
    if (!status) status = gaclip__json_need(&member, at, "source", err);
    if (!status) status = read_source(cells, recipe, &member, err);
    if (!status && cells->type != GACLIP_RECIPE_DATASET)
        status = gaclip__json_fail(&member, err, "gives no captions: name a dataset");
    return status;
}

/* Names of the types, and what each of them is. */
static const struct {
    const char *name;
    int (*read)(GaclipRecipeSource *s, GaclipRecipe *recipe, const GaclipJson *at,
                GaclipError *err);
    GaclipDatasetFormat format;
} TYPES[] = {
    {"dataset", read_dataset, GACLIP_DATASET_GACLIP},
    {"captions", read_dataset, GACLIP_DATASET_KARPATHY},
    {"coco", read_dataset, GACLIP_DATASET_COCO},
    {"voc", read_dataset, GACLIP_DATASET_VOC},
    {"yolo", read_dataset, GACLIP_DATASET_YOLO},
    {"dota", read_dataset, GACLIP_DATASET_DOTA},
    {"nwpu", read_dataset, GACLIP_DATASET_NWPU},
    {"rrsisd", read_dataset, GACLIP_DATASET_RRSISD},
    {"choice", read_dataset, GACLIP_DATASET_CHOICE},
    {"folders", read_dataset, GACLIP_DATASET_FOLDERS},
    {"scene", read_scene, GACLIP_DATASET_AUTO},
    {"mosaic", read_mosaic, GACLIP_DATASET_AUTO},
};

enum { TYPE_COUNT = sizeof TYPES / sizeof *TYPES };

static int read_source(GaclipRecipeSource *source, GaclipRecipe *recipe, const GaclipJson *at,
                       GaclipError *err)
{
    GaclipDatasetSourceOptions defaults;
    GaclipJson type;
    const char *name;
    int t = 0;
    gaclip_dataset_source_options_init(&defaults);
    *source = (GaclipRecipeSource){.weight = 1,
                                   .object_share = defaults.object_share,
                                   .zoom = defaults.zoom,
                                   .is_annotated = 1};
    gaclip_annotation_options_init(&source->annotation_options);
    int status = gaclip__json_object(at, err);
    if (!status) status = gaclip__json_need(&type, at, "type", err);
    if (!status) status = gaclip__json_text(&name, &type, err);
    if (status) return status;
    while (t < TYPE_COUNT && strcmp(TYPES[t].name, name) != 0) t++;
    if (t == TYPE_COUNT)
        return gaclip__json_fail(&type, err,
                                 "\"%.40s\" is none of dataset, captions, coco, voc, "
                                 "yolo, dota, nwpu, rrsisd, choice, folders, scene, mosaic",
                                 name);
    source->format = TYPES[t].format;
    status = TYPES[t].read(source, recipe, at, err);
    if (!status) status = gaclip__json_number_of(&source->weight, at, "weight", 0, 1e9, err);
    if (!status)
        status = gaclip__json_number_of(&source->object_share, at, "object_share", 0, 1, err);
    return status;
}

int gaclip__recipe_read_sources(const GaclipRecipeSource **out, int *count, GaclipRecipe *recipe,
                                const GaclipJson *at, GaclipError *err)
{
    GaclipJson list, item;
    double sum = 0;
    int status = gaclip__json_need(&list, at, "sources", err);
    if (!status) status = gaclip__json_array(&list, err);
    if (status) return status;
    size_t size = (size_t)cJSON_GetArraySize(list.value);
    GaclipRecipeSource *sources = gaclip__pool_bytes(&recipe->pool, (size + 1) * sizeof *sources);
    if (!sources) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for a recipe");
    for (int more = gaclip__json_first(&item, &list); more && !status;
         more = gaclip__json_next(&item)) {
        status = read_source(&sources[item.index], recipe, &item, err);
        sum += sources[item.index].weight;
    }
    if (!status && !(sum > 0))
        status = gaclip__json_fail(&list, err, "has no source with a weight above 0");
    *out = sources;
    *count = (int)size;
    return status;
}
