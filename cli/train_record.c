#include "train_record.h"

#include <cjson/cJSON.h>

static char *print(cJSON *object, int formatted)
{
    char *text = formatted ? cJSON_Print(object) : cJSON_PrintUnformatted(object);
    cJSON_Delete(object);
    return text;
}

static void add_step(cJSON *object, const GaclipTrainStep *step)
{
    cJSON_AddNumberToObject(object, "step", step->step);
    cJSON_AddNumberToObject(object, "loss", step->loss);
    cJSON_AddNumberToObject(object, "loss_global", step->loss_global);
    cJSON_AddNumberToObject(object, "loss_region", step->loss_region);
    cJSON_AddNumberToObject(object, "loss_objectness", step->loss_objectness);
    cJSON_AddNumberToObject(object, "loss_box", step->loss_box);
    cJSON_AddNumberToObject(object, "images_per_second", step->images_per_second);
}

char *train_record_step(const GaclipTrainStep *step)
{
    cJSON *object = cJSON_CreateObject();
    add_step(object, step);
    cJSON_AddNumberToObject(object, "steps", step->steps);
    cJSON_AddNumberToObject(object, "learning_rate", step->learning_rate);
    cJSON_AddNumberToObject(object, "gradient_norm", step->gradient_norm);
    cJSON_AddNumberToObject(object, "seconds", step->seconds);
    return print(object, 0);
}

static void add_text(cJSON *object, const char *name, const char *text)
{
    if (text != NULL) cJSON_AddStringToObject(object, name, text);
}

static void add_counts(cJSON *object, const GaclipAnnotationCounts *counts)
{
    cJSON *boxes = cJSON_AddObjectToObject(object, "features");
    cJSON_AddNumberToObject(boxes, "read", counts->read);
    cJSON_AddNumberToObject(boxes, "kept", counts->kept);
    cJSON_AddNumberToObject(boxes, "outside", counts->outside);
    cJSON_AddNumberToObject(boxes, "without_geometry", counts->without_geometry);
    cJSON_AddNumberToObject(boxes, "without_class", counts->without_class);
}

/* No time of day and no duration: the same training gives the same model, byte by byte. */
static cJSON *describe(const TrainRecord *record)
{
    const TrainRequest *request = record->request;
    const GaclipTrainOptions *options = record->options;
    cJSON *object = cJSON_CreateObject();
    add_text(object, "scene", request->scene);
    add_text(object, "annotations", request->annotations);
    add_text(object, "layer", request->layer);
    add_text(object, "where", request->where);
    add_text(object, "class_field", request->class_field);
    add_text(object, "class_name", request->class_name);
    add_counts(object, &record->counts);
    cJSON_AddNumberToObject(object, "steps", record->last.step);
    cJSON_AddNumberToObject(object, "batch_size", options->batch_size);
    cJSON_AddNumberToObject(object, "learning_rate", options->learning_rate);
    cJSON_AddNumberToObject(object, "weight_decay", options->weight_decay);
    cJSON_AddNumberToObject(object, "seed", (double)options->seed);
    cJSON_AddNumberToObject(object, "threads", record->threads);
    cJSON_AddStringToObject(object, "ended", record->ended);
    cJSON_AddStringToObject(object, "version", GACLIP_VERSION);
    cJSON_AddStringToObject(object, "revision", GACLIP_REVISION);
    return object;
}

char *train_record_provenance(const TrainRecord *record)
{
    return print(describe(record), 0);
}

char *train_record_summary(const TrainRecord *record, const GaclipModel *model)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "output", record->request->output);
    cJSON_AddNumberToObject(object, "parameters", (double)gaclip_model_parameter_count(model, ""));
    add_step(object, &record->last);
    cJSON_AddNumberToObject(object, "seconds", record->seconds);
    cJSON_AddItemToObject(object, "training", describe(record));
    return print(object, 1);
}
