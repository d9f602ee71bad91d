/* Copies of training images among test images. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/compute.h"
#include "eval/hash_index.h"
#include "image/alignment.h"

/* Hashes of whole images that differ in no more bits are looked at closely, and in any case so
 * many of the nearest. */
enum { NEAR_WHOLE = 6, NEAREST = 3, CHUNK = 64 };

/* Placements from this similarity on are worth aligning closely; those of a pair that is alike to
 * that degree already are not. */
static const double PROMISING = 0.3, CERTAIN = 0.95;

/* Of a training image that was not looked at for the test image at hand; scores are -1 to 1. */
static const double UNSEEN = -2;

void gaclip_image_match_options_init(GaclipImageMatchOptions *options)
{
    *options = (GaclipImageMatchOptions){.score = 0.75, .overlap = 0.5};
}

/* What was found for one test image. */
typedef struct Found {
    GaclipImageMatch *pairs;
    int count, failed;
} Found;

typedef struct Match {
    const GaclipFingerprint *const *tests, *const *trains;
    int train_count;
    const GaclipImageMatchOptions *options;
    GaclipHashIndex index;
    GaclipAlignment **of_train; /* (threads) (train_count) best of the test image at hand */
    int **touched;              /* (threads) (train_count) those looked at */
    GaclipImageMatch *best;
    Found *found; /* (test_count) */
    int first;    /* test image of the tasks */
} Match;

/* One worker at one test image. */
typedef struct Search {
    const Match *match;
    const GaclipFingerprint *test;
    const GaclipPatch *blob;
    GaclipAlignment *of_train;
    int *touched, touched_count;
} Search;

static void consider(Search *s, int train, const GaclipPlacement *placement, int is_coarse)
{
    GaclipAlignment *best = &s->of_train[train], a;
    const GaclipFingerprint *other = s->match->trains[train];
    double overlap = s->match->options->overlap;
    if (best->score >= CERTAIN) return;
    if (is_coarse) {
        gaclip__align(&a, s->test, other, placement, overlap, 1);
        if (a.score < PROMISING) return;
    }
    gaclip__align_closely(&a, s->test, other, placement, overlap);
    if (best->score < UNSEEN + 0.5) s->touched[s->touched_count++] = train;
    if (a.score > best->score) *best = a;
}

static void consider_blob(const GaclipHashEntry *entry, void *payload)
{
    Search *s = payload;
    const GaclipPatch *other = &s->match->trains[entry->image]->blobs[entry->blob];
    GaclipPlacement placement = gaclip__place(s->blob, other);
    consider(s, entry->image, &placement, 1);
}

static GaclipPatch whole_patch(const GaclipFingerprint *f, int orientation)
{
    float x = (float)f->width / 2, y = (float)f->height / 2;
    return (GaclipPatch){x, y, x, y, orientation, f->whole[orientation]};
}

/* The patches lie in the form into which the orientation brings the test image. */
static void consider_whole(Search *s, int train, int orientation)
{
    GaclipPatch a = whole_patch(s->test, orientation), b = whole_patch(s->match->trains[train], 0);
    GaclipPlacement placement = gaclip__place(&a, &b);
    consider(s, train, &placement, 0);
}

static void search_whole(Search *s)
{
    const Match *m = s->match;
    int nearest[NEAREST][3]; /* bits, image, orientation */
    int count = 0;
    for (int t = 0; t < m->train_count; t++)
        for (int o = 0; o < GACLIP__ORIENTATIONS; o++) {
            int bits = __builtin_popcountll(m->trains[t]->whole[0] ^ s->test->whole[o]);
            if (bits <= NEAR_WHOLE) {
                consider_whole(s, t, o);
                continue;
            }
            int at = count < NEAREST ? count++ : NEAREST;
            for (; at > 0 && nearest[at - 1][0] > bits; at--)
                if (at < NEAREST) memcpy(nearest[at], nearest[at - 1], sizeof *nearest);
            if (at == NEAREST) continue;
            nearest[at][0] = bits;
            nearest[at][1] = t;
            nearest[at][2] = o;
        }
    for (int i = 0; i < count; i++) consider_whole(s, nearest[i][1], nearest[i][2]);
}

/* From the matrix's signs: the test image is the training one flipped from left to right or not,
 * then turned clockwise. The placement goes the other way. */
static void describe_orientation(GaclipImageMatch *out, const double m[4])
{
    int is_transposed = fabs(m[1]) > fabs(m[0]);
    double a = is_transposed ? m[1] : m[0], d = is_transposed ? m[2] : m[3];
    if (!is_transposed) {
        out->is_flipped = a * d < 0;
        out->quarter_turns = d < 0 ? 2 : 0;
        return;
    }
    out->is_flipped = a * d > 0;
    out->quarter_turns = d < 0 ? 1 : 3;
}

static GaclipImageMatch match_of(int test, int train, const GaclipAlignment *a)
{
    GaclipImageMatch out = {.test = test,
                            .train = train,
                            .score = a->score,
                            .test_share = a->test_share,
                            .train_share = a->train_share};
    describe_orientation(&out, a->placement.matrix);
    return out;
}

