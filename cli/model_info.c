#include <cjson/cJSON.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "gaclip/default_model.h"
#include "model_facts.h"
#include "model_verbs.h"
#include "print_json.h"

static const struct {
    GaclipTextList list;
    const char *name;
} LISTS[] = {
    {GACLIP_TEMPLATES, "templates"},
    {GACLIP_BACKGROUND, "background phrases"},
    {GACLIP_CLASS_HINTS, "classes with boxes that it learned from"},
};

static void print_architecture(const GaclipModelConfig *config)
{
    printf("Architecture   %s\n", model_name(config).text);
    printf("Image tower    %d px, patch %d, stem %d, width %d, %d blocks, %d heads\n",
           config->vision.image_size, config->vision.patch_size, config->vision.stem_layers,
           config->vision.width, config->vision.layers, config->vision.heads);
    printf("Text tower     context %d, vocabulary %d, width %d, %d blocks, %d heads\n",
           config->text.context_length, config->text.vocab_size, config->text.width,
           config->text.layers, config->text.heads);
    if (config->proposal.width > 0)
        printf("Proposal head  width %d, map %d times the patch grid%s, %d coarser and %d finer "
               "scales\n",
               config->proposal.width, config->proposal.upsample,
               config->proposal.lateral ? " with the stem's maps" : "", config->proposal.octaves,
               config->proposal.finer);
    else
        printf("Proposal head  none\n");
    printf("Embedding      %d, activation %s, dense map %s\n", config->embed_dim,
           model_activation_name(config->activation),
           config->dense == GACLIP_DENSE_VALUE ? "value" : "full");
    if (config->gsd_max > 0)
        printf("GSD            %g to %g m a pixel\n", config->gsd_min, config->gsd_max);
    else
        printf("GSD            not known\n");
}

/* Behind a class: (plane, aircraft). */
static void print_synonyms(const GaclipModel *model, const char *class_name)
{
    size_t count;
    const GaclipSynonym *all = gaclip_model_synonyms(model, &count);
    const char *before = " (";
    for (size_t i = 0; i < count; i++)
        if (gaclip_same_class(all[i].class_name, class_name)) {
            printf("%s%s", before, all[i].name);
            before = ", ";
        }
    if (*before == ',') printf(")");
}

static void print_texts(const GaclipModel *model)
{
    for (size_t i = 0; i < sizeof LISTS / sizeof LISTS[0]; i++) {
        size_t count = gaclip_model_text_count(model, LISTS[i].list);
        printf("\n%zu %s\n", count, LISTS[i].name);
        for (size_t j = 0; j < count; j++) {
            const char *text = gaclip_model_text_at(model, LISTS[i].list, j);
            printf("  %s", text);
            if (LISTS[i].list == GACLIP_CLASS_HINTS) print_synonyms(model, text);
            printf("\n");
        }
    }
}

/* Where the weights come from, as "name  value" lines. */
static void print_provenance(const cJSON *metadata)
{
    const cJSON *member, *training = cJSON_GetObjectItemCaseSensitive(metadata, "training");
    if (!cJSON_IsObject(training)) return;
    printf("\nProvenance\n");
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
    printf("On disk        %s, %.1f MB\n", gaclip_model_dtype(model),
           1e-6 * (double)gaclip_model_file_bytes(model));
    print_architecture(gaclip_model_config(model));
    printf("\n%zu parameters\n", gaclip_model_parameter_count(model, ""));
    for (int i = 0; i < MODEL_PARTS; i++)
        printf("  %-14s %zu\n", model_part_name(i), model_part_count(model, i));
    print_texts(model);
    print_provenance(metadata);
}

static int report(GaclipModel *model, cJSON *metadata, GaclipError *err)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "model", gaclip_model_path(model));
    cJSON_AddStringToObject(root, "sha256", gaclip_model_sha256(model));
    cJSON_AddNumberToObject(root, "bytes", (double)gaclip_model_file_bytes(model));
    cJSON_AddStringToObject(root, "dtype", gaclip_model_dtype(model));
    cJSON_AddStringToObject(root, "architecture", model_name(gaclip_model_config(model)).text);
    cJSON *parameters = cJSON_AddObjectToObject(root, "parameters");
    for (int i = 0; i < MODEL_PARTS; i++)
        cJSON_AddNumberToObject(parameters, model_part_name(i), (double)model_part_count(model, i));
    cJSON_AddNumberToObject(parameters, "total", (double)gaclip_model_parameter_count(model, ""));
    cJSON_AddItemReferenceToObject(root, "gaclip", metadata);
    return print_json(root, err);
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
            status = report(model, metadata, err);
        else
            print_text(model, metadata);
        cJSON_Delete(metadata);
    }
    gaclip_model_close(model);
    gaclip_compute_free(compute);
    return status;
}

int model_info(int argc, char **argv)
{
    int json = 0;
    const Option options[] = {
        {.name = "json", .type = OPTION_FLAG, .value = &json, .help = "print JSON"}};
    const Command command = {
        .name = "gaclip-model info",
        .usage = "[MODEL]",
        .summary = "describe a model file",
        .description = "Prints the architecture, the parameters of every part, how the weights are "
                       "stored, the SHA-256 of the file, its texts and where it comes from. MODEL "
                       "is a file that gaclip wrote, or weights as gaclip-model convert takes them "
                       "(default: the shipped one, or what GACLIP_MODEL names).",
        .options = options,
        .option_count = 1,
        .min_operands = 0,
        .max_operands = 1,
    };
    GaclipError err = {0};
    const char *path;
    int exit_code, count;
    if (command_parse(&exit_code, &command, argc, argv, &path, &count) &&
        (gaclip_choose_model(&path, count > 0 ? path : NULL, &err) != GACLIP_OK ||
         describe(path, json, &err) != GACLIP_OK))
        exit_code = command_fail(&command, &err);
    return exit_code;
}
