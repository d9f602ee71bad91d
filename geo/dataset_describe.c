/* Texts and hard negatives for what has boxes alone. */
#include "gaclip/dataset_describe.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <stdlib.h>
#include <string.h>

#include "chance.h"
#include "class_traits.h"
#include "dataset.h"
#include "dataset_events.h"
#include "region_claims.h"
#include "scene_claims.h"
#include "similar_classes.h"

/* Nobody sees at a glance how many there are of more. */
enum { MOST_NEGATIVES = 64, MOST_COUNTED = 12 };

/* How often a claim that could be made is made: descriptions vary. Those about surroundings are
 * rarer, for all together make a long text. */
static const double CLAIMED = 0.8, CLAIMED_AROUND = 0.4;

void gaclip_describe_options_init(GaclipDescribeOptions *options)
{
    *options = (GaclipDescribeOptions){.hard_negatives = 9, .seed = 1};
    for (int i = 0; i < GACLIP_NEGATIVE_KINDS; i++) options->mix[i] = 1;
}

const char *gaclip_negative_name(GaclipNegativeKind kind)
{
    static const char *const NAMES[GACLIP_NEGATIVE_KINDS] = {"class", "size",     "shape", "colour",
                                                             "tone",  "position", "count"};
    return NAMES[kind];
}

static GaclipNegativeKind kind_of(GaclipClaimKind kind)
{
    static const GaclipNegativeKind KINDS[GACLIP__CLAIM_KINDS] = {
        [GACLIP__SIZE] = GACLIP_NEGATIVE_SIZE,
        [GACLIP__SHAPE] = GACLIP_NEGATIVE_SHAPE,
        [GACLIP__COLOUR] = GACLIP_NEGATIVE_COLOUR,
        [GACLIP__LENGTH] = GACLIP_NEGATIVE_SIZE,
        [GACLIP__TONE] = GACLIP_NEGATIVE_TONE,
        [GACLIP__DIRECTION] = GACLIP_NEGATIVE_POSITION,
        [GACLIP__SHARE] = GACLIP_NEGATIVE_SIZE,
        [GACLIP__PLACE] = GACLIP_NEGATIVE_POSITION,
        [GACLIP__SHADOW] = GACLIP_NEGATIVE_POSITION,
        [GACLIP__NEAR] = GACLIP_NEGATIVE_POSITION,
        [GACLIP__BEARING] = GACLIP_NEGATIVE_POSITION,
        [GACLIP__COUNT] = GACLIP_NEGATIVE_COUNT};
    return KINDS[kind];
}

typedef struct Describer {
    GaclipDataset *dataset;
    const GaclipDescribeOptions *options;
    uint64_t state;
    int count;
} Describer;

static int is_allowed(const Describer *d, int kind)
{
    return d->options->with_views || kind < GACLIP__DIRECTION;
}

/* The value of the kind that clearly is true, where there is one. */
static int find_true(int *value, GaclipClaimKind kind, const GaclipRegionFacts *facts)
{
    const char *const *words = gaclip__claim_words(kind);
    if (kind == GACLIP__COUNT) {
        *value = facts->count;
        return *value >= 2 && *value <= MOST_COUNTED;
    }
    if (!words) {
        *value = gaclip__claim_length(facts->length);
        return *value >= 1 && gaclip__claim_holds(kind, *value, facts) == 1;
    }
    for (*value = 0; words[*value]; (*value)++)
        if (gaclip__claim_holds(kind, *value, facts) == 1) return 1;
    return 0;
}

/* One relation at most: the bearing says more. */
static void name_neighbour(GaclipRegionClaims *out, const GaclipDataset *dataset,
                           const GaclipRegionFacts *facts)
{
    const char *name = facts->neighbour < 0 ? "" : dataset->classes[facts->neighbour].name;
    if (strlen(name) >= sizeof out->neighbour)
        out->is_claimed[GACLIP__NEAR] = out->is_claimed[GACLIP__BEARING] = 0;
    if (out->is_claimed[GACLIP__BEARING]) out->is_claimed[GACLIP__NEAR] = 0;
    if (out->is_claimed[GACLIP__NEAR] || out->is_claimed[GACLIP__BEARING])
        CPLStrlcpy(out->neighbour, name, sizeof out->neighbour);
}

