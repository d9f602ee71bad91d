#include "weights/name_map.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* What wrappers, trainers and compilers put before every name. */
static const char *const PREFIXES[] = {"module.",     "clip.",      "model.",
                                       "clip_model.", "_orig_mod.", "state_dict."};

/* '#' is a number, and '*' the rest of the name; both are the same on either side. */
typedef struct NameRule {
    const char *theirs, *ours;
    GaclipNameUse use;
    GaclipTextPath path;
} NameRule;

#define SAME(theirs, ours)                                                                         \
    {                                                                                              \
        theirs, ours, GACLIP__NAME_WHOLE, GACLIP__TEXT_ANY                                         \
    }
#define USED(theirs, ours, use)                                                                    \
    {                                                                                              \
        theirs, ours, GACLIP__NAME_##use, GACLIP__TEXT_ANY                                         \
    }
#define IGNORED(theirs)                                                                            \
    {                                                                                              \
        theirs, "", GACLIP__NAME_IGNORED, GACLIP__TEXT_ANY                                         \
    }

/* Hugging Face's blocks (transformers, convert_clip_original_pytorch_to_hf.py). */
#define BLOCKS(theirs, ours)                                                                       \
    SAME(theirs "#.layer_norm1.*", ours "#.ln_1.*"),                                               \
        SAME(theirs "#.layer_norm2.*", ours "#.ln_2.*"),                                           \
        SAME(theirs "#.mlp.fc1.*", ours "#.mlp.c_fc.*"),                                           \
        SAME(theirs "#.mlp.fc2.*", ours "#.mlp.c_proj.*"),                                         \
        SAME(theirs "#.self_attn.out_proj.*", ours "#.attn.out_proj.*"),                           \
        USED(theirs "#.self_attn.q_proj.*", ours "#.attn.in_proj_*", QUERY),                       \
        USED(theirs "#.self_attn.k_proj.*", ours "#.attn.in_proj_*", KEY),                         \
        USED(theirs "#.self_attn.v_proj.*", ours "#.attn.in_proj_*", VALUE)

static const NameRule RULES[] = {
    /* Hugging Face CLIP; the first norm's spelling is theirs. */
    BLOCKS("vision_model.encoder.layers.", "visual.transformer.resblocks."),
    BLOCKS("text_model.encoder.layers.", "transformer.resblocks."),
    SAME("vision_model.embeddings.class_embedding", "visual.class_embedding"),
    SAME("vision_model.embeddings.patch_embedding.weight", "visual.conv1.weight"),
    SAME("vision_model.embeddings.position_embedding.weight", "visual.positional_embedding"),
    SAME("vision_model.pre_layrnorm.*", "visual.ln_pre.*"),
    SAME("vision_model.pre_layernorm.*", "visual.ln_pre.*"),
    SAME("vision_model.post_layernorm.*", "visual.ln_post.*"),
    SAME("text_model.embeddings.token_embedding.weight", "token_embedding.weight"),
    SAME("text_model.final_layer_norm.*", "ln_final.*"),
    USED("visual_projection.weight", "visual.proj", TRANSPOSED),
    {"text_model.embeddings.position_embedding.weight", "positional_embedding", GACLIP__NAME_WHOLE,
     GACLIP__TEXT_SHORT},
    {"text_projection.weight", "text_projection", GACLIP__NAME_TRANSPOSED, GACLIP__TEXT_SHORT},
    /* FG-CLIP's way for long texts. */
    {"text_model.embeddings.position_embedding_ori.weight", "positional_embedding",
     GACLIP__NAME_WHOLE, GACLIP__TEXT_LONG},
    {"text_model.embeddings.position_embedding_res.weight", "positional_embedding",
     GACLIP__NAME_TAIL, GACLIP__TEXT_LONG},
    {"text_filip_projection.weight", "text_projection", GACLIP__NAME_TRANSPOSED, GACLIP__TEXT_LONG},
    /* Long-CLIP's second table, trained for the stretched positions alone. */
    USED("positional_embedding_res", "positional_embedding", TAIL),
    /* open_clip's models with a text tower of their own. */
    IGNORED("text.attn_mask"),
    SAME("text.*", "*"),
    /* Buffers, sizes, and temperatures of other losses. */
    IGNORED("text_model.embeddings.position_ids"),
    IGNORED("vision_model.embeddings.position_ids"),
    IGNORED("attn_mask"),
    IGNORED("input_resolution"),
    IGNORED("context_length"),
    IGNORED("vocab_size"),
    IGNORED("mask1"),
    IGNORED("mask2"),
    IGNORED("logit_scale_finegraind"),
    IGNORED("logit_scale_hardneg"),
    IGNORED("tokenizer.merges"),
};

static const char *without_prefixes(const char *name)
{
    for (size_t i = 0; i < sizeof PREFIXES / sizeof *PREFIXES; i++) {
        size_t length = strlen(PREFIXES[i]);
        if (!strncmp(name, PREFIXES[i], length)) {
            name += length;
            i = (size_t)-1; /* wrappers may be nested: from the start again */
        }
    }
    return name;
}

typedef struct Match {
    const char *number, *rest;
    int digits;
} Match;

static int matches(Match *m, const char *pattern, const char *name)
{
    for (; *pattern; pattern++) {
        if (*pattern == '*') {
            m->rest = name;
            return 1;
        }
        if (*pattern == '#') {
            m->number = name;
            while (isdigit((unsigned char)*name)) name++;
            m->digits = (int)(name - m->number);
            if (m->digits == 0) return 0;
        } else if (*name++ != *pattern) {
            return 0;
        }
    }
    return *name == '\0';
}

static void fill(char out[GACLIP__NAME_SIZE], const char *pattern, const Match *m)
{
    size_t used = 0;
    for (; *pattern && used < GACLIP__NAME_SIZE; pattern++) {
        size_t room = GACLIP__NAME_SIZE - used;
        int written = *pattern == '#'   ? snprintf(out + used, room, "%.*s", m->digits, m->number)
                      : *pattern == '*' ? snprintf(out + used, room, "%s", m->rest)
                                        : snprintf(out + used, room, "%c", *pattern);
        used += (size_t)written;
    }
    if (used >= GACLIP__NAME_SIZE) out[0] = '\0';
}

void gaclip__map_name(GaclipMappedName *out, const char *name)
{
    *out = (GaclipMappedName){.use = GACLIP__NAME_WHOLE};
    name = without_prefixes(name);
    for (size_t i = 0; i < sizeof RULES / sizeof *RULES; i++) {
        Match m = {0};
        if (!matches(&m, RULES[i].theirs, name)) continue;
        fill(out->name, RULES[i].ours, &m);
        out->use = RULES[i].use;
        out->path = RULES[i].path;
        return;
    }
    if (strlen(name) < GACLIP__NAME_SIZE) memcpy(out->name, name, strlen(name));
}

int gaclip__hugging_face_name(char out[GACLIP__NAME_SIZE], const char *ours, GaclipNameUse use)
{
    for (size_t i = 0; i < sizeof RULES / sizeof *RULES; i++) {
        Match m = {0};
        if (RULES[i].use != use || *RULES[i].ours == '*' || !matches(&m, RULES[i].ours, ours))
            continue;
        memset(out, 0, GACLIP__NAME_SIZE);
        fill(out, RULES[i].theirs, &m);
        return out[0] != '\0';
    }
    return 0;
}
