#include "alignment.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gaclip/annotations.h"
#include "gaclip/dense.h"
#include "region_reader.h"
#include "request_options.h"

const GaclipField gaclip__alignment_fields[GACLIP__ALIGNMENT_FIELDS] = {
    {"phrase", GACLIP_FIELD_TEXT},          {"rank", GACLIP_FIELD_INTEGER},
    {"candidates", GACLIP_FIELD_INTEGER},   {"similarity", GACLIP_FIELD_REAL},
    {"probability", GACLIP_FIELD_REAL},     {"best", GACLIP_FIELD_TEXT},
    {"best_similarity", GACLIP_FIELD_REAL}, {"best_probability", GACLIP_FIELD_REAL},
    {"second", GACLIP_FIELD_TEXT},          {"second_similarity", GACLIP_FIELD_REAL},
    {"third", GACLIP_FIELD_TEXT},           {"third_similarity", GACLIP_FIELD_REAL},
    {"consistency", GACLIP_FIELD_REAL},     {"source", GACLIP_FIELD_TEXT},
    {"region_id", GACLIP_FIELD_INTEGER}};

/* Share of the model's window that a region fills at most, so that it is seen in its
 * surroundings. */
static const double LARGEST_SHARE = 0.75;

enum { BEST = 3 };

typedef struct Score {
    int is_known;
    int best[BEST]; /* indices of phrases, -1 where there are fewer */
    float best_similarity[BEST], best_probability;
    float similarity, probability; /* of the own phrase */
    int rank, candidates;
    float consistency;
} Score;

struct GaclipAlignment {
    GaclipRaster *raster;
    GaclipModel *model;
    const GaclipRequest *request;
    GaclipRegionList regions;
    Score *scores;       /* (regions.count) */
    GaclipNames phrases; /* the classes, then the own phrases */
    GaclipDetector *scorer;
    float *probability, *similarity; /* (phrases.count) */
};

static int find_phrase(const GaclipNames *phrases, const char *phrase)
{
    for (int i = 0; i < phrases->count; i++)
        if (!strcmp(phrases->items[i], phrase)) return i;
    return -1;
}

static int gather_phrases(GaclipAlignment *a, GaclipError *err)
{
    int status = GACLIP_OK;
    for (int i = 0; i < a->request->classes.count && !status; i++) {
        const char *phrase = a->request->classes.items[i];
        status = gaclip__names_add(&a->phrases, phrase, strlen(phrase), err);
    }
    for (int i = 0; i < a->regions.count && !status; i++) {
        const char *own = a->regions.items[i].phrase;
        if (own && find_phrase(&a->phrases, own) < 0)
            status = gaclip__names_add(&a->phrases, own, strlen(own), err);
    }
    if (!status && a->phrases.count == 0)
        status = gaclip_error_set(err, GACLIP_ERROR_EMPTY,
                                  "%s: no region has a phrase in \"%s\", and no phrases are given",
                                  a->request->regions, a->request->phrase_field);
    return status;
}

static int new_scorer(GaclipDetector **out, const GaclipAlignment *a, const GaclipNames *phrases,
                      GaclipError *err)
{
    GaclipDetectOptions options;
    gaclip__request_options(&options, a->request);
    options.phrases = 1;
    options.overlap = -1; /* of windows that lie side by side, as here they do not */
    return gaclip_scorer_new(out, a->model, (const char *const *)phrases->items, phrases->count,
                             &options, err);
}

static int prepare(GaclipAlignment *a, GaclipError *err)
{
    int status = gaclip__regions_read(&a->regions, a->raster, a->request, err);
    if (!status) status = gather_phrases(a, err);
    if (!status) status = new_scorer(&a->scorer, a, &a->phrases, err);
    if (status) return status;
    a->scores = calloc((size_t)a->regions.count + 1, sizeof *a->scores);
    a->probability = malloc((size_t)a->phrases.count * sizeof *a->probability);
    a->similarity = malloc((size_t)a->phrases.count * sizeof *a->similarity);
    if (a->scores && a->probability && a->similarity) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}

