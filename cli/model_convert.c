#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "files.h"
#include "model_facts.h"
#include "model_verbs.h"

typedef struct Conversion {
    const char *input, *output, *dtype, *activation;
    GaclipModelReading reading;
    int octaves, finer; /* negative: as they are */
    int overwrite, quiet;
} Conversion;

static const struct {
    const char *name;
    GaclipStorage storage;
} DTYPES[] = {{"f32", GACLIP_STORE_F32},
              {"f16", GACLIP_STORE_F16},
              {"bf16", GACLIP_STORE_BF16},
              {"int8", GACLIP_STORE_INT8}};
enum { DTYPE_COUNT = sizeof DTYPES / sizeof DTYPES[0] };

/* An index into DTYPES, or -1. */
static int find_dtype(const char *name)
{
    for (int i = 0; i < DTYPE_COUNT; i++)
        if (!strcmp(name, DTYPES[i].name)) return i;
    return -1;
}

static int check(Conversion *c, GaclipError *err)
{
    if (c->dtype != NULL && find_dtype(c->dtype) < 0)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "--dtype %s: there are f32, f16, bf16 and int8", c->dtype);
    for (int i = GACLIP_QUICK_GELU; i <= GACLIP_GELU && c->activation != NULL; i++)
        if (!strcmp(c->activation, model_activation_name((GaclipActivation)i)))
            c->reading.activation = i;
    if (c->activation != NULL && c->reading.activation < 0)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "--activation %s: there are gelu and quick_gelu", c->activation);
    return file_check_output(c->output, c->overwrite, err);
}

/* The last part of a path, without slashes behind it; the caller frees it. */
static char *last_name(const char *path)
{
    size_t end = strlen(path);
    while (end > 1 && path[end - 1] == '/') end--;
    size_t start = end;
    while (start > 0 && path[start - 1] != '/') start--;
    return strndup(path + start, end - start);
}

/* What was done, without folders and time: the same input gives the same file. */
static cJSON *describe(const Conversion *c, GaclipModel *model, const char *dtype)
{
    char *name = last_name(c->input);
    cJSON *entry = cJSON_CreateObject();
    cJSON_AddStringToObject(entry, "from", name != NULL ? name : "");
    cJSON_AddStringToObject(entry, "sha256", gaclip_model_sha256(model));
    cJSON_AddStringToObject(entry, "dtype", dtype);
    if (c->reading.context > 0) cJSON_AddNumberToObject(entry, "context", c->reading.context);
    if (c->activation != NULL) cJSON_AddStringToObject(entry, "activation", c->activation);
    if (c->octaves >= 0) cJSON_AddNumberToObject(entry, "octaves", c->octaves);
    if (c->finer >= 0) cJSON_AddNumberToObject(entry, "finer", c->finer);
    if (c->reading.tokenizer != NULL) {
        char *tokenizer = last_name(c->reading.tokenizer);
        cJSON_AddStringToObject(entry, "tokenizer", tokenizer != NULL ? tokenizer : "");
        free(tokenizer);
    }
    if (c->reading.ignore_extra) cJSON_AddTrueToObject(entry, "ignore_extra");
    cJSON_AddStringToObject(entry, "version", GACLIP_VERSION);
    cJSON_AddStringToObject(entry, "revision", GACLIP_REVISION);
    free(name);
    return entry;
}

/* Appends this conversion to the provenance, which keeps what it said before. */
static int record(const Conversion *c, GaclipModel *model, const char *dtype, GaclipError *err)
{
    cJSON *metadata = cJSON_Parse(gaclip_model_metadata(model));
    cJSON *training = cJSON_DetachItemFromObjectCaseSensitive(metadata, "training");
    cJSON_Delete(metadata);
    if (training == NULL) training = cJSON_CreateObject();
    cJSON *list = cJSON_GetObjectItemCaseSensitive(training, "conversions");
    if (!cJSON_IsArray(list)) {
        cJSON_DeleteItemFromObjectCaseSensitive(training, "conversions");
        list = cJSON_AddArrayToObject(training, "conversions");
    }
    cJSON_AddItemToArray(list, describe(c, model, dtype));
    char *text = cJSON_PrintUnformatted(training);
    cJSON_Delete(training);
    int status = text != NULL ? gaclip_model_set_training(model, text, err)
                              : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    cJSON_free(text);
    return status;
}

/* What a user should look at: the activation is not always to be seen from the weights. */
static void report(const Conversion *c, const GaclipModel *model, const char *dtype)
{
    const GaclipModelConfig *config = gaclip_model_config(model);
    cJSON *metadata = cJSON_Parse(gaclip_model_metadata(model));
    const char *origin = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(
        cJSON_GetObjectItemCaseSensitive(metadata, "training"), "activation_from"));
    printf("%s: %s, %zu parameters in %s, context %d, activation %s", c->output,
           model_name(config).text, gaclip_model_parameter_count(model, ""), dtype,
           config->text.context_length, model_activation_name(config->activation));
    if (c->activation == NULL && origin != NULL) printf(" (from %s)", origin);
    putchar('\n');
    cJSON_Delete(metadata);
}

