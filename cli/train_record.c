#include "train_record.h"

#include "precision.h"
#include "train_losses.h"

static char *print(cJSON *object, int formatted)
{
    char *text = formatted ? cJSON_Print(object) : cJSON_PrintUnformatted(object);
    cJSON_Delete(object);
    return text;
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

int train_record_stage(TrainRecord *record, const TrainStage *stage, GaclipError *err)
{
    const GaclipTrainOptions *options = &stage->options;
    cJSON *object = cJSON_CreateObject();
    if (record->stages == NULL) record->stages = cJSON_CreateArray();
    if (object == NULL || !cJSON_AddItemToArray(record->stages, object))
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    cJSON_AddStringToObject(object, "name", stage->name);
    cJSON_AddNumberToObject(object, "steps", record->last.step);
    cJSON_AddNumberToObject(object, "batch_size", options->batch_size);
    cJSON_AddNumberToObject(object, "learning_rate", options->learning_rate);
    cJSON_AddNumberToObject(object, "weight_decay", options->weight_decay);
    cJSON *weights = cJSON_AddObjectToObject(object, "weights");
    GaclipLossWeights values = options->weights;
    for (int i = 0; i < TRAIN_LOSSES; i++)
        cJSON_AddNumberToObject(weights, train_loss_name(i), *train_loss(&values, i));
    cJSON_AddNumberToObject(object, "seed", (double)options->seed);
    cJSON_AddStringToObject(object, "precision", precision_name(record->plan->compute));
    return GACLIP_OK;
}

void train_record_clear(TrainRecord *record)
{
    cJSON_Delete(record->stages);
}

/* No time of day and no duration: the same training gives the same model, byte by byte. */
static cJSON *describe(const TrainRecord *record)
{
    const TrainRequest *request = record->plan->request;
    cJSON *object = cJSON_CreateObject();
    add_text(object, "recipe", request->recipe);
    add_text(object, "scene", request->scene);
    add_text(object, "annotations", request->annotations);
    add_text(object, "layer", request->layer);
    add_text(object, "where", request->where);
    add_text(object, "class_field", request->class_field);
    add_text(object, "class_name", request->class_name);
    if (record->plan->annotations != NULL) {
        GaclipAnnotationCounts counts = gaclip_annotations_counts(record->plan->annotations);
        add_counts(object, &counts);
    }
    cJSON_AddItemToObject(object, "stages", cJSON_Duplicate(record->stages, 1));
    cJSON_AddNumberToObject(object, "threads", gaclip_compute_threads(record->plan->compute));
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
    cJSON_AddStringToObject(object, "output", record->plan->request->output);
    cJSON_AddNumberToObject(object, "parameters", (double)gaclip_model_parameter_count(model, ""));
    cJSON_AddNumberToObject(object, "steps", record->last.step);
    cJSON_AddNumberToObject(object, "skipped", record->last.skipped);
    cJSON_AddNumberToObject(object, "loss", record->last.loss);
    cJSON_AddNumberToObject(object, "images_per_second", record->last.images_per_second);
    cJSON_AddNumberToObject(object, "seconds", record->seconds);
    cJSON_AddItemToObject(object, "training", describe(record));
    return print(object, 1);
}
