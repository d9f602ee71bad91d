/* RRSIS-D as its authors share it (Liu et al., 2024; https://github.com/Lsan2401/RMSIN): a folder
 * with "rrsisd/instances.json", "rrsisd/refs(unc).p" and "images/rrsisd/JPEGImages". The first is
 * like COCO's, but "bbox" holds two corners and the class is "categories_id"; the second is a
 * pickle of expressions, {"ann_id", "split", "sentences": [{"sent"}]}, each of which becomes the
 * description of its region. An image holds more objects than the one that is spoken of. */
#include <cpl_conv.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "dataset.h"
#include "folder.h"
#include "json_reader.h"
#include "plain_pickle.h"

/* Bytes of the pickle, at most: the published one has a few million, and every byte may become a
 * value of some eighty bytes. */
enum { LARGEST_PICKLE = 32 << 20 };

/* An entry of instances.json by its number. */
typedef struct Entry {
    int id;
    GaclipJson at;
} Entry;

typedef struct EntryList {
    Entry *items; /* (count) sorted by id */
    int count;
} EntryList;

typedef struct Rrsisd {
    const GaclipDatasetReading *reading;
    GaclipJson lists[3]; /* annotations, images, categories */
    EntryList annotations, images, categories;
} Rrsisd;

static int compare_entries(const void *a, const void *b)
{
    const Entry *left = a, *right = b;
    return (left->id > right->id) - (left->id < right->id);
}

static const GaclipJson *find(const EntryList *list, int id)
{
    Entry wanted = {.id = id};
    const Entry *found = list->count ? bsearch(&wanted, list->items, (size_t)list->count,
                                               sizeof wanted, compare_entries)
                                     : NULL;
    return found ? &found->at : NULL;
}

static int whole_of(int *out, const GaclipJson *object, const char *key, GaclipError *err)
{
    GaclipJson member;
    int status = gaclip__json_need(&member, object, key, err);
    return status ? status : gaclip__json_whole(out, &member, INT_MIN, INT_MAX, err);
}

static int need_text(const char **out, const GaclipJson *object, const char *key, GaclipError *err)
{
    GaclipJson member;
    int status = gaclip__json_need(&member, object, key, err);
    return status ? status : gaclip__json_text(out, &member, err);
}

static int index_list(EntryList *out, GaclipJson *list, const GaclipJson *root, const char *key,
                      GaclipError *err)
{
    GaclipJson item;
    int status = gaclip__json_need(list, root, key, err);
    if (!status) status = gaclip__json_array(list, err);
    if (status) return status;
    out->items = calloc((size_t)cJSON_GetArraySize(list->value) + 1, sizeof *out->items);
    if (!out->items) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int more = gaclip__json_first(&item, list); more && !status;
         more = gaclip__json_next(&item)) {
        Entry *entry = &out->items[out->count++];
        entry->at = item;
        status = gaclip__json_object(&item, err);
        if (!status) status = whole_of(&entry->id, &item, "id", err);
    }
    if (out->count) qsort(out->items, (size_t)out->count, sizeof *out->items, compare_entries);
    return status;
}

static int read_box(double box[4], const GaclipJson *annotation, const GaclipDatasetImage *image,
                    GaclipError *err)
{
    GaclipJson member;
    double b[4];
    int status = gaclip__json_need(&member, annotation, "bbox", err);
    if (!status) status = gaclip__json_numbers(b, 4, &member, err);
    if (status) return status;
    if (b[2] < b[0] || b[3] < b[1])
        return gaclip__json_fail(&member, err, "ends before it begins (x1, y1, x2, y2)");
    for (int i = 0; i < 4; i++) box[i] = b[i] / (i % 2 ? image->height : image->width);
    return GACLIP_OK;
}

/* The entry that a member of at names. */
static int follow(const GaclipJson **out, const EntryList *list, const GaclipJson *at,
                  const char *key, GaclipError *err)
{
    int id, status = whole_of(&id, at, key, err);
    if (status) return status;
    *out = find(list, id);
    return *out ? GACLIP_OK
                : gaclip__json_fail(at, err, "its %s %d is not in instances.json", key, id);
}

