/* Writes gaclip's own format: one image a line, so that files can be compared and cut. */
#include <cjson/cJSON.h>
#include <cpl_conv.h>
#include <cpl_string.h>

#include <string.h>

#include "dataset.h"
#include "provenance.h"
#include "relative_path.h"
#include "text_target.h"

static void add_text(cJSON *object, const char *key, const char *text)
{
    if (text) cJSON_AddStringToObject(object, key, text);
}

static void add_texts(cJSON *object, const char *key, const char *const *texts, int count)
{
    if (count) cJSON_AddItemToObject(object, key, cJSON_CreateStringArray(texts, count));
}

static cJSON *describe_region(const GaclipDatasetRegion *r, const GaclipDataset *dataset)
{
    cJSON *object = cJSON_CreateObject();

    cJSON_AddItemToObject(object, "box", cJSON_CreateDoubleArray(r->box, 4));
    if (r->class_index >= 0) add_text(object, "class", dataset->classes[r->class_index].name);
    add_text(object, "phrase", r->phrase);
    add_text(object, "description", r->description);
    add_texts(object, "hard_negatives", r->negatives, r->negative_count);
    if (r->is_difficult) cJSON_AddTrueToObject(object, "difficult");
    if (!r->is_object) cJSON_AddFalseToObject(object, "object");
    return object;
}

static void add_place(cJSON *object, const GaclipDatasetImage *image)
{
    if (image->is_window) {
        const int corner[2] = {image->x, image->y};
        cJSON_AddItemToObject(object, "window", cJSON_CreateIntArray(corner, 2));
    }
    add_text(object, "crs", image->crs);
    if (image->gsd > 0) cJSON_AddNumberToObject(object, "gsd", image->gsd);
    if (image->has_geotransform)
        cJSON_AddItemToObject(object, "geotransform",
                              cJSON_CreateDoubleArray(image->geotransform, 6));
}

static cJSON *describe_image(const GaclipDatasetImage *image, const GaclipDataset *dataset,
                             const char *folder)
{
    cJSON *object = cJSON_CreateObject();
    char *path = gaclip__relative_path(image->path, folder);
    cJSON_AddStringToObject(object, "path", path);
    CPLFree(path);
    cJSON_AddNumberToObject(object, "width", image->width);
    cJSON_AddNumberToObject(object, "height", image->height);
    add_place(object, image);
    add_text(object, "split", image->split);
    add_text(object, "scene", image->scene);
    add_texts(object, "captions", image->captions, image->caption_count);
    add_text(object, "detailed_caption", image->detailed);
    cJSON_AddBoolToObject(object, "annotated", image->is_annotated);
    add_text(object, "source", image->source);
    add_text(object, "licence", image->licence);
    cJSON *regions = image->region_count ? cJSON_AddArrayToObject(object, "regions") : NULL;
    for (int i = 0; i < image->region_count; i++)
        cJSON_AddItemToArray(regions, describe_region(&image->regions[i], dataset));
    return object;
}

static cJSON *describe_class(const GaclipDatasetClass *c)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "name", c->name);
    add_texts(object, "synonyms", c->synonyms, c->synonym_count);
    return object;
}

/* Takes the value over; a value that is NULL for want of memory fails the target. */
static void put(GaclipTextTarget *target, cJSON *value)
{
    char *text = value ? cJSON_PrintUnformatted(value) : NULL;
    if (text)
        gaclip__text_put(target, text);
    else
        target->failed = 1;
    cJSON_free(text);
    cJSON_Delete(value);
}

static void put_member(GaclipTextTarget *target, const char *key, const char *text)
{
    if (!text) return;
    gaclip__text_put(target, CPLSPrintf(" \"%s\": ", key));
    put(target, cJSON_CreateString(text));
    gaclip__text_put(target, ",\n");
}

static void put_header(GaclipTextTarget *target, const GaclipDatasetWriteOptions *options)
{
    char created[32];
    gaclip__format_timestamp(created, sizeof created);
    gaclip__text_put(target, "{\n \"format\": \"gaclip-dataset\",\n \"version\": 1,\n");
    put_member(target, "name", options->name);
    put_member(target, "software", "gaclip " GACLIP_VERSION);
    put_member(target, "revision", GACLIP_REVISION);
    put_member(target, "created", created);
    put_member(target, "command", options->command);
}

int gaclip_dataset_write(GaclipDataset *dataset, const char *path,
                         const GaclipDatasetWriteOptions *options, GaclipError *err)
{
    GaclipTextTarget target;
    int status = GACLIP_OK;
    for (int i = 0; i < dataset->image_count && !status; i++)
        status = gaclip__dataset_measure(&dataset->images[i], err);
    if (!status) status = gaclip__text_open(&target, path, err);
    if (status) return status;
    char *folder = CPLStrdup(CPLGetPath(path));
    put_header(&target, options);
    gaclip__text_put(&target, " \"classes\": [");
    for (int i = 0; i < dataset->class_count; i++) {
        gaclip__text_put(&target, i ? ",\n  " : "\n  ");
        put(&target, describe_class(&dataset->classes[i]));
    }
    gaclip__text_put(&target, "],\n \"images\": [");
    for (int i = 0; i < dataset->image_count; i++) {
        gaclip__text_put(&target, i ? ",\n  " : "\n  ");
        put(&target, describe_image(&dataset->images[i], dataset, *folder ? folder : "."));
    }
    gaclip__text_put(&target, "]\n}\n");
    CPLFree(folder);
    return gaclip__text_commit(&target, err);
}
