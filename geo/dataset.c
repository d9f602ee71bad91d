/* The dataset in memory, and the choice of the reader. */
#include "dataset.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <ctype.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "readable_name.h"

enum { LONGEST_NAME = 256 };

int gaclip_dataset_new(GaclipDataset **out, GaclipError *err)
{
    *out = calloc(1, sizeof **out);
    return *out ? GACLIP_OK : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}

void gaclip__dataset_forget_image(GaclipDatasetImage *image)
{
    free((void *)(uintptr_t)image->captions);
    free(image->regions);
}

void gaclip_dataset_free(GaclipDataset *dataset)
{
    if (!dataset) return;
    for (int i = 0; i < dataset->image_count; i++)
        gaclip__dataset_forget_image(&dataset->images[i]);
    for (int i = 0; i < dataset->class_count; i++)
        free((void *)(uintptr_t)dataset->classes[i].synonyms);
    free(dataset->images);
    free(dataset->classes);
    gaclip__pool_free(&dataset->pool);
    free(dataset);
}

int gaclip_dataset_image_count(const GaclipDataset *dataset)
{
    return dataset->image_count;
}

const GaclipDatasetImage *gaclip_dataset_image_at(const GaclipDataset *dataset, int index)
{
    return &dataset->images[index];
}

int gaclip_dataset_class_count(const GaclipDataset *dataset)
{
    return dataset->class_count;
}

const GaclipDatasetClass *gaclip_dataset_class_at(const GaclipDataset *dataset, int index)
{
    return &dataset->classes[index];
}

int gaclip_dataset_dropped_count(const GaclipDataset *dataset)
{
    return dataset->dropped_count;
}

/* Room for one more element behind count of them: arrays grow at powers of two. */
static int reserve(void **array, int count, size_t size, GaclipError *err)
{
    if (count & (count - 1)) return GACLIP_OK;
    void *grown = realloc(*array, (count ? 2 * (size_t)count : 1) * size);
    if (!grown) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for a dataset");
    *array = grown;
    return GACLIP_OK;
}

int gaclip__dataset_text(const char **out, GaclipDataset *dataset, const char *text,
                         GaclipError *err)
{
    *out = NULL;
    if (!text) return GACLIP_OK;
    while (isspace((unsigned char)*text)) text++;
    size_t length = strlen(text);
    while (length > 0 && isspace((unsigned char)text[length - 1])) length--;
    *out = gaclip__pool_text(&dataset->pool, text, length);
    return *out ? GACLIP_OK
                : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for a dataset");
}

int gaclip__dataset_name(const char **out, GaclipDataset *dataset, const char *text,
                         GaclipError *err)
{
    char readable[LONGEST_NAME];
    if (text) gaclip__readable_name(readable, sizeof readable, text);
    return gaclip__dataset_text(out, dataset, text ? readable : NULL, err);
}

static int keep_texts(GaclipDatasetImage *image, GaclipDataset *dataset, GaclipError *err)
{
    const char **const texts[] = {&image->path,     &image->crs,    &image->split,
                                  &image->detailed, &image->source, &image->licence};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int status = gaclip__dataset_text(texts[i], dataset, *texts[i], err);
        if (status) return status;
    }
    return gaclip__dataset_name(&image->scene, dataset, image->scene, err);
}

int gaclip__dataset_add_image(int *index, GaclipDataset *dataset, const GaclipDatasetImage *image,
                              GaclipError *err)
{
    void *images = dataset->images;
    GaclipDatasetImage copy = *image;
    int status = reserve(&images, dataset->image_count, sizeof copy, err);
    dataset->images = images;
    if (!status) status = keep_texts(&copy, dataset, err);
    if (status) return status;
    copy.captions = NULL;
    copy.regions = NULL;
    copy.caption_count = copy.region_count = 0;
    dataset->images[dataset->image_count] = copy;
    *index = dataset->image_count++;
    return GACLIP_OK;
}

int gaclip__dataset_find_file(const char **path, const GaclipDatasetReading *r, const char *name,
                              GaclipError *err)
{
    VSIStatBufL facts;
    int is_here = !strcmp(r->folder, ".");
    const char *full = is_here ? name : CPLProjectRelativeFilename(r->folder, name);
    int is_file = !VSIStatExL(full, &facts, VSI_STAT_EXISTS_FLAG);
    /* Subdatasets and the like, "NETCDF:a.nc:b", are nothing that could be looked for. */
    if (!is_file && !strchr(name, ':'))
        return gaclip_error_set(err, GACLIP_ERROR_IO,
                                "%s: its image %s is not there; name the images' folder", r->path,
                                full);
    if (!is_file) full = name;
    return gaclip__dataset_text(path, r->dataset, full, err);
}

