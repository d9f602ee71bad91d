/* gaclip's own format: docs/dataset.md, docs/dataset.schema.json. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "dataset.h"
#include "json_reader.h"

enum { VERSION = 1 };

static int check_header(const GaclipJson *root, GaclipError *err)
{
    static const char *const KEYS[] = {"format",  "version", "name",    "software", "revision",
                                       "created", "command", "classes", "images",   NULL};
    GaclipJson member;
    const char *format;
    int version;
    int status = gaclip__json_need(&member, root, "format", err);
    if (!status) status = gaclip__json_text(&format, &member, err);
    if (!status && strcmp(format, "gaclip-dataset") != 0)
        status =
            gaclip__json_fail(&member, err, "is \"%.60s\" in place of \"gaclip-dataset\"", format);
    if (!status) status = gaclip__json_need(&member, root, "version", err);
    if (!status) status = gaclip__json_whole(&version, &member, 1, INT_MAX, err);
    if (!status && version > VERSION)
        status = gaclip__json_fail(&member, err, "version %d is newer than %d; update gaclip",
                                   version, VERSION);
    return status ? status : gaclip__json_keys(root, KEYS, err);
}

typedef int AddText(GaclipDataset *dataset, int index, const char *text, GaclipError *err);

/* Every text of the array of that name, if there is one, goes to add. */
static int read_texts(GaclipDataset *dataset, int index, const GaclipJson *object, const char *key,
                      AddText *add, GaclipError *err)
{
    GaclipJson list, item;
    if (!gaclip__json_find(&list, object, key)) return GACLIP_OK;
    int status = gaclip__json_array(&list, err);
    if (status) return status;
    for (int more = gaclip__json_first(&item, &list); more && !status;
         more = gaclip__json_next(&item)) {
        const char *text;
        status = gaclip__json_text(&text, &item, err);
        if (!status) status = add(dataset, index, text, err);
    }
    return status;
}

static int read_class(GaclipDataset *dataset, const GaclipJson *at, GaclipError *err)
{
    static const char *const KEYS[] = {"name", "synonyms", NULL};
    GaclipJson member;
    const char *name;
    int index;
    int status = gaclip__json_keys(at, KEYS, err);
    if (!status) status = gaclip__json_need(&member, at, "name", err);
    if (!status) status = gaclip__json_text(&name, &member, err);
    if (!status) status = gaclip__dataset_class(&index, dataset, name, err);
    return status ? status
                  : read_texts(dataset, index, at, "synonyms", gaclip__dataset_add_synonym, err);
}

static int read_negatives(GaclipDatasetRegion *region, GaclipDataset *dataset, const GaclipJson *at,
                          GaclipError *err)
{
    GaclipJson list, item;
    if (!gaclip__json_find(&list, at, "hard_negatives")) return GACLIP_OK;
    int status = gaclip__json_array(&list, err);
    if (status) return status;
    if (!region->description)
        return gaclip__json_fail(&list, err, "are there without a description to differ from");
    size_t count = (size_t)cJSON_GetArraySize(list.value);
    const char **texts = gaclip__pool_bytes(&dataset->pool, (count + 1) * sizeof *texts);
    if (!texts) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for a dataset");
    for (int more = gaclip__json_first(&item, &list); more && !status;
         more = gaclip__json_next(&item))
        status = gaclip__json_text(&texts[item.index], &item, err);
    region->negatives = texts;
    region->negative_count = (int)count;
    return status;
}

static int read_box(double box[4], const GaclipJson *region, GaclipError *err)
{
    GaclipJson at;
    int status = gaclip__json_need(&at, region, "box", err);
    if (!status) status = gaclip__json_numbers(box, 4, &at, err);
    if (status) return status;
    if (box[0] >= 0 && box[1] >= 0 && box[2] <= 1 && box[3] <= 1 && box[0] < box[2] &&
        box[1] < box[3])
        return GACLIP_OK;
    return gaclip__json_fail(&at, err,
                             "%g, %g, %g, %g is no box: x1 < x2 and y1 < y2, all of them in 0..1",
                             box[0], box[1], box[2], box[3]);
}

/* Only classes of the list: a typing error would be a class of its own. */
static int find_class(int *index, const GaclipDataset *dataset, const GaclipJson *region,
                      GaclipError *err)
{
    GaclipJson at;
    const char *name;
    if (!gaclip__json_find(&at, region, "class")) return GACLIP_OK;
    int status = gaclip__json_text(&name, &at, err);
    if (status) return status;
    for (int i = 0; i < dataset->class_count; i++)
        if (!strcmp(dataset->classes[i].name, name)) {
            *index = i;
            return GACLIP_OK;
        }
    return gaclip__json_fail(&at, err, "\"%.60s\" is not among the classes", name);
}

static int read_region(GaclipDataset *dataset, int image, const GaclipJson *at, GaclipError *err)
{
    static const char *const KEYS[] = {
        "box", "class", "phrase", "description", "hard_negatives", "difficult", "object", NULL};
    GaclipDatasetRegion region = {.class_index = -1, .is_object = 1};
    int status = gaclip__json_keys(at, KEYS, err);
    if (!status) status = read_box(region.box, at, err);
    if (!status) status = find_class(&region.class_index, dataset, at, err);
    if (!status) status = gaclip__json_text_of(&region.phrase, at, "phrase", err);
    if (!status) status = gaclip__json_text_of(&region.description, at, "description", err);
    if (!status && region.class_index < 0 && !region.phrase && !region.description)
        status = gaclip__json_fail(at, err, "has neither class nor phrase nor description");
    if (!status) status = read_negatives(&region, dataset, at, err);
    if (!status) status = gaclip__json_flag_of(&region.is_difficult, at, "difficult", err);
    if (!status) status = gaclip__json_flag_of(&region.is_object, at, "object", err);
    return status ? status : gaclip__dataset_add_region(dataset, image, &region, err);
}

