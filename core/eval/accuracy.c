#include "eval/accuracy.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/bootstrap.h"
#include "gaclip/model.h"

int gaclip__ask(GaclipAccuracy *out, int *capacity, int sample, int region, GaclipError *err)
{
    if (out->answer_count == *capacity) {
        int wanted = *capacity ? 2 * *capacity : 64;
        GaclipAnswer *answers = realloc(out->answers, (size_t)wanted * sizeof *answers);
        if (!answers) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        out->answers = answers;
        *capacity = wanted;
    }
    out->answers[out->answer_count++] =
        (GaclipAnswer){.sample = sample, .region = region, .truth = -1};
    return GACLIP_OK;
}

/* Keeps the best few, by insertion: a later equal one goes behind. */
static void offer(GaclipAnswer *answer, int candidate, float cosine)
{
    int place = GACLIP_TOP;
    while (place > 0 && (answer->top[place - 1] < 0 || cosine > answer->cosine[place - 1])) place--;
    if (place == GACLIP_TOP) return;
    for (int i = GACLIP_TOP - 1; i > place; i--) {
        answer->top[i] = answer->top[i - 1];
        answer->cosine[i] = answer->cosine[i - 1];
    }
    answer->top[place] = candidate;
    answer->cosine[place] = cosine;
}

void gaclip__answer(GaclipAnswer *answer, const float *embedding, const float *candidates,
                    int count, int truth, int width, int is_strict, float *scratch)
{
    for (int i = 0; i < GACLIP_TOP; i++) answer->top[i] = -1;
    for (int c = 0; c < count; c++)
        scratch[c] = gaclip__cosine(embedding, candidates + (size_t)c * (size_t)width, width);
    answer->truth = truth;
    answer->candidates = count;
    answer->truth_cosine = scratch[truth];
    answer->rank = 0;
    for (int c = 0; c < count; c++) {
        int is_tie = c != truth && scratch[c] == scratch[truth];
        answer->rank += scratch[c] > scratch[truth] || (is_tie && (is_strict || c < truth));
        if (!is_strict || c != truth) offer(answer, c, scratch[c]);
    }
    if (is_strict) offer(answer, truth, scratch[truth]);
}

/* Answers follow the source, so those of one image stand together. */
static int count_images(const GaclipAccuracy *out)
{
    int images = 0;
    for (int i = 0; i < out->answer_count; i++)
        images += i == 0 || out->answers[i].sample != out->answers[i - 1].sample;
    return images;
}

static void add_chances(GaclipAccuracy *out)
{
    for (int i = 0; i < out->answer_count; i++) {
        double candidates = out->answers[i].candidates;
        out->chance1 += 100 / candidates / out->answer_count;
        out->chance5 += 100 * fmin(1, GACLIP_TOP / candidates) / out->answer_count;
    }
}

GaclipClassCount gaclip_accuracy_of_class(const GaclipAccuracy *result, int class_index)
{
    GaclipClassCount count = {0};
    for (int i = 0; i < result->answer_count; i++) {
        if (result->answers[i].truth != class_index) continue;
        count.asked++;
        count.top1 += result->answers[i].rank == 0;
        count.top5 += result->answers[i].rank < GACLIP_TOP;
    }
    return count;
}

static double class_mean(const GaclipAccuracy *out)
{
    double sum = 0;
    int seen = 0;
    for (int c = 0; c < out->class_count; c++) {
        GaclipClassCount count = gaclip_accuracy_of_class(out, c);
        if (count.asked == 0) continue;
        sum += (double)count.top1 / count.asked;
        seen++;
    }
    return seen ? 100 * sum / seen : -1;
}

int gaclip__accuracy_sum_up(GaclipAccuracy *out, const GaclipEvalOptions *options, GaclipError *err)
{
    GaclipInterval figures[2];
    out->images = count_images(out);
    GaclipTally *tallies = calloc(2 * (size_t)out->images + 1, sizeof *tallies);
    if (!tallies) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    GaclipTally *tally = tallies;
    for (int i = 0; i < out->answer_count; i++) {
        if (i > 0 && out->answers[i].sample != out->answers[i - 1].sample) tally += 2;
        tally[0].hits += out->answers[i].rank == 0;
        tally[1].hits += out->answers[i].rank < GACLIP_TOP;
        tally[0].asked++;
        tally[1].asked++;
    }
    int status = gaclip__tally_up(figures, NULL, tallies, out->images, 2, options->resamples,
                                  options->seed, err);
    free(tallies);
    if (status) return status;
    out->top1 = figures[0];
    out->top5 = figures[1];
    add_chances(out);
    out->class_mean = class_mean(out);
    return GACLIP_OK;
}

static int embed_classes(float **out, GaclipModel *model, const GaclipNames *classes, int width,
                         GaclipError *err)
{
    int status = GACLIP_OK;
    *out = malloc((size_t)classes->count * (size_t)width * sizeof **out);
    if (!*out) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int c = 0; c < classes->count && !status; c++)
        status = gaclip_model_embed_phrase(model, *out + (size_t)c * (size_t)width,
                                           classes->items[c], err);
    return status;
}

/* Answers in place; what cannot be asked goes. */
static int answer_all(GaclipAccuracy *out, const GaclipVectors *embeddings, const float *candidates,
                      const GaclipNames *classes, const GaclipNames *names, GaclipError *err)
{
    int kept = 0, width = embeddings->width;
    int status = gaclip__check_units(embeddings->values, embeddings->count, width, err);
    if (!status) status = gaclip__check_units(candidates, (size_t)classes->count, width, err);
    if (status) return status;
    float *scratch = malloc((size_t)classes->count * sizeof *scratch);
    if (!scratch) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < out->answer_count; i++) {
        int truth = gaclip__class_index(classes, names->items[i]);
        out->answers[kept] = out->answers[i];
        if (truth < 0) {
            out->skipped++;
            continue;
        }
        gaclip__answer(&out->answers[kept++], embeddings->values + (size_t)i * (size_t)width,
                       candidates, classes->count, truth, width, 0, scratch);
    }
    out->answer_count = kept;
    free(scratch);
    return GACLIP_OK;
}

int gaclip__answer_classes(GaclipAccuracy *out, GaclipModel *model, const GaclipVectors *embeddings,
                           const GaclipNames *names, const GaclipEvalOptions *options,
                           GaclipError *err)
{
    GaclipNames classes;
    float *candidates = NULL;
    int status = gaclip__name_classes(&classes, names, options, err);
    if (!status && !(names->count && classes.count))
        status = gaclip_error_set(err, GACLIP_ERROR_EMPTY,
                                  "no image and no region has a class; classification needs them");
    if (!status) status = embed_classes(&candidates, model, &classes, embeddings->width, err);
    if (!status) status = answer_all(out, embeddings, candidates, &classes, names, err);
    if (!status && !out->answer_count)
        status = gaclip_error_set(err, GACLIP_ERROR_EMPTY,
                                  "none of the %d asked classes occurs; the first one that does is "
                                  "\"%s\"",
                                  classes.count, names->items[0]);
    out->classes = classes.items;
    out->class_count = classes.count;
    if (!status) status = gaclip__accuracy_sum_up(out, options, err);
    free(candidates);
    return status;
}

void gaclip_accuracy_clear(GaclipAccuracy *result)
{
    free(result->answers);
    free(result->classes);
    *result = (GaclipAccuracy){0};
}