static int compare_numbers(const void *a, const void *b)
{
    const int *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

static void keep_matches(const Match *m, Search *s, int test)
{
    Found *found = &m->found[test];
    GaclipImageMatch *best = &m->best[test];
    *best = (GaclipImageMatch){.test = test, .train = -1};
    if (s->touched_count)
        qsort(s->touched, (size_t)s->touched_count, sizeof *s->touched, compare_numbers);
    for (int i = 0; i < s->touched_count; i++)
        found->count += s->of_train[s->touched[i]].score >= m->options->score;
    found->pairs = malloc(((size_t)found->count + 1) * sizeof *found->pairs);
    found->failed = !found->pairs;
    found->count = 0;
    for (int i = 0; i < s->touched_count; i++) {
        int train = s->touched[i];
        GaclipAlignment *a = &s->of_train[train];
        GaclipImageMatch match = match_of(test, train, a);
        if (a->score > best->score) *best = match;
        if (found->pairs && a->score >= m->options->score) found->pairs[found->count++] = match;
        a->score = UNSEEN;
    }
}

static void search(int index, int worker, void *payload)
{
    const Match *m = payload;
    int test = m->first + index;
    Search s = {.match = m,
                .test = m->tests[test],
                .of_train = m->of_train[worker],
                .touched = m->touched[worker]};
    search_whole(&s);
    for (int b = 0; b < s.test->blob_count; b++) {
        s.blob = &s.test->blobs[b];
        gaclip__hash_index_find(&m->index, s.blob->hash, consider_blob, &s);
    }
    keep_matches(m, &s, test);
}

static int allocate(Match *m, int test_count, int threads, GaclipError *err)
{
    size_t trains = (size_t)m->train_count + 1, workers = (size_t)threads;
    m->found = calloc((size_t)test_count + 1, sizeof *m->found);
    m->of_train = calloc(workers, sizeof *m->of_train);
    m->touched = calloc(workers, sizeof *m->touched);
    int is_done = m->found && m->of_train && m->touched;
    for (size_t w = 0; w < workers && is_done; w++) {
        m->of_train[w] = malloc(trains * sizeof **m->of_train);
        m->touched[w] = malloc(trains * sizeof **m->touched);
        is_done = m->of_train[w] && m->touched[w];
        for (size_t t = 0; t < trains && is_done; t++) m->of_train[w][t].score = UNSEEN;
    }
    return is_done ? GACLIP_OK : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}

static void clear(Match *m, int test_count, int threads)
{
    for (int t = 0; t < test_count && m->found; t++) free(m->found[t].pairs);
    for (int w = 0; w < threads && m->of_train && m->touched; w++) {
        free(m->of_train[w]);
        free(m->touched[w]);
    }
    free(m->found);
    free(m->of_train);
    free(m->touched);
    gaclip__hash_index_clear(&m->index);
}

static int collect(GaclipImageMatch **pairs, size_t *count, const Match *m, int test_count,
                   GaclipError *err)
{
    int failed = 0;
    *count = 0;
    for (int t = 0; t < test_count; t++) {
        failed |= m->found[t].failed;
        *count += (size_t)m->found[t].count;
    }
    *pairs = failed ? NULL : malloc((*count + 1) * sizeof **pairs);
    if (!*pairs) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    GaclipImageMatch *end = *pairs;
    for (int t = 0; t < test_count; t++) {
        size_t own = (size_t)m->found[t].count;
        memcpy(end, m->found[t].pairs, own * sizeof *end);
        end += own;
    }
    return GACLIP_OK;
}

static int search_all(Match *m, int test_count, GaclipCompute *compute, GaclipError *err)
{
    const GaclipImageMatchOptions *o = m->options;
    for (m->first = 0; m->first < test_count; m->first += CHUNK) {
        int left = test_count - m->first, count = left < CHUNK ? left : CHUNK;
        gaclip__threads_run(compute->pool, count, search, m);
        if (o->progress && o->progress(m->first + count, test_count, o->payload))
            return gaclip_error_set(err, GACLIP_ERROR_INTERRUPTED, "stopped after %d of %d images",
                                    m->first + count, test_count);
    }
    return GACLIP_OK;
}

int gaclip_match_images(GaclipImageMatch *best, GaclipImageMatch **pairs, size_t *pair_count,
                        const GaclipFingerprint *const *tests, int test_count,
                        const GaclipFingerprint *const *trains, int train_count,
                        const GaclipImageMatchOptions *options, GaclipCompute *compute,
                        GaclipError *err)
{
    Match m = {.tests = tests,
               .trains = trains,
               .train_count = train_count,
               .options = options,
               .best = best};
    int threads = gaclip_compute_threads(compute);
    *pairs = NULL;
    *pair_count = 0;
    if (!(options->score > 0 && options->score <= 1) ||
        !(options->overlap > 0 && options->overlap <= 1))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "structural similarity %g and overlap %g: give shares above 0, at "
                                "most 1",
                                options->score, options->overlap);
    int status = gaclip__hash_index_init(&m.index, trains, train_count, err);
    if (!status) status = allocate(&m, test_count, threads, err);
    if (!status) status = search_all(&m, test_count, compute, err);
    if (!status) status = collect(pairs, pair_count, &m, test_count, err);
    clear(&m, test_count, threads);
    return status;
}
