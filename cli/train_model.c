#include "train_model.h"

#include <stdlib.h>
#include <string.h>

#include "gaclip/train.h"

static const char *const TEMPLATES[] = {"an aerial image of a {}", "a satellite image of a {}",
                                        "a {} seen from above", "{}"};
static const char *const BACKGROUND[] = {"empty ground", "background", "nothing of interest",
                                         "something else"};

enum { TEMPLATE_COUNT = 4, BACKGROUND_COUNT = 4, MOST_MERGES = 4000, CONTEXT = 32 };

/* The tokenizer learns from every text that training and detection will use. */
static int learn_tokenizer(GaclipTokenizer **out, const GaclipAnnotations *annotations,
                           GaclipError *err)
{
    size_t labels = (size_t)gaclip_annotations_label_count(annotations), count = 0;
    const char **texts = malloc((labels + TEMPLATE_COUNT + BACKGROUND_COUNT) * sizeof *texts);
    if (texts == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < labels; i++)
        texts[count++] = gaclip_annotations_label_at(annotations, (int)i);
    for (size_t i = 0; i < TEMPLATE_COUNT; i++) texts[count++] = TEMPLATES[i];
    for (size_t i = 0; i < BACKGROUND_COUNT; i++) texts[count++] = BACKGROUND[i];
    int status = gaclip_tokenizer_learn(out, texts, count, MOST_MERGES, 1, err);
    free(texts);
    return status;
}

/* Three halving convolutions see blades and edges before the transformer sees patches of 8. */
static GaclipModelConfig configure(const TrainRequest *request, int vocab_size)
{
    int width = request->width;
    int heads = width % 32 == 0 ? width / 32 : width % 16 == 0 ? width / 16 : 1;
    return (GaclipModelConfig){
        .embed_dim = 128,
        .activation = GACLIP_GELU,
        .norm_epsilon = 1e-5f,
        .dense = GACLIP_DENSE_FULL,
        .vision = {.image_size = request->image_size,
                   .patch_size = 8,
                   .width = width,
                   .layers = request->depth,
                   .heads = heads,
                   .stem_layers = 3,
                   .stem_widths = {24, 48, 96}},
        .text = {.context_length = CONTEXT,
                 .vocab_size = vocab_size,
                 .width = 128,
                 .layers = 2,
                 .heads = 4},
        .proposal = {.width = 128, .layers = 3, .upsample = 1},
        .image_mean = {0.48145466f, 0.4578275f, 0.40821073f},
        .image_std = {0.26862954f, 0.26130258f, 0.27577711f},
    };
}

static int set_texts(GaclipModel *model, const GaclipAnnotations *annotations, GaclipError *err)
{
    int labels = gaclip_annotations_label_count(annotations);
    const char **classes = malloc(((size_t)labels + 1) * sizeof *classes);
    if (classes == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < labels; i++) classes[i] = gaclip_annotations_label_at(annotations, i);
    int status = gaclip_model_set_texts(model, GACLIP_CLASS_HINTS, classes, (size_t)labels, err);
    free(classes);
    if (status == GACLIP_OK)
        status = gaclip_model_set_texts(model, GACLIP_TEMPLATES, TEMPLATES, TEMPLATE_COUNT, err);
    if (status == GACLIP_OK)
        status =
            gaclip_model_set_texts(model, GACLIP_BACKGROUND, BACKGROUND, BACKGROUND_COUNT, err);
    return status;
}

int train_build_model(GaclipModel **out, const TrainRequest *request,
                      const GaclipTrainOptions *options, const GaclipRaster *raster,
                      const GaclipAnnotations *annotations, GaclipCompute *compute,
                      GaclipError *err)
{
    GaclipTokenizer *tokenizer;
    if (request->image_size % 8)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "--image-size %d is not a multiple of 8", request->image_size);
    int status = learn_tokenizer(&tokenizer, annotations, err);
    if (status != GACLIP_OK) return status;
    GaclipModelConfig config = configure(request, gaclip_tokenizer_vocab_size(tokenizer));
    GaclipModel *model;
    status = gaclip_model_new(&model, &config, tokenizer, (uint64_t)request->seed, compute, err);
    if (status != GACLIP_OK) {
        gaclip_tokenizer_free(tokenizer);
        return status;
    }
    const GaclipRasterInfo *info = gaclip_raster_info(raster);
    double gsd = (info->gsd_x + info->gsd_y) / 2;
    gaclip_model_set_gsd(model, gsd / options->scale_max, gsd / options->scale_min);
    status = set_texts(model, annotations, err);
    if (status != GACLIP_OK) {
        gaclip_model_close(model);
        return status;
    }
    *out = model;
    return GACLIP_OK;
}
