/* Opening models of any origin: gaclip's own files, Hugging Face and open_clip folders, weights
 * alone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/config.h"
#include "model/positions.h"
#include "weights/foreign_config.h"
#include "weights/gather.h"
#include "weights/json_file.h"
#include "weights/tokenizer_json.h"

/* Published models carry no prompts and no background; class probabilities need both. */
static const char *const TEMPLATES[] = {"a satellite photo of a {}.", "an aerial image of a {}.",
                                        "a photo of a {} from above."};
static const char *const BACKGROUND[] = {"a satellite photo of empty ground.",
                                         "a satellite photo of vegetation.", "background",
                                         "something else"};

static const char OPEN_CLIP_CONFIGURATION[] = "open_clip_config.json";

/* What a model without a gaclip header is opened from. */
typedef struct Origin {
    char *weights, *folder;    /* owned paths */
    const char *configuration; /* "config.json", ...; NULL = guessed from the shapes */
} Origin;

static int no_memory(GaclipError *err)
{
    return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}

void gaclip_model_reading_init(GaclipModelReading *reading)
{
    *reading = (GaclipModelReading){.activation = -1};
}

static int is_folder(const char *path)
{
    struct stat info;
    return !stat(path, &info) && S_ISDIR(info.st_mode);
}

/* The path in folder if such a file is there, else NULL. The caller frees it. */
static char *existing(const char *folder, const char *name)
{
    char *path = gaclip__path_in(folder, name);
    if (path && access(path, F_OK)) {
        free(path);
        return NULL;
    }
    return path;
}

static int find_in_folder(Origin *origin, const char *path, GaclipError *err)
{
    /* A folder of both may hold an image tower alone in Hugging Face's files, as timm's do. */
    static const char *const NAMES[] = {
        "open_clip_model.safetensors",  "open_clip_pytorch_model.bin", "model.safetensors",
        "model.safetensors.index.json", "open_clip_model.safetensors", "pytorch_model.bin",
        "pytorch_model.bin.index.json", "open_clip_pytorch_model.bin"};
    char *open_clip = existing(path, OPEN_CLIP_CONFIGURATION);
    origin->folder = strdup(path);
    for (size_t i = open_clip ? 0 : 2; i < sizeof NAMES / sizeof *NAMES && !origin->weights; i++)
        origin->weights = existing(path, NAMES[i]);
    free(open_clip);
    if (!origin->folder) return no_memory(err);
    if (origin->weights) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_IO,
                            "%s: the folder holds no model.safetensors, pytorch_model.bin or index "
                            "of their shards; name the weights file itself",
                            path);
}

static int find_origin(Origin *origin, const char *path, GaclipError *err)
{
    if (is_folder(path)) return find_in_folder(origin, path, err);
    origin->weights = strdup(path);
    origin->folder = gaclip__path_beside(path, "");
    if (origin->folder && !*origin->folder) {
        free(origin->folder);
        origin->folder = strdup(".");
    }
    return origin->weights && origin->folder ? GACLIP_OK : no_memory(err);
}

static void clear_origin(Origin *origin)
{
    free(origin->weights);
    free(origin->folder);
}

/* weights.json beside weights.safetensors; not the index itself. The caller frees it. */
static char *sidecar_of(const char *weights)
{
    const char *slash = strrchr(weights, '/'), *dot = strrchr(weights, '.');
    char *path = NULL;
    if (!dot || (slash && dot < slash) || !strcmp(dot, ".json")) return NULL;
    if (asprintf(&path, "%.*s.json", (int)(dot - weights), weights) < 0) return NULL;
    if (access(path, F_OK)) {
        free(path);
        return NULL;
    }
    return path;
}

static int read_image_statistics(GaclipModelConfig *config, const char *folder, GaclipError *err)
{
    char *path = existing(folder, "preprocessor_config.json");
    cJSON *json = NULL;
    if (!path) return GACLIP_OK;
    int status = gaclip__json_read(&json, path, err);
    if (!status) {
        status = gaclip__foreign_config_image(config, json, err);
        if (status) gaclip_error_prefix(err, "%s", path);
    }
    cJSON_Delete(json);
    free(path);
    return status;
}

