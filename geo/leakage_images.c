/* Pairs of images, and why they are suspicious. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "leakage.h"

typedef struct Leaks {
    GaclipImageLeak *items;
    int count, capacity;
} Leaks;

static int add(Leaks *leaks, const GaclipImageLeak *leak, GaclipError *err)
{
    if (leaks->count == leaks->capacity) {
        int capacity = leaks->capacity ? 2 * leaks->capacity : 64;
        GaclipImageLeak *items = realloc(leaks->items, (size_t)capacity * sizeof *items);
        if (!items) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        leaks->items = items;
        leaks->capacity = capacity;
    }
    leaks->items[leaks->count++] = *leak;
    return GACLIP_OK;
}

/* The first training image with the same digest, for every test image. */
static int add_same(Leaks *leaks, GaclipDigest *train, int train_count, const GaclipDigest *test,
                    int test_count, int is_file, GaclipError *err)
{
    int status = GACLIP_OK;
    gaclip__digests_sort(train, train_count);
    for (int i = 0; i < test_count && !status; i++) {
        const GaclipDigest *same = gaclip__digest_find(train, train_count, &test[i]);
        if (!same) continue;
        GaclipImageLeak leak = {.test = test[i].image,
                                .train = same->image,
                                .is_same_file = is_file,
                                .is_same_pixels = !is_file};
        status = add(leaks, &leak, err);
    }
    return status;
}

static int add_alike(Leaks *leaks, GaclipLeakage *out, const GaclipLeakageImages *train,
                     const GaclipLeakageImages *test, const GaclipLeakageOptions *options,
                     GaclipLeakageProgress *progress, GaclipError *err)
{
    GaclipImageMatchOptions match = {options->structural, options->overlap,
                                     gaclip__leakage_on_progress, progress};
    GaclipImageMatch *best = malloc((size_t)test->count * sizeof *best), *pairs = NULL;
    size_t count = 0;
    int status = GACLIP_OK;
    if (!best) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    status = gaclip_match_images(best, &pairs, &count,
                                 (const GaclipFingerprint *const *)test->fingerprints, test->count,
                                 (const GaclipFingerprint *const *)train->fingerprints,
                                 train->count, &match, options->compute, err);
    progress->before += test->count;
    for (int i = 0; i < test->count && !status; i++) out->structural[i] = best[i].score;
    for (size_t i = 0; i < count && !status; i++) {
        GaclipImageLeak leak = {
            .test = pairs[i].test, .train = pairs[i].train, .is_alike = 1, .match = pairs[i]};
        status = add(leaks, &leak, err);
    }
    free(best);
    free(pairs);
    return status;
}

static int embed(float **out, const GaclipLeakageImages *images,
                 const GaclipLeakageOptions *options, GaclipLeakageProgress *progress,
                 GaclipError *err)
{
    size_t width = (size_t)gaclip_model_config(options->model)->embed_dim;
    *out = malloc((size_t)images->count * width * sizeof **out);
    if (!*out) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int status = gaclip_embed_images(*out, options->model, &images->view,
                                     gaclip__leakage_on_progress, progress, err);
    progress->before += images->count;
    return status;
}

static int take_near(Leaks *leaks, GaclipLeakage *out, const GaclipNearest *nearest, int count,
                     double threshold, GaclipError *err)
{
    int status = GACLIP_OK;
    for (int i = 0; i < count && !status; i++) {
        out->image_cosine[i] = nearest[i].similarity;
        if (nearest[i].similarity < threshold) continue;
        GaclipImageLeak leak = {
            .test = i, .train = nearest[i].train, .is_near = 1, .cosine = nearest[i].similarity};
        status = add(leaks, &leak, err);
    }
    return status;
}

static int add_near(Leaks *leaks, GaclipLeakage *out, const GaclipLeakageImages *train,
                    const GaclipLeakageImages *test, const GaclipLeakageOptions *options,
                    GaclipLeakageProgress *progress, GaclipError *err)
{
    float *trains = NULL, *tests = NULL;
    size_t count = (size_t)test->count;
    GaclipNearest *nearest = malloc(count * sizeof *nearest);
    out->image_cosine = malloc(count * sizeof *out->image_cosine);
    int status = nearest && out->image_cosine
                     ? embed(&trains, train, options, progress, err)
                     : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    if (!status) status = embed(&tests, test, options, progress, err);
    if (!status)
        status = gaclip_match_embeddings(nearest, tests, test->count, trains, train->count,
                                         gaclip_model_config(options->model)->embed_dim,
                                         options->compute, err);
    if (!status) status = take_near(leaks, out, nearest, test->count, options->image_cosine, err);
    free(trains);
    free(tests);
    free(nearest);
    return status;
}

static int compare_leaks(const void *a, const void *b)
{
    const GaclipImageLeak *left = a, *right = b;
    if (left->test != right->test) return left->test < right->test ? -1 : 1;
    return (left->train > right->train) - (left->train < right->train);
}

/* One entry a pair, with all its reasons; numbers become those of the datasets. */
static void join(GaclipLeakage *out, Leaks *leaks, const GaclipLeakageImages *train,
                 const GaclipLeakageImages *test)
{
    int kept = 0;
    if (leaks->count)
        qsort(leaks->items, (size_t)leaks->count, sizeof *leaks->items, compare_leaks);
    for (int i = 0; i < leaks->count; i++) {
        GaclipImageLeak *leak = &leaks->items[i], *last = kept ? &leaks->items[kept - 1] : NULL;
        if (!last || compare_leaks(last, leak) != 0) {
            leaks->items[kept++] = *leak;
            continue;
        }
        last->is_same_file |= leak->is_same_file;
        last->is_same_pixels |= leak->is_same_pixels;
        if (leak->is_alike) last->match = leak->match;
        last->is_alike |= leak->is_alike;
        last->cosine = fmax(last->cosine, leak->cosine);
        last->is_near |= leak->is_near;
    }
    for (int i = 0; i < kept; i++) {
        GaclipImageLeak *leak = &leaks->items[i];
        leak->match.test = leak->test = test->index[leak->test];
        leak->match.train = leak->train = train->index[leak->train];
    }
    out->images = leaks->items;
    out->image_count = kept;
}

int gaclip__leakage_of_images(GaclipLeakage *out, const GaclipLeakageImages *train,
                              const GaclipLeakageImages *test, const GaclipLeakageOptions *options,
                              GaclipLeakageProgress *progress, GaclipError *err)
{
    Leaks leaks = {0};
    size_t count = (size_t)test->count;
    out->structural = malloc(count * sizeof *out->structural);
    out->test_index = malloc(count * sizeof *out->test_index);
    if (!out->structural || !out->test_index)
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    memcpy(out->test_index, test->index, count * sizeof *out->test_index);
    int status =
        add_same(&leaks, train->files, train->file_count, test->files, test->file_count, 1, err);
    if (!status)
        status = add_same(&leaks, train->pixels, train->count, test->pixels, test->count, 0, err);
    if (!status) status = add_alike(&leaks, out, train, test, options, progress, err);
    if (!status && options->model)
        status = add_near(&leaks, out, train, test, options, progress, err);
    join(out, &leaks, train, test);
    return status;
}
