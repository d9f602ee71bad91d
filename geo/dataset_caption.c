/* Asking a captioner about every image, and keeping what is true. */
#include "gaclip/dataset_caption.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "captioner_answer.h"
#include "captioner_http.h"
#include "captioner_prompt.h"
#include "chance.h"
#include "dataset.h"
#include "dataset_events.h"
#include "folder.h"
#include "spoken_claims.h"
#include "text_target.h"

enum { MOST_NEGATIVES = 64, MOST_SILENCES = 3 };

void gaclip_caption_options_init(GaclipCaptionOptions *options)
{
    *options = (GaclipCaptionOptions){
        .timeout = 120, .patience = 1, .retries = 3, .hard_negatives = 9, .seed = 1};
}

typedef struct Captioning {
    GaclipDataset *dataset;
    const GaclipCaptionOptions *options;
    const GaclipDatasetEvents *events;
    GaclipCaptioner *captioner;
    GaclipCaptionCounts counts;
    GaclipPool answers; /* of the image at hand */
    int image;          /* its index */
    int silences;       /* images in a row without an answer */
} Captioning;

static int should_stop(void *payload)
{
    const Captioning *c = payload;
    return gaclip__dataset_progress(c->events, c->image, c->dataset->image_count, NULL) != 0;
}

/* Name of the file that keeps the answer to a question; the caller frees it. */
static char *cache_name(const char *folder, const char *question)
{
    struct sha256_ctx context;
    uint8_t digest[SHA256_DIGEST_SIZE];
    char name[2 * SHA256_DIGEST_SIZE + 1] = "";
    sha256_init(&context);
    sha256_update(&context, strlen(question), (const uint8_t *)question);
    sha256_digest(&context, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++) snprintf(name + 2 * i, 3, "%02x", digest[i]);
    return CPLStrdup(CPLFormFilename(folder, name, "json"));
}

/* The kept answer, to be freed with free(), or NULL. */
static char *read_kept(const char *path)
{
    GByte *bytes = NULL;
    vsi_l_offset size = 0;
    if (!gaclip__is_file(path) || !VSIIngestFile(NULL, path, &bytes, &size, 1 << 20)) return NULL;
    char *copy = strdup((const char *)bytes);
    CPLFree(bytes);
    return copy;
}

static int keep(const char *path, const char *answer, GaclipError *err)
{
    GaclipTextTarget target;
    int status = gaclip__text_open(&target, path, err);
    if (status) return status;
    gaclip__text_put(&target, answer);
    return gaclip__text_commit(&target, err);
}

/* From the cache or from the service; *answer stays NULL where neither has one. */
static int find_answer(char **answer, Captioning *c, const char *question, GaclipError *err)
{
    char reason[256] = "";
    const char *folder = c->options->cache;
    char *path = folder ? cache_name(folder, question) : NULL;
    int status = GACLIP_OK;
    *answer = path ? read_kept(path) : NULL;
    c->counts.cached += *answer != NULL;
    if (!*answer) {
        c->counts.asked++;
        status = gaclip__captioner_ask(answer, reason, c->captioner, question, err);
        if (!status && *answer && path) status = keep(path, *answer, err);
        c->silences = *answer ? 0 : c->silences + 1;
    }
    CPLFree(path);
    if (status || *answer) return status;
    c->counts.unanswered++;
    gaclip__dataset_found(c->events, &c->dataset->images[c->image], c->image, -1,
                          "the captioner gave no answer: %s", reason);
    if (c->silences < MOST_SILENCES) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_IO,
                            "captioner %s: no answer for %d images in a row (%s); %s",
                            c->options->url, c->silences, reason,
                            folder ? "run again to go on from the cache"
                                   : "with a cache, another run would go on from here");
}

/* Counts a text, and says why it is refused. */
static int judge(Captioning *c, int region, int holds, const char *text, const char *reason)
{
    c->counts.accepted += holds;
    c->counts.refused += !holds;
    if (!holds)
        gaclip__dataset_found(c->events, &c->dataset->images[c->image], c->image, region,
                              "refused, %s: %.300s", reason, text);
    return holds;
}

static int take_captions(Captioning *c, const GaclipCaptionAnswer *answer,
                         const GaclipSpokenPlace *at, const GaclipSceneFacts *scene,
                         GaclipError *err)
{
    char reason[GACLIP__LONGEST_REASON];
    GaclipDatasetImage *image = &c->dataset->images[c->image];
    int status = GACLIP_OK;
    if (answer->brief && !image->caption_count &&
        judge(c, -1, gaclip__spoken_scene_holds(reason, answer->brief, at, scene), answer->brief,
              reason))
        status = gaclip__dataset_add_caption(c->dataset, c->image, answer->brief, err);
    if (!status && answer->detailed && !image->detailed &&
        judge(c, -1, gaclip__spoken_scene_holds(reason, answer->detailed, at, scene),
              answer->detailed, reason))
        status = gaclip__dataset_text(&image->detailed, c->dataset, answer->detailed, err);
    return status;
}