static int read_configuration(GaclipModelConfig *config, const char *path, GaclipError *err)
{
    cJSON *json;
    int status = gaclip__json_read(&json, path, err);
    if (status) return status;
    status = gaclip__foreign_config_read(config, json, err);
    if (status) gaclip_error_prefix(err, "%s", path);
    cJSON_Delete(json);
    return status;
}

static int configure(GaclipModelConfig *config, Origin *origin, const GaclipWeights *weights,
                     GaclipError *err)
{
    static const char *const NAMES[] = {OPEN_CLIP_CONFIGURATION, "config.json"};
    char *path = sidecar_of(origin->weights);
    if (path) origin->configuration = "a file beside the weights";
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES && !path; i++) {
        path = existing(origin->folder, NAMES[i]);
        if (path) origin->configuration = NAMES[i];
    }
    int status;
    if (path) {
        status = read_configuration(config, path, err);
    } else {
        status = gaclip__foreign_config_guess(config, weights, err);
        if (status) gaclip_error_prefix(err, "%s", origin->weights);
    }
    free(path);
    return status ? status : read_image_statistics(config, origin->folder, err);
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* What is said of a foreign model's origin in place of its training. */
static int describe(GaclipModel *model, const Origin *origin, const GaclipModelReading *reading,
                    GaclipError *err)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddStringToObject(json, "weights", base_name(origin->weights));
    cJSON_AddStringToObject(json, "configuration",
                            origin->configuration ? origin->configuration : "the weights' shapes");
    cJSON_AddStringToObject(json, "activation_from",
                            reading->activation >= 0 ? "the user"
                            : origin->configuration  ? "the configuration"
                                                     : "a guess by the width");
    model->training = cJSON_PrintUnformatted(json);
    cJSON_Delete(json);
    return model->training ? GACLIP_OK : no_memory(err);
}

static int load_tokenizer(GaclipModel *model, const Origin *origin, const char *path,
                          const GaclipModelReading *reading, GaclipError *err)
{
    int status = reading->tokenizer
                     ? gaclip__tokenizer_read(&model->tokenizer, reading->tokenizer, err)
                     : gaclip__tokenizer_find(&model->tokenizer, origin->folder, err);
    if (status && strcmp(path, origin->folder)) gaclip_error_prefix(err, "%s", path);
    if (status) return status;
    int size = gaclip_tokenizer_vocab_size(model->tokenizer);
    if (size != model->config.text.vocab_size)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                "%s: the tokenizer has %d tokens, the weights %d; name another one "
                                "with gaclip-model convert --tokenizer",
                                origin->weights, size, model->config.text.vocab_size);
    return GACLIP_OK;
}

/* What the caller asked to be otherwise than the file says. */
static int adapt(GaclipModelConfig *config, const GaclipModelReading *reading, GaclipError *err)
{
    int own = config->text.context_length, wanted = reading->context;
    if (reading->activation >= 0) config->activation = (GaclipActivation)reading->activation;
    if (wanted == 0 || wanted == own) return GACLIP_OK;
    if (wanted > own && wanted != gaclip__stretched_positions(own))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "a context of %d cannot be made of %d positions; %d can be "
                                "stretched to %d, or cut",
                                wanted, own, own, gaclip__stretched_positions(own));
    config->text.context_length = wanted;
    return gaclip__config_check(config, err);
}

static int set_default_texts(GaclipModel *model, GaclipError *err)
{
    int status = gaclip_model_set_texts(model, GACLIP_TEMPLATES, TEMPLATES,
                                        sizeof TEMPLATES / sizeof *TEMPLATES, err);
    if (!status)
        status = gaclip_model_set_texts(model, GACLIP_BACKGROUND, BACKGROUND,
                                        sizeof BACKGROUND / sizeof *BACKGROUND, err);
    return status;
}