static int write_model(const Conversion *c, GaclipModel *model, GaclipError *err)
{
    int dtype = find_dtype(c->dtype != NULL ? c->dtype : gaclip_model_dtype(model));
    if (dtype < 0) dtype = 0; /* f64: the widest that gaclip writes */
    int status = record(c, model, DTYPES[dtype].name, err);
    if (status == GACLIP_OK)
        status = gaclip_model_save_as(model, c->output, DTYPES[dtype].storage, err);
    if (status == GACLIP_OK && !c->quiet) report(c, model, DTYPES[dtype].name);
    return status;
}

static int convert(Conversion *c, GaclipError *err)
{
    GaclipCompute *compute = NULL;
    GaclipModel *model = NULL;
    int status = check(c, err);
    if (status == GACLIP_OK) status = gaclip_compute_new(&compute, 0, GACLIP_BACKEND_AUTO, err);
    if (status == GACLIP_OK)
        status = gaclip_model_read(&model, c->input, &c->reading, compute, err);
    if (status == GACLIP_OK && gaclip_model_set_scales(model, c->octaves, c->finer, err))
        status = gaclip_error_prefix(err, "%s", c->input);
    if (status == GACLIP_OK) status = write_model(c, model, err);
    gaclip_model_close(model);
    gaclip_compute_free(compute);
    return status;
}

int model_convert(int argc, char **argv)
{
    Conversion c = {.octaves = -1, .finer = -1};
    gaclip_model_reading_init(&c.reading);
    /* clang-format off */
    const Option options[] = {
        {.name = "dtype", .type = OPTION_TEXT, .value = &c.dtype, .meta = "TYPE",
         .help = "store matrices as f32, f16 or bf16, rounded to nearest, ties to even; vectors "
                 "stay f32; or int8: linear layers in 8 bits with a scale for each output, other "
                 "matrices bf16 (default: as IN has them)"},
        {.name = "context", .type = OPTION_INTEGER, .value = &c.reading.context, .meta = "TOKENS",
         .minimum = 2, .maximum = 4096,
         .help = "longest text: 77 positions are stretched to 248 by Knowledge-Preserved "
                 "Stretching, or replaced by IN's own 248 (FG-CLIP); fewer are cut off"},
        {.name = "activation", .type = OPTION_TEXT, .value = &c.activation, .meta = "NAME",
         .help = "gelu or quick_gelu (default: as the configuration says; without one quick_gelu "
                 "at the widths of OpenAI's towers, else gelu)"},
        {.name = "octaves", .type = OPTION_INTEGER, .value = &c.octaves, .meta = "N", .maximum = 4,
         .help = "coarser scales to look at in detection unless told otherwise (default: as IN "
                 "says)"},
        {.name = "finer", .type = OPTION_INTEGER, .value = &c.finer, .meta = "N", .maximum = 2,
         .help = "finer scales (default: as IN says)"},
        {.name = "tokenizer", .type = OPTION_TEXT, .value = &c.reading.tokenizer, .meta = "FILE",
         .help = "tokenizer.json, merges.txt or bpe_simple_vocab_16e6.txt.gz (default: the one "
                 "beside the weights)"},
        {.name = "ignore-extra", .type = OPTION_FLAG, .value = &c.reading.ignore_extra,
         .help = "leave out tensors that are no part of a CLIP model"},
        {.name = "overwrite", .classic = "overwrite", .type = OPTION_FLAG, .value = &c.overwrite,
         .help = "replace an existing file"},
        {.name = "quiet", .letter = 'q', .classic = "quiet", .type = OPTION_FLAG, .value = &c.quiet,
         .help = "print nothing"},
    };
    const Command command = {
        .name = "gaclip-model convert",
        .usage = "IN OUT",
        .summary = "one self-describing model file from weights of any kind",
        .description = "IN is a file that gaclip wrote, a Hugging Face or open_clip folder, a "
                       "safetensors file or a PyTorch archive (.pt, .bin) of a state dict in "
                       "OpenAI's, open_clip's or Hugging Face's names, or an index.json of their "
                       "shards. OUT is one safetensors file with configuration, tokenizer, prompt "
                       "texts and provenance inside. docs/weights.md says how to bring published "
                       "models.",
        .examples = "  gaclip-model convert clip-vit-base-patch32/ clip.safetensors --dtype f16\n"
                    "  gaclip-model convert RemoteCLIP-ViT-L-14.pt remoteclip.safetensors "
                    "--tokenizer bpe_simple_vocab_16e6.txt.gz\n"
                    "  gaclip-model convert clip.safetensors long.safetensors --context 248\n",
        .options = options,
        .option_count = (int)(sizeof options / sizeof options[0]),
        .min_operands = 2,
        .max_operands = 2,
    };
    /* clang-format on */
    GaclipError err = {0};
    const char *operands[2];
    int exit_code, count;
    if (command_parse(&exit_code, &command, argc, argv, operands, &count)) {
        c.input = operands[0];
        c.output = operands[1];
        if (convert(&c, &err) != GACLIP_OK) exit_code = command_fail(&command, &err);
    }
    return exit_code;
}