int gaclip__alignment_open(GaclipAlignment **out, GaclipRaster *raster, GaclipModel *model,
                           const GaclipRequest *request, GaclipError *err)
{
    *out = NULL;
    GaclipAlignment *a = calloc(1, sizeof *a);
    if (!a) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    a->raster = raster;
    a->model = model;
    a->request = request;
    int status = prepare(a, err);
    if (status)
        gaclip__alignment_free(a);
    else
        *out = a;
    return status;
}

void gaclip__alignment_free(GaclipAlignment *a)
{
    if (!a) return;
    gaclip_detector_free(a->scorer);
    gaclip__names_clear(&a->phrases);
    gaclip__regions_clear(&a->regions);
    free(a->scores);
    free(a->probability);
    free(a->similarity);
    free(a);
}

int gaclip__alignment_count(const GaclipAlignment *a)
{
    return a->regions.count;
}

int gaclip__alignment_dropped(const GaclipAlignment *a)
{
    return a->regions.dropped;
}

const double *gaclip__alignment_bounds(const GaclipAlignment *a, int index)
{
    return a->regions.items[index].bounds;
}

long long gaclip__alignment_fid(const GaclipAlignment *a, int index)
{
    return a->regions.items[index].fid;
}

int gaclip__alignment_is_scored(const GaclipAlignment *a, int index)
{
    return a->scores[index].is_known;
}

/* Start of a span of length around the middle, pulled back into 0..limit where it fits. */
static double place_span(double middle, double length, double limit)
{
    double start = fmax(fmin(middle - length / 2, limit - length), 0);
    return length > limit ? (limit - length) / 2 : start;
}

/* The model's window around the region (raster pixels x, y, width, height): at the model's
 * resolution where the region fits, else wide enough to show it. */
static void place_window(double window[4], const GaclipAlignment *a, const GaclipBox *box)
{
    const GaclipRasterInfo *info = gaclip_raster_info(a->raster);
    double side = gaclip_detector_window(a->scorer);
    double width = ((double)box->x2 - box->x1) * info->zoom_x;
    double height = ((double)box->y2 - box->y1) * info->zoom_y;
    double shown = fmax(fmax(width, height) / LARGEST_SHARE, side);
    window[2] = shown / info->zoom_x;
    window[3] = shown / info->zoom_y;
    window[0] = place_span(((double)box->x1 + box->x2) / 2, window[2], info->width);
    window[1] = place_span(((double)box->y1 + box->y2) / 2, window[3], info->height);
}

/* Reads the window and the region's own pixels, both in the model's size. */
static int read_images(GaclipImage *window, GaclipImage *crop, GaclipBox *placed,
                       const GaclipAlignment *a, const GaclipBox *box, GaclipError *err)
{
    double w[4];
    int side = gaclip_detector_window(a->scorer);
    place_window(w, a, box);
    *placed = (GaclipBox){
        (float)((box->x1 - w[0]) * side / w[2]), (float)((box->y1 - w[1]) * side / w[3]),
        (float)((box->x2 - w[0]) * side / w[2]), (float)((box->y2 - w[1]) * side / w[3])};
    int status = gaclip_raster_read(window, a->raster, w[0], w[1], w[2], w[3], side, side, err);
    if (status) return status;
    status = gaclip_raster_read(crop, a->raster, (double)box->x1, (double)box->y1,
                                (double)box->x2 - (double)box->x1,
                                (double)box->y2 - (double)box->y1, side, side, err);
    if (status) gaclip_image_clear(window);
    return status;
}

/* The BEST phrases by similarity, the first of equals first. */
static void choose_best(Score *score, const GaclipAlignment *a)
{
    for (int n = 0; n < BEST; n++) {
        int best = -1;
        for (int i = 0; i < a->phrases.count; i++) {
            int is_taken = 0;
            for (int k = 0; k < n; k++) is_taken |= score->best[k] == i;
            if (!is_taken && (best < 0 || a->similarity[i] > a->similarity[best])) best = i;
        }
        score->best[n] = best;
        score->best_similarity[n] = best < 0 ? 0 : a->similarity[best];
    }
    score->best_probability = a->probability[score->best[0]];
}

