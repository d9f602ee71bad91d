/* COCO's JSON (https://cocodataset.org/#format-data): images, annotations with "bbox" in pixels or
 * with "caption", categories. Two keys beyond it: "synonyms" of a category, a list of names. */
#include <limits.h>
#include <stdlib.h>

#include "dataset.h"
#include "json_reader.h"

/* From the file's numbers to indices of the dataset. */
typedef struct Id {
    int id, index;
} Id;

typedef struct IdList {
    Id *items; /* (count) sorted by id */
    int count;
} IdList;

typedef struct Coco {
    GaclipDatasetReading reading;
    const GaclipJson *root;
    IdList images, classes;
} Coco;

static int compare_ids(const void *a, const void *b)
{
    const Id *left = a, *right = b;
    return (left->id > right->id) - (left->id < right->id);
}

static int find_id(int *index, const IdList *list, int id)
{
    Id wanted = {.id = id};
    if (!list->count) return 0;
    const Id *found =
        bsearch(&wanted, list->items, (size_t)list->count, sizeof wanted, compare_ids);
    if (found) *index = found->index;
    return found != NULL;
}

static int start_ids(IdList *list, const GaclipJson *array, GaclipError *err)
{
    list->items = calloc((size_t)cJSON_GetArraySize(array->value) + 1, sizeof *list->items);
    return list->items ? GACLIP_OK : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}

static int sort_ids(IdList *list, const GaclipJson *array, GaclipError *err)
{
    if (list->count) qsort(list->items, (size_t)list->count, sizeof *list->items, compare_ids);
    for (int i = 1; i < list->count; i++)
        if (list->items[i].id == list->items[i - 1].id)
            return gaclip__json_fail(array, err, "the id %d is there twice", list->items[i].id);
    return GACLIP_OK;
}

static int read_id(int *id, const GaclipJson *object, const char *key, GaclipError *err)
{
    GaclipJson member;
    int status = gaclip__json_need(&member, object, key, err);
    return status ? status : gaclip__json_whole(id, &member, INT_MIN, INT_MAX, err);
}

static int read_synonyms(Coco *coco, int class_index, const GaclipJson *category, GaclipError *err)
{
    GaclipJson list, item;
    if (!gaclip__json_find(&list, category, "synonyms")) return GACLIP_OK;
    int status = gaclip__json_array(&list, err);
    if (status) return status;
    for (int more = gaclip__json_first(&item, &list); more; more = gaclip__json_next(&item)) {
        const char *text;
        status = gaclip__json_text(&text, &item, err);
        if (!status)
            status = gaclip__dataset_add_synonym(coco->reading.dataset, class_index, text, err);
        if (status) return status;
    }
    return GACLIP_OK;
}

static int read_category(Coco *coco, const GaclipJson *category, GaclipError *err)
{
    Id *id = &coco->classes.items[coco->classes.count];
    const char *name;
    GaclipJson member;
    int status = gaclip__json_object(category, err);
    if (!status) status = read_id(&id->id, category, "id", err);
    if (!status) status = gaclip__json_need(&member, category, "name", err);
    if (!status) status = gaclip__json_text(&name, &member, err);
    if (!status) status = gaclip__dataset_class(&id->index, coco->reading.dataset, name, err);
    if (!status) status = read_synonyms(coco, id->index, category, err);
    coco->classes.count++;
    return status;
}

/* The name of the image's licence, where the file lists it. */
static int read_licence(const char **out, const Coco *coco, const GaclipJson *image,
                        GaclipError *err)
{
    GaclipJson member, list, item;
    int wanted, id, status;
    if (!gaclip__json_find(&member, image, "license") ||
        !gaclip__json_find(&list, coco->root, "licenses"))
        return GACLIP_OK;
    status = gaclip__json_whole(&wanted, &member, INT_MIN, INT_MAX, err);
    if (!status) status = gaclip__json_array(&list, err);
    if (status) return status;
    for (int more = gaclip__json_first(&item, &list); more; more = gaclip__json_next(&item)) {
        status = read_id(&id, &item, "id", err);
        if (status) return status;
        if (id == wanted) return gaclip__json_text_of(out, &item, "name", err);
    }
    return GACLIP_OK;
}

static int read_image(Coco *coco, const GaclipJson *image, GaclipError *err)
{
    GaclipDataset *dataset = coco->reading.dataset;
    GaclipDatasetReading reading = coco->reading;
    Id *id = &coco->images.items[coco->images.count];
    const char *name;
    int width = 0, height = 0;
    GaclipJson member;
    int status = gaclip__json_object(image, err);
    if (!status) status = read_id(&id->id, image, "id", err);
    if (!status) status = gaclip__json_need(&member, image, "file_name", err);
    if (!status) status = gaclip__json_text(&name, &member, err);
    if (!status) status = gaclip__json_whole_of(&width, image, "width", 1, INT_MAX, err);
    if (!status) status = gaclip__json_whole_of(&height, image, "height", 1, INT_MAX, err);
    if (!status && !reading.licence) status = read_licence(&reading.licence, coco, image, err);
    if (!status) status = gaclip__dataset_add_file(&id->index, &reading, name, err);
    if (status) return status;
    coco->images.count++;
    dataset->images[id->index].width = height ? width : 0;
    dataset->images[id->index].height = width ? height : 0;
    return gaclip__dataset_measure(&dataset->images[id->index], err);
}

