#include "eval_data.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
    const char *name;
    GaclipDatasetFormat format;
} FORMATS[] = {
    {"auto", GACLIP_DATASET_AUTO},       {"gaclip", GACLIP_DATASET_GACLIP},
    {"coco", GACLIP_DATASET_COCO},       {"karpathy", GACLIP_DATASET_KARPATHY},
    {"voc", GACLIP_DATASET_VOC},         {"yolo", GACLIP_DATASET_YOLO},
    {"dota", GACLIP_DATASET_DOTA},       {"nwpu", GACLIP_DATASET_NWPU},
    {"rrsisd", GACLIP_DATASET_RRSISD},   {"choice", GACLIP_DATASET_CHOICE},
    {"folders", GACLIP_DATASET_FOLDERS},
};
enum { FORMAT_COUNT = sizeof FORMATS / sizeof FORMATS[0] };

static int find_format(GaclipDatasetFormat *out, const char *name, GaclipError *err)
{
    char known[256] = "";
    if (name == NULL) return GACLIP_OK;
    for (int i = 0; i < FORMAT_COUNT; i++) {
        if (!strcasecmp(name, FORMATS[i].name)) {
            *out = FORMATS[i].format;
            return GACLIP_OK;
        }
        if (i > 0) strcat(known, ", ");
        strcat(known, FORMATS[i].name);
    }
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "--input-format %s: choose one of %s", name,
                            known);
}

static int read_dataset(EvalData *data, const EvalRequest *request, GaclipError *err)
{
    GaclipDatasetReadOptions options;
    gaclip_dataset_read_options_init(&options);
    options.images = request->images;
    int status = find_format(&options.format, request->format, err);
    if (status == GACLIP_OK) status = gaclip_dataset_new(&data->dataset, err);
    if (status == GACLIP_OK)
        status = gaclip_dataset_read(data->dataset, request->dataset, &options, err);
    return status;
}

static int has_split(const GaclipDataset *dataset, const char *name)
{
    for (int i = 0; i < gaclip_dataset_image_count(dataset); i++) {
        const char *split = gaclip_dataset_image_at(dataset, i)->split;
        if (split != NULL && !strcmp(split, name)) return 1;
    }
    return 0;
}

static void choose_split(EvalData *data, const char *asked)
{
    static const char *const USUAL[] = {"test", "val"};
    data->split = asked;
    for (int i = 0; i < 2 && data->split == NULL; i++)
        if (has_split(data->dataset, USUAL[i])) data->split = USUAL[i];
}

static int open_source(EvalData *data, const EvalRequest *request, GaclipError *err)
{
    GaclipDatasetSourceOptions options;
    gaclip_dataset_source_options_init(&options);
    choose_split(data, request->split);
    options.split = data->split;
    int status = gaclip_dataset_source_new(&data->source, data->dataset, &options, err);
    if (status != GACLIP_OK) return gaclip_error_prefix(err, "%s", request->dataset);
    data->view = gaclip_dataset_source_view(data->source);
    return GACLIP_OK;
}

static int add_class(EvalData *data, const char *name, GaclipError *err)
{
    if (name == NULL) return GACLIP_OK;
    if (data->class_count == data->class_room) {
        int room = data->class_room > 0 ? 2 * data->class_room : 64;
        const char **classes = realloc(data->classes, (size_t)room * sizeof *classes);
        if (classes == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        data->classes = classes;
        data->class_room = room;
    }
    data->classes[data->class_count++] = name;
    return GACLIP_OK;
}

static int add_regions(EvalData *data, const GaclipDatasetImage *image, int objects_only,
                       GaclipError *err)
{
    int status = GACLIP_OK;
    for (int i = 0; i < image->region_count && status == GACLIP_OK; i++) {
        const GaclipDatasetRegion *region = &image->regions[i];
        if (objects_only && !region->is_object) continue;
        if (region->class_index < 0)
            status = add_class(data, region->phrase, err);
        else
            status = add_class(
                data, gaclip_dataset_class_at(data->dataset, region->class_index)->name, err);
    }
    return status;
}

/* The classes of the whole data set, so that a part of it is asked as the whole would be. */
static int gather_classes(EvalData *data, EvalProtocol protocol, GaclipError *err)
{
    int status = GACLIP_OK, count = gaclip_dataset_image_count(data->dataset);
    for (int i = 0; i < count && status == GACLIP_OK; i++) {
        const GaclipDatasetImage *image = gaclip_dataset_image_at(data->dataset, i);
        if (protocol == EVAL_CLASSIFY)
            status = add_class(data, image->scene, err);
        else
            status = add_regions(data, image, protocol == EVAL_DETECT, err);
    }
    return status;
}

static int add_classes(EvalData *data, const char *const *names, int count, GaclipError *err)
{
    int status = GACLIP_OK;
    for (int i = 0; i < count && status == GACLIP_OK; i++) status = add_class(data, names[i], err);
    return status;
}

static int find_class_split(EvalData *data, const char *name, GaclipError *err)
{
    data->class_split = gaclip_class_split_find(name);
    if (data->class_split != NULL) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                            "--class-split %s: there is no such split; choose dior or dota, or "
                            "name the novel classes with --novel",
                            name);
}

static int choose_classes(EvalData *data, const EvalRequest *request, GaclipError *err)
{
    int status = GACLIP_OK;
    if (request->class_split != NULL) {
        status = find_class_split(data, request->class_split, err);
        if (status != GACLIP_OK) return status;
        data->novel = data->class_split->novel;
        data->novel_count = data->class_split->novel_count;
        status = add_classes(data, data->class_split->base, data->class_split->base_count, err);
        if (status == GACLIP_OK) status = add_classes(data, data->novel, data->novel_count, err);
        return status;
    }
    data->novel = (const char *const *)request->novel.items;
    data->novel_count = request->novel.count;
    if (request->classes.count > 0)
        return add_classes(data, (const char *const *)request->classes.items,
                           request->classes.count, err);
    return gather_classes(data, request->protocol, err);
}

int eval_data_open(EvalData *out, const EvalRequest *request, GaclipError *err)
{
    *out = (EvalData){0};
    if (request->class_split != NULL && request->novel.count + request->classes.count > 0)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "--class-split names the classes; leave out --classes and --novel");
    int status = read_dataset(out, request, err);
    if (status == GACLIP_OK) status = open_source(out, request, err);
    if (status == GACLIP_OK && request->protocol != EVAL_RETRIEVAL &&
        request->protocol != EVAL_FINE_GRAINED)
        status = choose_classes(out, request, err);
    return status;
}

void eval_data_close(EvalData *data)
{
    gaclip_dataset_source_free(data->source);
    gaclip_dataset_free(data->dataset);
    free(data->classes);
    *data = (EvalData){0};
}