/* Place of the own phrase among the phrases; negatives that fit better push it back. */
static void rank_own(Score *score, const GaclipAlignment *a, const char *own)
{
    int index = find_phrase(&a->phrases, own);
    score->similarity = a->similarity[index];
    score->probability = a->probability[index];
    score->rank = 1;
    score->candidates = a->phrases.count;
    for (int i = 0; i < a->phrases.count; i++) score->rank += a->similarity[i] > score->similarity;
}

static int rank_negatives(Score *score, GaclipAlignment *a, const GaclipGroundRegion *region,
                          const GaclipImage *window, const GaclipBox *placed, GaclipError *err)
{
    GaclipDetector *scorer;
    float unused;
    int count = region->negatives.count;
    if (count == 0) return GACLIP_OK;
    int status = new_scorer(&scorer, a, &region->negatives, err);
    if (status) return status;
    float *scores = malloc(2 * (size_t)count * sizeof *scores);
    status = scores ? gaclip_detector_align(scores, scores + count, &unused, scorer, window, placed,
                                            NULL, err)
                    : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < count && !status; i++) score->rank += scores[count + i] > score->similarity;
    score->candidates += count;
    free(scores);
    gaclip_detector_free(scorer);
    return status;
}

static int score_images(Score *score, GaclipAlignment *a, const GaclipGroundRegion *region,
                        const GaclipImage *window, const GaclipImage *crop, const GaclipBox *placed,
                        GaclipError *err)
{
    int status = gaclip_detector_align(a->probability, a->similarity, &score->consistency,
                                       a->scorer, window, placed, crop, err);
    if (status) return status;
    choose_best(score, a);
    if (!region->phrase) return GACLIP_OK;
    rank_own(score, a, region->phrase);
    return rank_negatives(score, a, region, window, placed, err);
}

int gaclip__alignment_score(GaclipAlignment *a, int index, GaclipError *err)
{
    const GaclipGroundRegion *region = &a->regions.items[index];
    GaclipImage window, crop;
    GaclipBox placed;
    Score score = {.is_known = 1};
    if (a->scores[index].is_known) return GACLIP_OK;
    int status = read_images(&window, &crop, &placed, a, &region->box, err);
    if (status) return status;
    status = score_images(&score, a, region, &window, &crop, &placed, err);
    gaclip_image_clear(&window);
    gaclip_image_clear(&crop);
    if (status)
        return gaclip_error_prefix(err, "%s: region %lld", a->request->regions, region->fid);
    a->scores[index] = score;
    return GACLIP_OK;
}

static GaclipValue text(const char *value)
{
    return (GaclipValue){.is_set = value != NULL, .text = value};
}

static GaclipValue number(int is_set, double value)
{
    return (GaclipValue){.is_set = is_set, .number = round(value * 1e6) / 1e6};
}

static const char *phrase_at(const GaclipAlignment *a, int index)
{
    return index < 0 ? NULL : a->phrases.items[index];
}

void gaclip__alignment_feature(GaclipFeature *out, const GaclipAlignment *a, int index)
{
    const GaclipGroundRegion *region = &a->regions.items[index];
    const Score *s = &a->scores[index];
    int has_own = region->phrase != NULL;
    *out = (GaclipFeature){.fid = region->fid, .wkb = region->wkb, .wkb_size = region->wkb_size};
    const GaclipValue values[GACLIP__ALIGNMENT_FIELDS] = {
        text(region->phrase),
        number(has_own, s->rank),
        number(has_own, s->candidates),
        number(has_own, (double)s->similarity),
        number(has_own, (double)s->probability),
        text(phrase_at(a, s->best[0])),
        number(1, (double)s->best_similarity[0]),
        number(1, (double)s->best_probability),
        text(phrase_at(a, s->best[1])),
        number(s->best[1] >= 0, (double)s->best_similarity[1]),
        text(phrase_at(a, s->best[2])),
        number(s->best[2] >= 0, (double)s->best_similarity[2]),
        number(1, (double)s->consistency),
        text(a->request->scene),
        number(1, (double)region->fid)};
    memcpy(out->values, values, sizeof values);
}
