#include "train_validate.h"

#include <cpl_conv.h>
#include <stdio.h>

#include "gaclip/protocols.h"

/* Images of a source that are looked at: a validation should not cost more than many steps. */
enum { MOST_IMAGES = 100 };

/* The figures of one validation. */
typedef struct Metrics {
    cJSON *json, *images;
    double sum;
    int count;
} Metrics;

static void add(Metrics *metrics, const char *source, const char *what, double percent)
{
    char name[128];
    snprintf(name, sizeof name, "%s %s", source, what);
    cJSON_AddNumberToObject(metrics->json, name, percent);
    metrics->sum += percent;
    metrics->count++;
}

static void note_images(Metrics *metrics, const char *source, int available)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "source", source);
    cJSON_AddNumberToObject(object, "measured", available < MOST_IMAGES ? available : MOST_IMAGES);
    cJSON_AddNumberToObject(object, "available", available);
    cJSON_AddItemToArray(metrics->images, object);
}

static int judge_captions(Metrics *metrics, const char *name, GaclipModel *model,
                          const GaclipSampleSource *source, const GaclipEvalOptions *options,
                          GaclipError *err)
{
    GaclipRetrieval result;
    int status = gaclip_eval_retrieval(&result, model, source, options, err);
    if (status != GACLIP_OK) return status;
    add(metrics, name, "mean recall", result.recall.mean.value);
    gaclip_retrieval_clear(&result);
    return GACLIP_OK;
}

static int judge_regions(Metrics *metrics, const char *name, GaclipModel *model,
                         const GaclipSampleSource *source, const GaclipEvalOptions *options,
                         GaclipError *err)
{
    GaclipAccuracy result;
    int status = gaclip_eval_regions(&result, model, source, options, err);
    if (status != GACLIP_OK) return status;
    if (result.class_count > 1) add(metrics, name, "regions Acc@1", result.top1.value);
    gaclip_accuracy_clear(&result);
    return GACLIP_OK;
}

static int judge_detection(Metrics *metrics, const char *name, GaclipModel *model,
                           const GaclipSampleSource *source, const GaclipEvalOptions *options,
                           GaclipError *err)
{
    GaclipDetectionResult result;
    int status = gaclip_eval_detect(&result, model, source, options, err);
    if (status != GACLIP_OK) return status;
    if (result.all.voc11.value >= 0) add(metrics, name, "AP50", 100 * result.all.voc11.value);
    gaclip_detection_result_clear(&result);
    return GACLIP_OK;
}

/* Whether any image of a dataset has captions, or every object of it marked. */
static void look_at(int *has_captions, int *has_objects, const GaclipDataset *dataset)
{
    *has_captions = *has_objects = 0;
    for (int i = 0; i < gaclip_dataset_image_count(dataset); i++) {
        const GaclipDatasetImage *image = gaclip_dataset_image_at(dataset, i);
        *has_captions |= image->caption_count > 0;
        *has_objects |= image->is_annotated && image->region_count > 0;
    }
}

static int judge_source(Metrics *metrics, GaclipModel *model, const TrainStage *stage, int index,
                        GaclipError *err)
{
    GaclipSampleSource source = gaclip_recipe_sources_at(stage->held_out, index);
    const GaclipDataset *dataset = gaclip_recipe_sources_dataset(stage->held_out, index);
    GaclipEvalOptions options;
    int has_captions, has_objects, status = GACLIP_OK;
    if (dataset == NULL || source.at == NULL)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "validation wants data sets; a scene or a mosaic has no order");
    char *path = CPLStrdup(stage->recipe->validation[index].path);
    char *name = CPLStrdup(CPLGetFilename(CPLGetPath(path)));
    gaclip_eval_options_init(&options);
    options.limit = MOST_IMAGES;
    options.resamples = 0;
    options.view = GACLIP_VIEW_WINDOW;
    look_at(&has_captions, &has_objects, dataset);
    note_images(metrics, name, source.count);
    if (has_captions) status = judge_captions(metrics, name, model, &source, &options, err);
    if (status == GACLIP_OK && has_objects)
        status = judge_regions(metrics, name, model, &source, &options, err);
    if (status == GACLIP_OK && has_objects)
        status = judge_detection(metrics, name, model, &source, &options, err);
    CPLFree(name);
    CPLFree(path);
    return status;
}

int train_validate(double *score, cJSON **metrics, cJSON **images, GaclipModel *model,
                   const TrainStage *stage, GaclipError *err)
{
    Metrics m = {.json = cJSON_CreateObject(), .images = cJSON_CreateArray()};
    int status = GACLIP_OK;
    for (int i = 0; i < stage->recipe->validation_count && status == GACLIP_OK; i++)
        status = judge_source(&m, model, stage, i, err);
    if (status == GACLIP_OK && m.count == 0)
        status = gaclip_error_set(err, GACLIP_ERROR_EMPTY,
                                  "there is nothing to validate on: neither captions nor boxes");
    if (status != GACLIP_OK) {
        cJSON_Delete(m.json);
        cJSON_Delete(m.images);
        return status;
    }
    *metrics = m.json;
    *images = m.images;
    *score = m.sum / m.count;
    return GACLIP_OK;
}