/* Some of what is true; nothing where nothing else than the name is known. */
static void make_claims(GaclipRegionClaims *out, Describer *d, const char *name,
                        const GaclipRegionFacts *facts)
{
    int made = 0, possible[GACLIP__CLAIM_KINDS], possible_count = 0;
    *out = (GaclipRegionClaims){0};
    CPLStrlcpy(out->name, name, sizeof out->name);
    for (int kind = 0; kind < GACLIP__CLAIM_KINDS; kind++) {
        double chance = gaclip__chance_uniform(&d->state);
        if (!is_allowed(d, kind) || !find_true(&out->values[kind], (GaclipClaimKind)kind, facts))
            continue;
        possible[possible_count++] = kind;
        out->is_claimed[kind] = chance < (kind < GACLIP__SHADOW ? CLAIMED : CLAIMED_AROUND);
        made += out->is_claimed[kind];
    }
    if (!made && possible_count) /* a name alone says little */
        out->is_claimed[possible[gaclip__chance_below(&d->state, possible_count)]] = 1;
    name_neighbour(out, d->dataset, facts);
}

typedef struct Negatives {
    const char *texts[MOST_NEGATIVES];
    GaclipNegativeKind kinds[MOST_NEGATIVES];
    int count;
} Negatives;

static int keep_negative(Negatives *out, Describer *d, const GaclipRegionClaims *claims,
                         GaclipNegativeKind kind, GaclipError *err)
{
    char text[GACLIP__LONGEST_DESCRIPTION];
    if (out->count == MOST_NEGATIVES || !(d->options->mix[kind] > 0)) return GACLIP_OK;
    gaclip__claims_write(text, claims);
    out->kinds[out->count] = kind;
    return gaclip__dataset_text(&out->texts[out->count++], d->dataset, text, err);
}

/* Every value of one claim that clearly is false. */
static int change_claim(Negatives *out, Describer *d, const GaclipRegionClaims *truth,
                        GaclipClaimKind kind, const GaclipRegionFacts *facts, GaclipError *err)
{
    const char *const *words = gaclip__claim_words(kind);
    int truth_value = truth->values[kind];
    const int lengths[] = {gaclip__claim_length(truth_value * 3.0), truth_value / 3};
    int is_few = truth_value <= 4;
    const int counts[] = {is_few ? truth_value - 1 : truth_value / 2,
                          is_few ? truth_value + 2 : truth_value * 2};
    const int *numbers = kind == GACLIP__COUNT ? counts : lengths;
    int least = words ? 0 : kind == GACLIP__COUNT ? 2 : 1;
    int status = GACLIP_OK;
    for (int i = 0; (words ? words[i] != NULL : i < 2) && !status; i++) {
        GaclipRegionClaims changed = *truth;
        changed.values[kind] = words ? i : numbers[i];
        if (changed.values[kind] < least) continue;
        if (gaclip__claim_holds(kind, changed.values[kind], facts) == 0)
            status = keep_negative(out, d, &changed, kind_of(kind), err);
    }
    return status;
}

static int change_class(Negatives *out, Describer *d, const GaclipRegionClaims *truth,
                        GaclipError *err)
{
    const char *const *others = gaclip__similar_classes(truth->name);
    int status = GACLIP_OK;
    for (; others && *others && !status; others++) {
        GaclipRegionClaims changed = *truth;
        CPLStrlcpy(changed.name, *others, sizeof changed.name);
        status = keep_negative(out, d, &changed, GACLIP_NEGATIVE_CLASS, err);
    }
    return status;
}

/* One of those from first on: its kind by the mix, then any of the kind. */
static int draw(const Negatives *n, int first, Describer *d)
{
    int of_kind[GACLIP_NEGATIVE_KINDS] = {0};
    double sum = 0;
    for (int i = first; i < n->count; i++)
        if (!of_kind[n->kinds[i]]++) sum += d->options->mix[n->kinds[i]];
    double place = gaclip__chance_uniform(&d->state) * sum;
    int kind = -1;
    for (int k = 0; k < GACLIP_NEGATIVE_KINDS && place >= 0; k++) {
        if (!of_kind[k]) continue;
        place -= d->options->mix[k];
        kind = k;
    }
    int left = gaclip__chance_below(&d->state, of_kind[kind]);
    for (int i = first;; i++)
        if ((int)n->kinds[i] == kind && left-- == 0) return i;
}