static int add_reference(const Rrsisd *r, const GaclipJson *annotation, const char *split,
                         const char *sentence, GaclipError *err)
{
    GaclipDataset *dataset = r->reading->dataset;
    GaclipDatasetReading reading = *r->reading;
    GaclipDatasetRegion region = {.is_object = 1};
    const GaclipJson *image, *category;
    const char *file, *name;
    int index;
    int status = follow(&image, &r->images, annotation, "image_id", err);
    if (!status) status = follow(&category, &r->categories, annotation, "categories_id", err);
    if (!status) status = need_text(&file, image, "file_name", err);
    if (!status) status = need_text(&name, category, "name", err);
    reading.split = split;
    if (!status) status = gaclip__dataset_add_file(&index, &reading, file, err);
    if (!status) status = gaclip__dataset_measure(&dataset->images[index], err);
    if (status) return status;
    dataset->images[index].is_annotated = 0;
    status = read_box(region.box, annotation, &dataset->images[index], err);
    if (!status) status = gaclip__dataset_class(&region.class_index, dataset, name, err);
    if (!status) status = gaclip__dataset_text(&region.description, dataset, sentence, err);
    return status ? status : gaclip__dataset_add_region(dataset, index, &region, err);
}

static int read_reference(const Rrsisd *r, const GaclipJson *at, GaclipError *err)
{
    const GaclipJson *annotation;
    const char *split, *sentence;
    GaclipJson list, item;
    int status = gaclip__json_object(at, err);
    if (!status) status = follow(&annotation, &r->annotations, at, "ann_id", err);
    if (!status) status = need_text(&split, at, "split", err);
    if (!status) status = gaclip__json_need(&list, at, "sentences", err);
    if (!status) status = gaclip__json_array(&list, err);
    if (status) return status;
    for (int more = gaclip__json_first(&item, &list); more && !status;
         more = gaclip__json_next(&item)) {
        status = gaclip__json_object(&item, err);
        if (!status) status = need_text(&sentence, &item, "sent", err);
        if (!status) status = add_reference(r, annotation, split, sentence, err);
    }
    return status;
}

static int read_references(const Rrsisd *r, const char *path, GaclipError *err)
{
    GByte *bytes = NULL;
    vsi_l_offset size = 0;
    cJSON *data;
    GaclipJson item;
    if (!VSIIngestFile(NULL, path, &bytes, &size, LARGEST_PICKLE))
        return gaclip_error_set(err, GACLIP_ERROR_IO, "%s: cannot be read", path);
    int status = gaclip__plain_pickle(&data, bytes, (size_t)size, path, err);
    CPLFree(bytes);
    if (status) return status;
    GaclipJson root = {.file = path, .value = data};
    status = gaclip__json_array(&root, err);
    for (int more = !status && gaclip__json_first(&item, &root); more && !status;
         more = gaclip__json_next(&item))
        status = read_reference(r, &item, err);
    cJSON_Delete(data);
    return status;
}

static int read_instances(Rrsisd *r, const GaclipJson *root, const char *references,
                          GaclipError *err)
{
    int status = gaclip__json_object(root, err);
    if (!status) status = index_list(&r->annotations, &r->lists[0], root, "annotations", err);
    if (!status) status = index_list(&r->images, &r->lists[1], root, "images", err);
    if (!status) status = index_list(&r->categories, &r->lists[2], root, "categories", err);
    for (int c = 0; c < r->categories.count && !status; c++) {
        const char *name;
        int index;
        status = need_text(&name, &r->categories.items[c].at, "name", err);
        if (!status) status = gaclip__dataset_class(&index, r->reading->dataset, name, err);
    }
    if (!status) status = read_references(r, references, err);
    free(r->annotations.items);
    free(r->images.items);
    free(r->categories.items);
    return status;
}

int gaclip__dataset_read_rrsisd(const GaclipDatasetReading *reading, GaclipError *err)
{
    GaclipDatasetReading inner = *reading;
    Rrsisd r = {.reading = &inner};
    GaclipJson root;
    char *folder = gaclip__inner_folder(reading->path, "rrsisd");
    char *instances = CPLStrdup(CPLFormFilename(folder, "instances.json", NULL));
    char *references = CPLStrdup(CPLFormFilename(folder, "refs(unc).p", NULL));
    char *images = gaclip__inner_folder(reading->path, "images/rrsisd/JPEGImages");
    if (!reading->images) inner.folder = images;
    if (!inner.source) inner.source = "RRSIS-D";
    int status = gaclip__json_open(&root, instances, err);
    if (!status) {
        status = read_instances(&r, &root, references, err);
        gaclip__json_close(&root);
    }
    CPLFree(folder);
    CPLFree(instances);
    CPLFree(references);
    CPLFree(images);
    return status;
}