static int finish_foreign(GaclipModel *model, const Origin *origin, const char *path,
                          const GaclipModelReading *reading, GaclipError *err)
{
    int status = set_default_texts(model, err);
    if (!status) status = describe(model, origin, reading, err);
    if (!status) status = load_tokenizer(model, origin, path, reading, err);
    if (status) return status;
    model->path = strdup(path);
    model->metadata = gaclip__model_metadata_text(model);
    return model->path && model->metadata ? GACLIP_OK : no_memory(err);
}

/* The weights first: what is wrong with them matters more than a tokenizer that is not there. */
static int build_foreign(GaclipModel **out, GaclipWeights *weights, Origin *origin,
                         const char *path, const GaclipModelReading *reading,
                         GaclipCompute *compute, GaclipError *err)
{
    GaclipModelConfig config;
    int status = configure(&config, origin, weights, err);
    if (status) return status;
    GaclipGathering gathering = {.long_texts = reading->context > config.text.context_length,
                                 .ignore_extra = reading->ignore_extra,
                                 .fit_context = reading->context > 0};
    status = adapt(&config, reading, err);
    if (!status) status = gaclip__model_declare(out, &config, compute, err);
    if (!status) status = gaclip__gather(*out, weights, &gathering, err);
    if (status) gaclip_error_prefix(err, "%s", origin->weights);
    return status ? status : finish_foreign(*out, origin, path, reading, err);
}

static int build_own(GaclipModel **out, GaclipWeights *weights, const char *path,
                     const GaclipModelReading *reading, GaclipCompute *compute, GaclipError *err)
{
    const GaclipSafetensors *file = weights->files[0].mapped;
    GaclipModelConfig config;
    GaclipGathering gathering = {.fit_context = reading->context > 0};
    cJSON *json = NULL;
    int status = gaclip__model_read_metadata(&config, &json, file, err);
    if (!status) status = adapt(&config, reading, err);
    if (!status) status = gaclip__model_declare(out, &config, compute, err);
    if (!status) status = gaclip__model_read_rest(*out, file, json, path, err);
    if (!status) status = gaclip__gather(*out, weights, &gathering, err);
    cJSON_Delete(json);
    if (status) gaclip_error_prefix(err, "%s", path);
    return status;
}

static int is_own(const GaclipWeights *weights)
{
    return weights->file_count == 1 && weights->files[0].mapped &&
           gaclip__safetensors_metadata(weights->files[0].mapped, "gaclip");
}

int gaclip_model_read(GaclipModel **out, const char *path, const GaclipModelReading *reading,
                      GaclipCompute *compute, GaclipError *err)
{
    Origin origin = {0};
    GaclipWeights *weights = NULL;
    GaclipModel *model = NULL;
    *out = NULL;
    int status = find_origin(&origin, path, err);
    if (!status) status = gaclip__weights_open(&weights, origin.weights, err);
    if (!status)
        status = is_own(weights)
                     ? build_own(&model, weights, path, reading, compute, err)
                     : build_foreign(&model, weights, &origin, path, reading, compute, err);
    clear_origin(&origin);
    if (status) {
        if (!model || !model->weights) gaclip__weights_close(weights);
        gaclip_model_close(model);
        return status;
    }
    *out = model;
    return GACLIP_OK;
}

int gaclip_model_open(GaclipModel **out, const char *path, GaclipCompute *compute, GaclipError *err)
{
    GaclipModelReading reading;
    gaclip_model_reading_init(&reading);
    return gaclip_model_read(out, path, &reading, compute, err);
}

const char *gaclip_model_sha256(GaclipModel *model)
{
    if (model->weights && !model->sha256[0] &&
        gaclip__weights_sha256(model->sha256, model->weights, NULL))
        model->sha256[0] = '\0';
    return model->sha256;
}