static int read_regions(GaclipDataset *dataset, int image, const GaclipJson *at, GaclipError *err)
{
    GaclipJson list, item;
    if (!gaclip__json_find(&list, at, "regions")) return GACLIP_OK;
    int status = gaclip__json_array(&list, err);
    if (status) return status;
    for (int more = gaclip__json_first(&item, &list); more && !status;
         more = gaclip__json_next(&item))
        status = read_region(dataset, image, &item, err);
    return status;
}

static int read_size(GaclipDatasetImage *image, const GaclipJson *at, GaclipError *err)
{
    GaclipJson member;
    int status = gaclip__json_need(&member, at, "width", err);
    if (!status) status = gaclip__json_whole(&image->width, &member, 1, INT_MAX, err);
    if (!status) status = gaclip__json_need(&member, at, "height", err);
    if (!status) status = gaclip__json_whole(&image->height, &member, 1, INT_MAX, err);
    return status;
}

static int is_pixel(double place)
{
    return place >= 0 && place <= INT_MAX && place == floor(place);
}

static int read_place(GaclipDatasetImage *image, const GaclipJson *at, GaclipError *err)
{
    GaclipJson member;
    double corner[2] = {0};
    int status = GACLIP_OK;
    if (gaclip__json_find(&member, at, "window")) {
        status = gaclip__json_numbers(corner, 2, &member, err);
        image->is_window = 1;
        if (!status && !(is_pixel(corner[0]) && is_pixel(corner[1])))
            status = gaclip__json_fail(&member, err, "is no pixel of a raster: column, row");
        if (status) return status;
        image->x = (int)corner[0];
        image->y = (int)corner[1];
    }
    if (!status && gaclip__json_find(&member, at, "geotransform")) {
        status = gaclip__json_numbers(image->geotransform, 6, &member, err);
        image->has_geotransform = 1;
    }
    if (!status) status = gaclip__json_text_of(&image->crs, at, "crs", err);
    return status ? status : gaclip__json_number_of(&image->gsd, at, "gsd", 1e-6, 1e6, err);
}

static int read_image(const GaclipDatasetReading *r, const GaclipJson *at, GaclipError *err)
{
    static const char *const KEYS[] = {"path",   "width",    "height",           "window",
                                       "crs",    "gsd",      "geotransform",     "split",
                                       "scene",  "captions", "detailed_caption", "annotated",
                                       "source", "licence",  "regions",          NULL};
    GaclipDatasetImage image = {.split = r->split, .source = r->source, .licence = r->licence};
    GaclipJson member;
    const char *name;
    int index;
    int status = gaclip__json_keys(at, KEYS, err);
    if (!status) status = gaclip__json_need(&member, at, "path", err);
    if (!status) status = gaclip__json_text(&name, &member, err);
    if (!status) status = read_size(&image, at, err);
    if (!status) status = read_place(&image, at, err);
    if (!status) status = gaclip__json_text_of(&image.split, at, "split", err);
    if (!status) status = gaclip__json_text_of(&image.scene, at, "scene", err);
    if (!status) status = gaclip__json_text_of(&image.detailed, at, "detailed_caption", err);
    if (!status) status = gaclip__json_flag_of(&image.is_annotated, at, "annotated", err);
    if (!status && !image.source) status = gaclip__json_text_of(&image.source, at, "source", err);
    if (!status && !image.licence)
        status = gaclip__json_text_of(&image.licence, at, "licence", err);
    if (!r->is_annotated) image.is_annotated = 0;
    if (!status) status = gaclip__dataset_find_file(&image.path, r, name, err);
    if (!status) status = gaclip__dataset_add_image(&index, r->dataset, &image, err);
    if (!status)
        status = read_texts(r->dataset, index, at, "captions", gaclip__dataset_add_caption, err);
    return status ? status : read_regions(r->dataset, index, at, err);
}

static int read_file(const GaclipDatasetReading *r, const GaclipJson *root, GaclipError *err)
{
    GaclipJson list, item;
    int status = check_header(root, err);
    if (!status) status = gaclip__json_need(&list, root, "classes", err);
    if (!status) status = gaclip__json_array(&list, err);
    if (status) return status;
    for (int more = gaclip__json_first(&item, &list); more && !status;
         more = gaclip__json_next(&item))
        status = read_class(r->dataset, &item, err);
    if (!status) status = gaclip__json_need(&list, root, "images", err);
    if (!status) status = gaclip__json_array(&list, err);
    if (status) return status;
    for (int more = gaclip__json_first(&item, &list); more && !status;
         more = gaclip__json_next(&item))
        status = read_image(r, &item, err);
    return status;
}

int gaclip__dataset_read_json(const GaclipDatasetReading *r, GaclipError *err)
{
    GaclipJson root;
    int status = gaclip__json_open(&root, r->path, err);
    if (status) return status;
    status = read_file(r, &root, err);
    gaclip__json_close(&root);
    return status;
}
