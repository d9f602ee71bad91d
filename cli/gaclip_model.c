/* gaclip-model: what a model file holds. */
#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "gaclip/model.h"

/* The parts of a model by the names of their tensors. */
static const struct {
    const char *name;
    const char *prefixes[6];
} PARTS[] = {
    {"image tower", {"visual."}},
    {"text tower",
     {"token_embedding.", "positional_embedding", "transformer.", "ln_final.", "text_projection"}},
    {"proposal head", {"proposal."}},
    {"temperature", {"logit_scale"}},
};
enum { PART_COUNT = sizeof PARTS / sizeof PARTS[0] };

static const struct {
    GaclipTextList list;
    const char *name;
} LISTS[] = {
    {GACLIP_TEMPLATES, "templates"},
    {GACLIP_BACKGROUND, "background phrases"},
    {GACLIP_CLASS_HINTS, "class hints"},
};

static size_t count_part(const GaclipModel *model, int part)
{
    size_t count = 0;
    for (int i = 0; PARTS[part].prefixes[i] != NULL; i++)
        count += gaclip_model_parameter_count(model, PARTS[part].prefixes[i]);
    return count;
}

static void print_architecture(const GaclipModelConfig *config)
{
    printf("Image tower    %d px, patch %d, stem %d, width %d, %d blocks, %d heads\n",
           config->vision.image_size, config->vision.patch_size, config->vision.stem_layers,
           config->vision.width, config->vision.layers, config->vision.heads);
    printf("Text tower     context %d, vocabulary %d, width %d, %d blocks, %d heads\n",
           config->text.context_length, config->text.vocab_size, config->text.width,
           config->text.layers, config->text.heads);
    if (config->proposal.width > 0)
        printf("Proposal head  width %d, map %d times the patch grid, %d octaves\n",
               config->proposal.width, config->proposal.upsample, config->proposal.octaves);
    else
        printf("Proposal head  none\n");
    printf("Embedding      %d, activation %s, dense map %s\n", config->embed_dim,
           config->activation == GACLIP_QUICK_GELU ? "quick_gelu" : "gelu",
           config->dense == GACLIP_DENSE_VALUE ? "value" : "full");
    if (config->gsd_max > 0)
        printf("GSD            %g to %g m a pixel\n", config->gsd_min, config->gsd_max);
    else
        printf("GSD            not known\n");
}

static void print_texts(const GaclipModel *model)
{
    for (size_t i = 0; i < sizeof LISTS / sizeof LISTS[0]; i++) {
        size_t count = gaclip_model_text_count(model, LISTS[i].list);
        printf("\n%zu %s\n", count, LISTS[i].name);
        for (size_t j = 0; j < count; j++)
            printf("  %s\n", gaclip_model_text_at(model, LISTS[i].list, j));
    }
}

/* The provenance's members as "name  value" lines. */
static void print_training(const cJSON *metadata)
{
    const cJSON *member, *training = cJSON_GetObjectItemCaseSensitive(metadata, "training");
    if (!cJSON_IsObject(training)) return;
    printf("\nTraining\n");
    cJSON_ArrayForEach(member, training)
    {
        char *value = cJSON_PrintUnformatted(member);
        if (value != NULL) printf("  %-16s %s\n", member->string, value);
        cJSON_free(value);
    }
}

static void print_text(GaclipModel *model, const cJSON *metadata)
{
    printf("Model          %s\nSHA-256        %s\n", gaclip_model_path(model),
           gaclip_model_sha256(model));
    print_architecture(gaclip_model_config(model));
    printf("\n%zu parameters\n", gaclip_model_parameter_count(model, ""));
    for (int i = 0; i < PART_COUNT; i++)
        printf("  %-14s %zu\n", PARTS[i].name, count_part(model, i));
    print_texts(model);
    print_training(metadata);
}

static int print_json(GaclipModel *model, cJSON *metadata, GaclipError *err)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "model", gaclip_model_path(model));
    cJSON_AddStringToObject(root, "sha256", gaclip_model_sha256(model));
    cJSON *parameters = cJSON_AddObjectToObject(root, "parameters");
    for (int i = 0; i < PART_COUNT; i++)
        cJSON_AddNumberToObject(parameters, PARTS[i].name, (double)count_part(model, i));
    cJSON_AddNumberToObject(parameters, "total", (double)gaclip_model_parameter_count(model, ""));
    cJSON_AddItemReferenceToObject(root, "gaclip", metadata);
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    if (text == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    puts(text);
    cJSON_free(text);
    return GACLIP_OK;
}

static int describe(const char *path, int json, GaclipError *err)
{
    GaclipCompute *compute = NULL;
    GaclipModel *model = NULL;
    int status = gaclip_compute_new(&compute, 1, GACLIP_BACKEND_AUTO, err);
    if (status == GACLIP_OK) status = gaclip_model_open(&model, path, compute, err);
    if (status == GACLIP_OK) {
        cJSON *metadata = cJSON_Parse(gaclip_model_metadata(model));
        if (metadata == NULL)
            status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        else if (json)
            status = print_json(model, metadata, err);
        else
            print_text(model, metadata);
        cJSON_Delete(metadata);
    }
    gaclip_model_close(model);
    gaclip_compute_free(compute);
    return status;
}

static int info(int argc, char **argv)
{
    int json = 0;
    const Option options[] = {
        {.name = "json", .type = OPTION_FLAG, .value = &json, .help = "print JSON"}};
    const Command command = {
        .name = "gaclip-model info",
        .usage = "MODEL",
        .summary = "describe a model file",
        .description = "Prints the architecture, the parameters of every part, the SHA-256 of the "
                       "file, its texts and how it was trained.",
        .options = options,
        .option_count = 1,
        .min_operands = 1,
        .max_operands = 1,
    };
    GaclipError err = {0};
    const char *path;
    int exit_code, count;
    if (command_parse(&exit_code, &command, argc, argv, &path, &count) &&
        describe(path, json, &err) != GACLIP_OK)
        exit_code = command_fail(&command, &err);
    return exit_code;
}

static int model(int argc, char **argv)
{
    static const CommandVerb VERBS[] = {{"info", "describe a model file", info}};
    return command_run_verb("gaclip-model", VERBS, 1, argc, argv);
}

int main(int argc, char **argv)
{
    return command_main("gaclip-model", model, argc, argv);
}