static int read_box(double box[4], const GaclipDatasetImage *image, const GaclipJson *bbox,
                    GaclipError *err)
{
    double b[4];
    int status = gaclip__json_numbers(b, 4, bbox, err);
    if (status) return status;
    if (b[2] < 0 || b[3] < 0)
        return gaclip__json_fail(bbox, err, "has a negative width or height (x, y, width, height)");
    box[0] = b[0] / image->width;
    box[1] = b[1] / image->height;
    box[2] = (b[0] + b[2]) / image->width;
    box[3] = (b[1] + b[3]) / image->height;
    return GACLIP_OK;
}

static int read_class(int *index, const Coco *coco, const GaclipJson *annotation, GaclipError *err)
{
    int id, status = read_id(&id, annotation, "category_id", err);
    if (status || find_id(index, &coco->classes, id)) return status;
    return gaclip__json_fail(annotation, err, "its category_id %d is not among the categories", id);
}

static int read_annotation(Coco *coco, const GaclipJson *annotation, GaclipError *err)
{
    GaclipDataset *dataset = coco->reading.dataset;
    GaclipDatasetRegion region = {.is_object = 1};
    GaclipJson bbox;
    const char *caption = NULL;
    int id, image = 0, is_crowd = 0;
    int status = gaclip__json_object(annotation, err);
    if (!status) status = read_id(&id, annotation, "image_id", err);
    if (!status && !find_id(&image, &coco->images, id))
        status = gaclip__json_fail(annotation, err, "its image_id %d is not among the images", id);
    if (!status) status = gaclip__json_text_of(&caption, annotation, "caption", err);
    if (status) return status;
    if (caption) return gaclip__dataset_add_caption(dataset, image, caption, err);
    status = gaclip__json_need(&bbox, annotation, "bbox", err);
    if (!status) status = read_box(region.box, &dataset->images[image], &bbox, err);
    if (!status) status = read_class(&region.class_index, coco, annotation, err);
    if (!status) status = gaclip__json_whole_of(&is_crowd, annotation, "iscrowd", 0, 1, err);
    if (status) return status;
    if (is_crowd) { /* a group whose members have no boxes */
        dataset->images[image].is_annotated = 0;
        return GACLIP_OK;
    }
    return gaclip__dataset_add_region(dataset, image, &region, err);
}

typedef int ReadItem(Coco *coco, const GaclipJson *item, GaclipError *err);

static int read_list(Coco *coco, const char *key, IdList *ids, ReadItem *read, GaclipError *err)
{
    GaclipJson list, item;
    int status = gaclip__json_need(&list, coco->root, key, err);
    if (!status) status = gaclip__json_array(&list, err);
    if (!status && ids) status = start_ids(ids, &list, err);
    if (status) return status;
    for (int more = gaclip__json_first(&item, &list); more && !status;
         more = gaclip__json_next(&item))
        status = read(coco, &item, err);
    return status || !ids ? status : sort_ids(ids, &list, err);
}

static int read_source(Coco *coco, GaclipError *err)
{
    GaclipJson info;
    if (coco->reading.source || !gaclip__json_find(&info, coco->root, "info")) return GACLIP_OK;
    return gaclip__json_text_of(&coco->reading.source, &info, "description", err);
}

static int read_file(Coco *coco, GaclipError *err)
{
    GaclipJson categories;
    int status = gaclip__json_object(coco->root, err);
    int has_categories = !status && gaclip__json_find(&categories, coco->root, "categories");
    if (!has_categories) coco->reading.is_annotated = 0; /* captions alone */
    if (!status) status = read_source(coco, err);
    if (has_categories && !status)
        status = read_list(coco, "categories", &coco->classes, read_category, err);
    if (!status) status = read_list(coco, "images", &coco->images, read_image, err);
    if (!status) status = read_list(coco, "annotations", NULL, read_annotation, err);
    return status;
}

int gaclip__dataset_read_coco(const GaclipDatasetReading *r, GaclipError *err)
{
    GaclipJson root;
    int status = gaclip__json_open(&root, r->path, err);
    if (status) return status;
    Coco coco = {.reading = *r, .root = &root};
    status = read_file(&coco, err);
    free(coco.images.items);
    free(coco.classes.items);
    gaclip__json_close(&root);
    return status;
}