/* Draws count of them and forgets the rest. */
static void choose(Negatives *n, int count, Describer *d)
{
    for (int i = 0; i < n->count && i < count; i++) {
        int other = draw(n, i, d);
        const char *text = n->texts[i];
        GaclipNegativeKind kind = n->kinds[i];
        n->texts[i] = n->texts[other];
        n->kinds[i] = n->kinds[other];
        n->texts[other] = text;
        n->kinds[other] = kind;
    }
    if (n->count > count) n->count = count;
}

static int add_negatives(GaclipDatasetRegion *region, Describer *d, const GaclipRegionClaims *truth,
                         const GaclipRegionFacts *facts, GaclipError *err)
{
    Negatives negatives = {.count = 0};
    int status = change_class(&negatives, d, truth, err);
    for (int kind = 0; kind < GACLIP__CLAIM_KINDS && !status; kind++)
        if (truth->is_claimed[kind])
            status = change_claim(&negatives, d, truth, (GaclipClaimKind)kind, facts, err);
    if (status) return status;
    choose(&negatives, d->options->hard_negatives, d);
    size_t size = (size_t)negatives.count * sizeof *negatives.texts;
    const char **kept = gaclip__pool_bytes(&d->dataset->pool, size + 1);
    if (!kept) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for a dataset");
    memcpy(kept, negatives.texts, size);
    region->negatives = kept;
    region->negative_count = negatives.count;
    return GACLIP_OK;
}

static int describe_region(GaclipDatasetRegion *region, Describer *d,
                           const GaclipRegionFacts *facts, GaclipError *err)
{
    char text[GACLIP__LONGEST_DESCRIPTION];
    GaclipRegionClaims claims;
    if (region->description || region->class_index < 0 || !region->is_object) return GACLIP_OK;
    const char *name = d->dataset->classes[region->class_index].name;
    if (!gaclip__is_spoken(name)) return GACLIP_OK;
    if (strlen(name) >= sizeof claims.name) return GACLIP_OK;
    make_claims(&claims, d, name, facts);
    gaclip__claims_write(text, &claims);
    d->count++;
    int status = gaclip__dataset_text(&region->description, d->dataset, text, err);
    return status ? status : add_negatives(region, d, &claims, facts, err);
}

static int describe_scene(Describer *d, int index, const GaclipRegionFacts *facts, GaclipError *err)
{
    GaclipDatasetImage *image = &d->dataset->images[index];
    GaclipSceneFacts scene;
    if (!image->is_annotated) return GACLIP_OK;
    int status = gaclip__scene_facts(&scene, d->dataset, image, facts, err);
    if (status) return status;
    char *brief = gaclip__scene_brief(&scene, d->dataset);
    char *detailed = gaclip__scene_detailed(&scene, d->dataset);
    if (brief && !image->caption_count)
        status = gaclip__dataset_add_caption(d->dataset, index, brief, err);
    if (detailed && !image->detailed && !status)
        status = gaclip__dataset_text(&image->detailed, d->dataset, detailed, err);
    CPLFree(brief);
    CPLFree(detailed);
    free(scene.groups);
    return status;
}

static int describe_image(Describer *d, int index, GaclipError *err)
{
    GaclipDatasetImage *image = &d->dataset->images[index];
    GaclipImage pixels;
    if (!image->region_count) return GACLIP_OK;
    int status = gaclip_dataset_read_image(&pixels, image, err);
    if (status) return status;
    GaclipRegionFacts *facts = calloc((size_t)image->region_count, sizeof *facts);
    if (!facts) status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < image->region_count && !status; i++) {
        gaclip__region_facts(&facts[i], d->dataset, image, i, &pixels);
        status = describe_region(&image->regions[i], d, &facts[i], err);
    }
    gaclip_image_clear(&pixels);
    if (!status) status = describe_scene(d, index, facts, err);
    free(facts);
    return status;
}

int gaclip_dataset_describe(int *count, GaclipDataset *dataset,
                            const GaclipDescribeOptions *options, const GaclipDatasetEvents *events,
                            GaclipError *err)
{
    Describer d = {.dataset = dataset, .options = options};
    int status = GACLIP_OK;
    for (int i = 0; i < dataset->image_count && !status; i++) {
        d.state = options->seed + (uint64_t)i * 0x9E3779B97F4A7C15u;
        status = gaclip__dataset_progress(events, i, dataset->image_count, err);
        if (!status) status = describe_image(&d, i, err);
    }
    *count = d.count;
    return status;
}