int gaclip__dataset_add_file(int *index, const GaclipDatasetReading *r, const char *name,
                             GaclipError *err)
{
    GaclipDatasetImage image = {.split = r->split,
                                .source = r->source ? r->source : r->name,
                                .licence = r->licence,
                                .is_annotated = r->is_annotated};
    int status = gaclip__dataset_find_file(&image.path, r, name, err);
    return status ? status : gaclip__dataset_add_image(index, r->dataset, &image, err);
}

int gaclip__dataset_add_caption(GaclipDataset *dataset, int image, const char *text,
                                GaclipError *err)
{
    GaclipDatasetImage *i = &dataset->images[image];
    void *captions = (void *)(uintptr_t)i->captions;
    const char *kept;
    int status = gaclip__dataset_text(&kept, dataset, text, err);
    if (!status) status = reserve(&captions, i->caption_count, sizeof kept, err);
    i->captions = captions;
    if (!status) ((const char **)captions)[i->caption_count++] = kept;
    return status;
}

static int keep_negatives(GaclipDatasetRegion *region, GaclipDataset *dataset, GaclipError *err)
{
    size_t count = (size_t)region->negative_count;
    if (count == 0) {
        region->negatives = NULL;
        return GACLIP_OK;
    }
    const char **kept = gaclip__pool_bytes(&dataset->pool, count * sizeof *kept);
    if (!kept) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for a dataset");
    for (size_t i = 0; i < count; i++) {
        int status = gaclip__dataset_text(&kept[i], dataset, region->negatives[i], err);
        if (status) return status;
    }
    region->negatives = kept;
    return GACLIP_OK;
}

/* Rounded to what is written, so that a dataset measures the same before and after; it is a
 * ten-thousandth of a pixel of the largest images. */
static int clip(double box[4])
{
    for (int i = 0; i < 4; i++) box[i] = round(fmin(fmax(box[i], 0), 1) * 1e8) / 1e8;
    return box[2] > box[0] && box[3] > box[1];
}

int gaclip__dataset_add_region(GaclipDataset *dataset, int image, const GaclipDatasetRegion *region,
                               GaclipError *err)
{
    GaclipDatasetImage *i = &dataset->images[image];
    GaclipDatasetRegion copy = *region;
    void *regions = i->regions;
    if (!clip(copy.box)) {
        dataset->dropped_count++;
        return GACLIP_OK;
    }
    int status = reserve(&regions, i->region_count, sizeof copy, err);
    i->regions = regions;
    if (!status) status = gaclip__dataset_text(&copy.phrase, dataset, copy.phrase, err);
    if (!status) status = gaclip__dataset_text(&copy.description, dataset, copy.description, err);
    if (!status) status = keep_negatives(&copy, dataset, err);
    if (!status) i->regions[i->region_count++] = copy;
    return status;
}

int gaclip__dataset_class(int *index, GaclipDataset *dataset, const char *name, GaclipError *err)
{
    const char *kept;
    void *classes = dataset->classes;
    int status = gaclip__dataset_name(&kept, dataset, name, err);
    if (status) return status;
    for (int i = 0; i < dataset->class_count; i++)
        if (dataset->classes[i].name == kept) {
            *index = i;
            return GACLIP_OK;
        }
    status = reserve(&classes, dataset->class_count, sizeof *dataset->classes, err);
    dataset->classes = classes;
    if (status) return status;
    dataset->classes[dataset->class_count] = (GaclipDatasetClass){.name = kept};
    *index = dataset->class_count++;
    return GACLIP_OK;
}

int gaclip__dataset_add_synonym(GaclipDataset *dataset, int class_index, const char *text,
                                GaclipError *err)
{
    GaclipDatasetClass *c = &dataset->classes[class_index];
    void *synonyms = (void *)(uintptr_t)c->synonyms;
    const char *kept;
    int status = gaclip__dataset_name(&kept, dataset, text, err);
    if (status || kept == c->name) return status;
    for (int i = 0; i < c->synonym_count; i++)
        if (c->synonyms[i] == kept) return GACLIP_OK;
    status = reserve(&synonyms, c->synonym_count, sizeof kept, err);
    c->synonyms = synonyms;
    if (!status) ((const char **)synonyms)[c->synonym_count++] = kept;
    return status;
}
