#include "train_model.h"

#include <stdlib.h>
#include <string.h>

#include "gaclip/train.h"

static const char *const TEMPLATES[] = {"an aerial image of a {}", "a satellite image of a {}",
                                        "a {} seen from above", "{}"};
static const char *const BACKGROUND[] = {"empty ground", "background", "nothing of interest",
                                         "something else"};

enum { TEMPLATE_COUNT = 4, BACKGROUND_COUNT = 4, MOST_MERGES = 4000, CONTEXT = 32, PATCH = 16 };

/* The tokenizer learns from every text that training and detection will use. */
static int learn_tokenizer(GaclipTokenizer **out, const char *const *texts, size_t count,
                           size_t merges, GaclipError *err)
{
    const char **all = malloc((count + TEMPLATE_COUNT + BACKGROUND_COUNT) * sizeof *all);
    if (all == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    memcpy(all, texts, count * sizeof *all);
    memcpy(all + count, TEMPLATES, sizeof TEMPLATES);
    memcpy(all + count + TEMPLATE_COUNT, BACKGROUND, sizeof BACKGROUND);
    int status =
        gaclip_tokenizer_learn(out, all, count + TEMPLATE_COUNT + BACKGROUND_COUNT, merges, 1, err);
    free(all);
    return status;
}

/* Three halving convolutions see blades and edges before the transformer sees patches of 16, and
 * hand them to the proposal head, which looks every 4 pixels. */
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
                   .patch_size = PATCH,
                   .width = width,
                   .layers = request->depth,
                   .heads = heads,
                   .stem_layers = 3,
                   .stem_widths = {32, 64, 128}},
        .text = {.context_length = CONTEXT,
                 .vocab_size = vocab_size,
                 .width = 128,
                 .layers = 2,
                 .heads = 4},
        .proposal = {.width = 96, .layers = 1, .upsample = 4, .lateral = 1},
        .image_mean = {0.48145466f, 0.4578275f, 0.40821073f},
        .image_std = {0.26862954f, 0.26130258f, 0.27577711f},
    };
}

/* Bytes, the same at a word's end, start and end of a text. */
enum { SMALLEST_VOCABULARY = 514 };

int train_random_model(GaclipModel **out, const GaclipModelConfig *config, const TextList *texts,
                       uint64_t seed, GaclipCompute *compute, GaclipError *err)
{
    GaclipTokenizer *tokenizer;
    GaclipModelConfig learned = *config;
    int merges = config->text.vocab_size - SMALLEST_VOCABULARY;
    int status = learn_tokenizer(&tokenizer, (const char *const *)texts->items,
                                 (size_t)texts->count, merges > 0 ? (size_t)merges : 0, err);
    if (status != GACLIP_OK) return status;
    learned.text.vocab_size = gaclip_tokenizer_vocab_size(tokenizer);
    GaclipModel *model;
    status = gaclip_model_new(&model, &learned, tokenizer, seed, compute, err);
    if (status != GACLIP_OK) {
        gaclip_tokenizer_free(tokenizer);
        return status;
    }
    status = gaclip_model_set_texts(model, GACLIP_TEMPLATES, TEMPLATES, TEMPLATE_COUNT, err);
    if (status == GACLIP_OK)
        status =
            gaclip_model_set_texts(model, GACLIP_BACKGROUND, BACKGROUND, BACKGROUND_COUNT, err);
    if (status != GACLIP_OK) {
        gaclip_model_close(model);
        return status;
    }
    *out = model;
    return GACLIP_OK;
}

static int list_labels(TextList *labels, const GaclipAnnotations *annotations, GaclipError *err)
{
    int status = GACLIP_OK;
    for (int i = 0; i < gaclip_annotations_label_count(annotations) && status == GACLIP_OK; i++) {
        const char *label = gaclip_annotations_label_at(annotations, i);
        status = text_list_add(labels, label, strlen(label), err);
    }
    return status;
}

int train_build_model(GaclipModel **out, const TrainRequest *request,
                      const GaclipTrainOptions *options, const GaclipRaster *raster,
                      const GaclipAnnotations *annotations, GaclipCompute *compute,
                      GaclipError *err)
{
    TextList labels = {0};
    GaclipModel *model = NULL;
    if (request->image_size % PATCH)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "--image-size %d is not a multiple of %d", request->image_size,
                                PATCH);
    GaclipModelConfig config = configure(request, SMALLEST_VOCABULARY + MOST_MERGES);
    int status = list_labels(&labels, annotations, err);
    if (status == GACLIP_OK)
        status = train_random_model(&model, &config, &labels, options->seed, compute, err);
    if (status == GACLIP_OK)
        status =
            gaclip_model_set_texts(model, GACLIP_CLASS_HINTS, (const char *const *)labels.items,
                                   (size_t)labels.count, err);
    text_list_clear(&labels);
    if (status != GACLIP_OK) {
        gaclip_model_close(model);
        return status;
    }
    const GaclipRasterInfo *info = gaclip_raster_info(raster);
    double gsd = (info->gsd_x + info->gsd_y) / 2;
    gaclip_model_set_gsd(model, gsd / options->scale_max, gsd / options->scale_min);
    *out = model;
    return GACLIP_OK;
}
