#include "model_facts.h"

#include <stdio.h>
#include <string.h>

/* The parts of a model by how the names of their tensors begin. */
static const struct {
    const char *name;
    const char *prefixes[6];
} PARTS[] = {
    {"vision", {"visual."}},
    {"text",
     {"token_embedding.", "positional_embedding", "transformer.", "ln_final.", "text_projection"}},
    {"proposal", {"proposal."}},
    {"other", {NULL}},
};

ModelName model_name(const GaclipModelConfig *config)
{
    static const struct {
        const char *name;
        int width, layers, heads;
    } TOWERS[] = {{"ViT-B", 768, 12, 12}, {"ViT-L", 1024, 24, 16}, {"ViT-H", 1280, 32, 16}};
    ModelName out;
    int width = config->vision.width, layers = config->vision.layers;
    int patch = config->vision.patch_size, size = config->vision.image_size;
    snprintf(out.text, sizeof out.text, "ViT of %d x %d /%d", width, layers, patch);
    for (size_t i = 0; i < sizeof TOWERS / sizeof TOWERS[0]; i++) {
        if (TOWERS[i].width != width || TOWERS[i].layers != layers ||
            TOWERS[i].heads != config->vision.heads || config->vision.stem_layers > 0)
            continue;
        int used = snprintf(out.text, sizeof out.text, "%s/%d", TOWERS[i].name, patch);
        if (size != 224) snprintf(out.text + used, sizeof out.text - (size_t)used, "@%d", size);
    }
    return out;
}

GaclipStorage model_storage(const GaclipModel *model)
{
    const char *dtype = gaclip_model_dtype(model);
    if (!strcmp(dtype, "int8")) return GACLIP_STORE_INT8;
    if (!strcmp(dtype, "bf16")) return GACLIP_STORE_BF16;
    return !strcmp(dtype, "f16") ? GACLIP_STORE_F16 : GACLIP_STORE_F32;
}

const char *model_activation_name(GaclipActivation activation)
{
    return activation == GACLIP_QUICK_GELU ? "quick_gelu" : "gelu";
}

const char *model_part_name(int part)
{
    return PARTS[part].name;
}

size_t model_part_count(const GaclipModel *model, int part)
{
    size_t count = 0;
    if (part == MODEL_OTHER) {
        count = gaclip_model_parameter_count(model, "");
        for (int i = 0; i < MODEL_OTHER; i++) count -= model_part_count(model, i);
    }
    for (int i = 0; PARTS[part].prefixes[i] != NULL; i++)
        count += gaclip_model_parameter_count(model, PARTS[part].prefixes[i]);
    return count;
}
