#include "captioner_prompt.h"

#include <cjson/cJSON.h>
#include <cpl_conv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "class_traits.h"
#include "dataset.h"
#include "gaclip/image_encode.h"

/* Regions that one question is about, at most; pixels of the image's longer side. */
enum { MOST_REGIONS = 24, LONGEST_SIDE = 1024 };

static const char MANNERS[] =
    "You describe aerial and satellite images for a data set. Say only what can be seen in the "
    "image, in plain English. Never guess names, purposes, dates or moods. Answer with one JSON "
    "object and nothing else.";

static const char FORM[] =
    "Answer in this form:\n"
    "{\"caption\": \"one short sentence about the whole image\",\n"
    " \"detailed_caption\": \"two to four sentences about the whole image\",\n"
    " \"regions\": [{\"region\": 0, \"description\": \"a noun phrase with the region's class and "
    "what tells it apart: colour, size, shape, surface, what is next to it\"}]}\n"
    "Give numbers of objects only as they are listed, and each listed region one entry.";

static int is_described_later(const GaclipDataset *dataset, const GaclipDatasetRegion *r)
{
    return !r->description && r->class_index >= 0 && r->is_object &&
           gaclip__is_spoken(dataset->classes[r->class_index].name);
}

int gaclip__captioner_asks_about(const GaclipDataset *dataset, const GaclipDatasetImage *image,
                                 int region)
{
    int before = 0;
    for (int i = 0; i < region; i++) before += is_described_later(dataset, &image->regions[i]);
    return before < MOST_REGIONS && is_described_later(dataset, &image->regions[region]);
}

int gaclip__captioner_is_wanted(const GaclipDataset *dataset, const GaclipDatasetImage *image)
{
    int wanted = !image->caption_count || !image->detailed;
    for (int i = 0; i < image->region_count; i++)
        wanted |= gaclip__captioner_asks_about(dataset, image, i);
    return image->region_count && wanted;
}

static void list_counts(FILE *out, const GaclipDataset *dataset, const GaclipDatasetImage *image)
{
    fputs(image->is_annotated ? "It holds these objects, and no others of these classes:\n"
                              : "It holds at least these objects:\n",
          out);
    for (int c = 0; c < dataset->class_count; c++) {
        int count = 0;
        for (int i = 0; i < image->region_count; i++)
            count += image->regions[i].is_object && image->regions[i].class_index == c;
        if (count && gaclip__is_spoken(dataset->classes[c].name))
            fprintf(out, "- %s: %d\n", dataset->classes[c].name, count);
    }
}

static void list_regions(FILE *out, const GaclipDataset *dataset, const GaclipDatasetImage *image)
{
    fputs("Regions as x1, y1, x2, y2, shares of width and height from the upper left corner:\n",
          out);
    for (int i = 0; i < image->region_count; i++) {
        const GaclipDatasetRegion *r = &image->regions[i];
        if (gaclip__captioner_asks_about(dataset, image, i))
            fprintf(out, "- region %d, %s: %.3f, %.3f, %.3f, %.3f\n", i,
                    dataset->classes[r->class_index].name, r->box[0], r->box[1], r->box[2],
                    r->box[3]);
    }
}

/* The question in words, to be freed with free(); NULL when memory is short. */
static char *write_text(const GaclipDataset *dataset, const GaclipDatasetImage *image,
                        const GaclipImage *pixels, const GaclipCaptionOptions *options)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (!out) return NULL;
    fprintf(out, "The image has %d x %d pixels", pixels->width, pixels->height);
    if (image->gsd > 0) fprintf(out, "; a pixel is %.3g m wide", image->gsd);
    fputs(".\n", out);
    list_counts(out, dataset, image);
    list_regions(out, dataset, image);
    fputs(options->with_views ? "Places in the image may be named.\n"
                              : "Name no places or directions in the image, such as left or top: "
                                "it will be turned.\n",
          out);
    fputs(FORM, out);
    if (fclose(out) == 0) return text;
    free(text);
    return NULL;
}

static int encode(char **base64, const GaclipImage *pixels, GaclipError *err)
{
    int longest = pixels->width > pixels->height ? pixels->width : pixels->height;
    GaclipImage small;
    if (longest <= LONGEST_SIDE) return gaclip_image_encode(base64, pixels, GACLIP_IMAGE_JPEG, err);
    double zoom = (double)LONGEST_SIDE / longest;
    int status = gaclip_image_resize(&small, pixels, (int)fmax(1, round(pixels->width * zoom)),
                                     (int)fmax(1, round(pixels->height * zoom)), err);
    if (!status) {
        status = gaclip_image_encode(base64, &small, GACLIP_IMAGE_JPEG, err);
        gaclip_image_clear(&small);
    }
    return status;
}

static cJSON *message(const char *role, cJSON *content)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "role", role);
    cJSON_AddItemToObject(object, "content", content);
    return object;
}

static cJSON *user_content(const char *text, const char *base64)
{
    cJSON *list = cJSON_CreateArray(), *part = cJSON_CreateObject();
    cJSON_AddStringToObject(part, "type", "text");
    cJSON_AddStringToObject(part, "text", text);
    cJSON_AddItemToArray(list, part);
    part = cJSON_CreateObject();
    cJSON_AddStringToObject(part, "type", "image_url");
    cJSON *address = cJSON_AddObjectToObject(part, "image_url");
    size_t size = strlen(base64) + 64;
    char *data = CPLMalloc(size);
    snprintf(data, size, "data:%s;base64,%s", gaclip_image_media_type(GACLIP_IMAGE_JPEG), base64);
    cJSON_AddStringToObject(address, "url", data);
    CPLFree(data);
    cJSON_AddItemToArray(list, part);
    return list;
}

static char *write_request(const char *model, const char *text, const char *base64)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "model", model ? model : "default");
    cJSON_AddNumberToObject(root, "temperature", 0);
    cJSON_AddNumberToObject(root, "max_tokens", 4096);
    cJSON *form = cJSON_AddObjectToObject(root, "response_format");
    cJSON_AddStringToObject(form, "type", "json_object");
    cJSON *messages = cJSON_AddArrayToObject(root, "messages");
    cJSON_AddItemToArray(messages, message("system", cJSON_CreateString(MANNERS)));
    cJSON_AddItemToArray(messages, message("user", user_content(text, base64)));
    char *request = cJSON_PrintUnformatted(root);
    cJSON_Delete(root);
    return request;
}

int gaclip__captioner_question(char **out, const GaclipDataset *dataset,
                               const GaclipDatasetImage *image, const GaclipImage *pixels,
                               const GaclipCaptionOptions *options, GaclipError *err)
{
    char *base64;
    *out = NULL;
    int status = encode(&base64, pixels, err);
    if (status) return status;
    char *text = write_text(dataset, image, pixels, options);
    if (text) *out = write_request(options->model, text, base64);
    free(text);
    CPLFree(base64);
    return *out ? GACLIP_OK : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}