/* As many as were asked for, drawn by chance. */
static int add_negatives(Captioning *c, int region, const GaclipSpokenPlace *at,
                         const GaclipRegionFacts *facts, GaclipError *err)
{
    GaclipDatasetRegion *r = &c->dataset->images[c->image].regions[region];
    char *texts[MOST_NEGATIVES];
    uint64_t state = c->options->seed + (uint64_t)c->image * 0x9E3779B97F4A7C15u + (uint64_t)region;
    int made = gaclip__spoken_negatives(texts, MOST_NEGATIVES, r->description, at, region, facts);
    int wanted = made < c->options->hard_negatives ? made : c->options->hard_negatives;
    int status = GACLIP_OK;
    const char **kept = gaclip__pool_bytes(&c->dataset->pool, ((size_t)wanted + 1) * sizeof *kept);
    if (!kept) status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for a dataset");
    for (int i = 0; i < wanted && !status; i++) {
        int other = i + gaclip__chance_below(&state, made - i);
        char *text = texts[i];
        texts[i] = texts[other];
        texts[other] = text;
        status = gaclip__dataset_text(&kept[i], c->dataset, texts[i], err);
    }
    for (int i = 0; i < made; i++) CPLFree(texts[i]);
    if (status) return status;
    r->negatives = kept;
    r->negative_count = wanted;
    return GACLIP_OK;
}

static int take_description(Captioning *c, int region, const char *text,
                            const GaclipSpokenPlace *at, const GaclipRegionFacts *facts,
                            GaclipError *err)
{
    char reason[GACLIP__LONGEST_REASON];
    if (!text || !gaclip__captioner_asks_about(c->dataset, at->image, region)) return GACLIP_OK;
    int holds = gaclip__spoken_region_holds(reason, text, at, region, facts);
    if (!judge(c, region, holds, text, reason)) return GACLIP_OK;
    c->counts.descriptions++;
    int status = gaclip__dataset_text(&c->dataset->images[c->image].regions[region].description,
                                      c->dataset, text, err);
    return status ? status : add_negatives(c, region, at, facts, err);
}

static int take_answer(Captioning *c, const GaclipCaptionAnswer *answer, const GaclipImage *pixels,
                       GaclipError *err)
{
    GaclipDatasetImage *image = &c->dataset->images[c->image];
    GaclipSpokenPlace at = {c->dataset, image, c->options->with_views};
    GaclipSceneFacts scene = {0};
    GaclipRegionFacts *facts = calloc((size_t)image->region_count, sizeof *facts);
    if (!facts) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < image->region_count; i++)
        gaclip__region_facts(&facts[i], c->dataset, image, i, pixels);
    int status = gaclip__scene_facts(&scene, c->dataset, image, facts, err);
    if (!status) status = take_captions(c, answer, &at, &scene, err);
    /* Last first: which regions are asked about hangs on those before. */
    for (int i = image->region_count - 1; i >= 0 && !status; i--)
        status = take_description(c, i, answer->descriptions[i], &at, &facts[i], err);
    free(scene.groups);
    free(facts);
    return status;
}

static int use_answer(Captioning *c, const char *body, const GaclipImage *pixels, GaclipError *err)
{
    GaclipCaptionAnswer answer;
    GaclipError unreadable = {0};
    const GaclipDatasetImage *image = &c->dataset->images[c->image];
    int status =
        gaclip__captioner_read(&answer, &c->answers, body, image->region_count, &unreadable);
    if (status == GACLIP_ERROR_MEMORY) return gaclip_error_set(err, status, "out of memory");
    if (!status) return take_answer(c, &answer, pixels, err);
    c->counts.unreadable++;
    gaclip__dataset_found(c->events, image, c->image, -1, "%s", unreadable.message);
    return GACLIP_OK;
}

static int caption_image(Captioning *c, GaclipError *err)
{
    const GaclipDatasetImage *image = &c->dataset->images[c->image];
    GaclipImage pixels;
    char *question = NULL, *answer = NULL;
    if (!gaclip__captioner_is_wanted(c->dataset, image)) return GACLIP_OK;
    int status = gaclip_dataset_read_image(&pixels, image, err);
    if (status) return status;
    status = gaclip__captioner_question(&question, c->dataset, image, &pixels, c->options, err);
    if (!status) status = find_answer(&answer, c, question, err);
    if (!status && answer) status = use_answer(c, answer, &pixels, err);
    gaclip_image_clear(&pixels);
    gaclip__pool_free(&c->answers);
    free(question);
    free(answer);
    return status;
}

static int check_cache(const char *folder, GaclipError *err)
{
    if (!folder || gaclip__is_folder(folder) || VSIMkdir(folder, 0777) == 0) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_IO,
                            "%s: the folder for the captioner's answers cannot be made", folder);
}

int gaclip_dataset_caption(GaclipCaptionCounts *counts, GaclipDataset *dataset,
                           const GaclipCaptionOptions *options, const GaclipDatasetEvents *events,
                           GaclipError *err)
{
    Captioning c = {.dataset = dataset, .options = options, .events = events};
    *counts = c.counts;
    int status = check_cache(options->cache, err);
    if (!status) status = gaclip__captioner_open(&c.captioner, options, should_stop, &c, err);
    for (; c.image < dataset->image_count && !status; c.image++) {
        status = gaclip__dataset_progress(events, c.image, dataset->image_count, err);
        if (!status) status = caption_image(&c, err);
    }
    gaclip__captioner_close(c.captioner);
    *counts = c.counts;
    return status;
}
