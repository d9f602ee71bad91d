/* The architecture of a state dict that comes without a configuration. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/config.h"
#include "weights/foreign_config.h"
#include "weights/name_map.h"

static const char BLOCKS[] = "transformer.resblocks.", VISION[] = "visual.";

/* What the names of all tensors say; dimensions 0 where a tensor is missing. */
typedef struct Findings {
    int64_t conv1[4], image_positions[2], token_embedding[2], text_positions[2], projection[2];
    int vision_layers, text_layers;
} Findings;

/* Counts the blocks: one more than the highest number. */
static void see_block(int *layers, const char *name, const char *prefix)
{
    size_t length = strlen(prefix);
    if (strncmp(name, prefix, length)) return;
    long number = strtol(name + length, NULL, 10);
    if (number >= *layers && number < 1 << 20) *layers = (int)number + 1;
}

static void see_shape(int64_t *out, int rank, const GaclipSourceTensor *t, const char *name,
                      const GaclipMappedName *mapped)
{
    if (strcmp(mapped->name, name) || t->rank != rank || mapped->use == GACLIP__NAME_TAIL) return;
    for (int d = 0; d < rank; d++)
        out[d] = t->shape[mapped->use == GACLIP__NAME_TRANSPOSED ? rank - 1 - d : d];
}

static void look(Findings *f, const GaclipWeights *weights)
{
    for (size_t i = 0; i < weights->count; i++) {
        const GaclipSourceTensor *t = &weights->tensors[i];
        GaclipMappedName mapped;
        gaclip__map_name(&mapped, t->name);
        if (mapped.path == GACLIP__TEXT_LONG) continue;
        see_shape(f->conv1, 4, t, "visual.conv1.weight", &mapped);
        see_shape(f->image_positions, 2, t, "visual.positional_embedding", &mapped);
        see_shape(f->token_embedding, 2, t, "token_embedding.weight", &mapped);
        see_shape(f->text_positions, 2, t, "positional_embedding", &mapped);
        see_shape(f->projection, 2, t, "text_projection", &mapped);
        if (!strncmp(mapped.name, VISION, sizeof VISION - 1))
            see_block(&f->vision_layers, mapped.name + sizeof VISION - 1, BLOCKS);
        else
            see_block(&f->text_layers, mapped.name, BLOCKS);
    }
}

/* Whether all tensors that give the sizes are there; those that are not are told in OpenAI's names.
 */
static int check_sizes(const Findings *f, const GaclipWeights *weights, GaclipError *err)
{
    const struct {
        int64_t size;
        const char *name;
    } parts[] = {{f->conv1[0], "visual.conv1.weight"},
                 {f->image_positions[0], "visual.positional_embedding"},
                 {f->vision_layers, "visual.transformer.resblocks"},
                 {f->token_embedding[0], "token_embedding.weight"},
                 {f->text_positions[0], "positional_embedding"},
                 {f->text_layers, "transformer.resblocks"},
                 {f->projection[0], "text_projection"}};
    char missing[320] = "";
    size_t used = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (!parts[i].size)
            used += (size_t)snprintf(missing + used, sizeof missing - used, "%s%s",
                                     used ? ", " : "", parts[i].name);
    if (!used) return GACLIP_OK;
    if (!weights->count) return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "holds no tensors");
    return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                            "holds no CLIP model with two ViT towers: its %zu tensors, the first "
                            "of which is %.60s, lack %s (or these in Hugging Face's names)",
                            weights->count, weights->tensors[0].name, missing);
}

/* Towers whose heads do not have 64 channels: open_clip's ViT-H/14, g/14 and bigG/14. */
static int count_heads(int64_t width)
{
    static const struct {
        int width, heads;
    } OTHERS[] = {{1280, 16}, {1408, 16}, {1664, 16}};
    for (size_t i = 0; i < sizeof OTHERS / sizeof *OTHERS; i++)
        if (OTHERS[i].width == width) return OTHERS[i].heads;
    return width >= 64 && width < 1 << 20 ? (int)width / 64 : 1;
}

static int grid_side(int64_t positions)
{
    int side = 1;
    while (side < 4096 && (int64_t)side * side < positions - 1) side++;
    return side;
}

/* Whether all numbers are small enough to be dimensions of a model. */
static int are_small(const Findings *f)
{
    const int64_t all[] = {f->conv1[0],           f->conv1[2],           f->image_positions[0],
                           f->token_embedding[0], f->token_embedding[1], f->text_positions[0],
                           f->projection[1]};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (all[i] < 1 || all[i] > 1 << 24) return 0;
    return 1;
}

int gaclip__foreign_config_guess(GaclipModelConfig *config, const GaclipWeights *weights,
                                 GaclipError *err)
{
    Findings f = {0};
    gaclip__foreign_config_init(config);
    look(&f, weights);
    int status = check_sizes(&f, weights, err);
    if (status) return status;
    if (!are_small(&f))
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                "its tensors are larger than those of any CLIP model");
    int64_t width = f.conv1[0];
    int patch = (int)f.conv1[2];
    if (patch > 256) return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "has patches of %d", patch);
    int is_openai = width == 768 || width == 1024;
    config->activation = is_openai ? GACLIP_QUICK_GELU : GACLIP_GELU;
    config->embed_dim = (int)f.projection[1];
    config->vision.image_size = grid_side(f.image_positions[0]) * patch;
    config->vision.patch_size = patch;
    config->vision.width = (int)width;
    config->vision.layers = f.vision_layers;
    config->vision.heads = count_heads(width);
    config->text.context_length = (int)f.text_positions[0];
    config->text.vocab_size = (int)f.token_embedding[0];
    config->text.width = (int)f.token_embedding[1];
    config->text.layers = f.text_layers;
    config->text.heads = f.token_embedding[1] >= 64 ? (int)f.token_embedding[1] / 64 : 1;
    return gaclip__config_check(config, err);
}
