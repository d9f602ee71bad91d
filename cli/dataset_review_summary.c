#include "dataset_review_summary.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gaclip/eval.h"
#include "gaclip/review.h"
#include "print_json.h"

enum { PARTS = GACLIP_REVIEW_PARTS, ERRORS = GACLIP_REVIEW_ERRORS };

/* Judgements, and those that passed. */
typedef struct Rate {
    int judged, passed;
} Rate;

typedef struct SourceRate {
    const char *name;
    Rate rate;
} SourceRate;

typedef struct Pair {
    int first, second; /* reviews */
    GaclipAgreement agreement;
} Pair;

typedef struct Summary {
    GaclipReview **reviews; /* (count) */
    Rate *reviewers;        /* (count) */
    int count;
    SourceRate *sources; /* (source_count) of all reviewers together */
    int source_count;
    Rate all, parts[PARTS]; /* a part passes where the item has none of its errors */
    int errors[ERRORS];
    Pair *pairs; /* (pair_count) every two reviewers */
    int pair_count;
} Summary;

static void count_judgement(Rate *rate, int passes)
{
    rate->judged++;
    rate->passed += passes;
}

static Rate *source_rate(Summary *s, const char *name, GaclipError *err)
{
    for (int i = 0; i < s->source_count; i++)
        if (!strcmp(s->sources[i].name, name)) return &s->sources[i].rate;
    SourceRate *sources = realloc(s->sources, ((size_t)s->source_count + 1) * sizeof *sources);
    if (!sources) {
        gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        return NULL;
    }
    s->sources = sources;
    sources[s->source_count] = (SourceRate){.name = name};
    return &sources[s->source_count++].rate;
}

/* The part in which an error lies, as bits; an error of the whole item lies in none. */
static unsigned parts_with_errors(const GaclipReviewAnswer *answer)
{
    unsigned parts = 0;
    for (int e = 0; e < ERRORS; e++)
        if (answer->errors & 1u << e) parts |= 1u << gaclip_review_error(e)->part;
    return parts;
}

static int count_answer(Summary *s, int review, const GaclipReviewAnswer *answer, GaclipError *err)
{
    int passes = answer->verdict == GACLIP_VERDICT_PASS;
    unsigned wrong = parts_with_errors(answer);
    if (answer->verdict == GACLIP_VERDICT_NONE) return GACLIP_OK;
    Rate *source = source_rate(s, answer->source, err);
    if (!source) return err->status;
    count_judgement(source, passes);
    count_judgement(&s->reviewers[review], passes);
    count_judgement(&s->all, passes);
    for (int p = 0; p < PARTS; p++)
        if (answer->parts & 1u << p) count_judgement(&s->parts[p], !(wrong & 1u << p));
    for (int e = 0; e < ERRORS; e++) s->errors[e] += (answer->errors & 1u << e) != 0;
    return GACLIP_OK;
}

static const GaclipReviewAnswer *answer_at(const GaclipReview *review, const char *place)
{
    int low = 0, high = review->count; /* sorted by place */
    while (low < high) {
        int middle = low + (high - low) / 2;
        int order = strcmp(review->answers[middle].place, place);
        if (!order) return &review->answers[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static int compare(Pair *pair, const Summary *s, GaclipError *err)
{
    const GaclipReview *first = s->reviews[pair->first], *second = s->reviews[pair->second];
    size_t room = (size_t)first->count + 1;
    int *verdicts = malloc(2 * room * sizeof *verdicts), common = 0, status = GACLIP_OK;
    if (!verdicts) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < first->count && !status; i++) {
        const GaclipReviewAnswer *a = &first->answers[i], *b = answer_at(second, a->place);
        if (b && strcmp(a->digest, b->digest) != 0)
            status = gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                      "%s and %s: %s is not the same in both; the dataset changed "
                                      "between the reviews",
                                      first->path, second->path, a->place);
        if (!b || a->verdict == GACLIP_VERDICT_NONE || b->verdict == GACLIP_VERDICT_NONE) continue;
        verdicts[common] = (int)a->verdict;
        verdicts[room + (size_t)common++] = (int)b->verdict;
    }
    if (!status)
        status = gaclip_eval_agreement(&pair->agreement, verdicts, verdicts + room, common, 2, err);
    free(verdicts);
    return status;
}

static int read_reviews(Summary *s, const char *const *paths, int count, GaclipError *err)
{
    s->reviews = calloc((size_t)count + 1, sizeof *s->reviews);
    s->reviewers = calloc((size_t)count + 1, sizeof *s->reviewers);
    s->pairs = calloc((size_t)count * (size_t)count + 1, sizeof *s->pairs);
    if (!s->reviews || !s->reviewers || !s->pairs)
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < count; i++) {
        int status = gaclip_review_read(&s->reviews[i], paths[i], err);
        if (status) return status;
        s->count++;
        for (int before = 0; before < i; before++) {
            const GaclipReview *a = s->reviews[before], *b = s->reviews[i];
            if (strcmp(a->dataset, b->dataset) != 0)
                return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                        "%s reviews %s, but %s reviews %s; give reviews of one "
                                        "dataset",
                                        a->path, a->dataset, b->path, b->dataset);
            if (!strcmp(a->reviewer, b->reviewer))
                return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                        "%s and %s are both by %s; give one file a reviewer",
                                        a->path, b->path, b->reviewer);
        }
    }
    return GACLIP_OK;
}

static int summarise(Summary *s, GaclipError *err)
{
    int status = GACLIP_OK;
    for (int r = 0; r < s->count; r++)
        for (int i = 0; i < s->reviews[r]->count && !status; i++)
            status = count_answer(s, r, &s->reviews[r]->answers[i], err);
    for (int a = 0; a < s->count; a++)
        for (int b = a + 1; b < s->count && !status; b++) {
            Pair *pair = &s->pairs[s->pair_count++];
            *pair = (Pair){.first = a, .second = b};
            status = compare(pair, s, err);
        }
    return status;
}

static double percent(int part, int whole)
{
    return whole ? 100.0 * part / whole : 0;
}

static void print_rate(const char *name, const Rate *rate)
{
    printf("%-28s %8d %8d ", name, rate->judged, rate->passed);
    if (rate->judged)
        printf("%7.1f %%\n", percent(rate->passed, rate->judged));
    else
        printf("%9s\n", "-");
}

static void print_rates(const Summary *s)
{
    printf("%-28s %8s %8s %9s\n", "reviewer", "judged", "passed", "rate");
    for (int i = 0; i < s->count; i++) print_rate(s->reviews[i]->reviewer, &s->reviewers[i]);
    print_rate("all", &s->all);
    printf("\n%-28s %8s %8s %9s\n", "source", "judged", "passed", "rate");
    for (int i = 0; i < s->source_count; i++) print_rate(s->sources[i].name, &s->sources[i].rate);
    printf("\n%-28s %8s %8s %9s\n", "part", "judged", "passed", "rate");
    for (int p = 0; p < PARTS; p++)
        print_rate(gaclip_review_part_key((GaclipReviewPart)p), &s->parts[p]);
}

/* Judgements in which an error could be found. */
static int judged_for(const Summary *s, int error)
{
    GaclipReviewPart part = gaclip_review_error(error)->part;
    return part == GACLIP_REVIEW_PARTS ? s->all.judged : s->parts[part].judged;
}

static void print_text(const Summary *s)
{
    print_rates(s);
    printf("\n%-28s %8s %8s %9s\n", "error", "judged", "found", "rate");
    for (int e = 0; e < ERRORS; e++)
        printf("%-28s %8d %8d %7.1f %%\n", gaclip_review_error(e)->key, judged_for(s, e),
               s->errors[e], percent(s->errors[e], judged_for(s, e)));
    if (s->pair_count) printf("\n");
    for (int i = 0; i < s->pair_count; i++) {
        const Pair *p = &s->pairs[i];
        printf("%s and %s agree on %d of %d; Cohen's kappa ", s->reviews[p->first]->reviewer,
               s->reviews[p->second]->reviewer, p->agreement.agreed, p->agreement.count);
        if (p->agreement.is_defined)
            printf("%.4f\n", p->agreement.kappa);
        else
            printf("is not defined: %s\n", p->agreement.reason);
    }
}

static cJSON *describe_rate(cJSON *list, const char *kind, const char *name, const Rate *rate)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, kind, name);
    cJSON_AddNumberToObject(object, "judged", rate->judged);
    cJSON_AddNumberToObject(object, "passed", rate->passed);
    cJSON_AddItemToObject(object, "pass_rate",
                          rate->judged ? cJSON_CreateNumber((double)rate->passed / rate->judged)
                                       : cJSON_CreateNull());
    cJSON_AddItemToArray(list, object);
    return object;
}

static void describe_pair(cJSON *list, const Summary *s, const Pair *p)
{
    cJSON *object = cJSON_CreateObject();
    const char *names[] = {s->reviews[p->first]->reviewer, s->reviews[p->second]->reviewer};
    cJSON_AddItemToObject(object, "reviewers", cJSON_CreateStringArray(names, 2));
    cJSON_AddNumberToObject(object, "judged_by_both", p->agreement.count);
    cJSON_AddNumberToObject(object, "agreed", p->agreement.agreed);
    if (p->agreement.is_defined) {
        cJSON_AddNumberToObject(object, "kappa", p->agreement.kappa);
    } else {
        cJSON_AddNullToObject(object, "kappa");
        cJSON_AddStringToObject(object, "reason", p->agreement.reason);
    }
    cJSON_AddItemToArray(list, object);
}

static cJSON *describe(const Summary *s)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "dataset", s->reviews[0]->dataset);
    cJSON *list = cJSON_AddArrayToObject(root, "reviewers");
    for (int i = 0; i < s->count; i++) {
        const GaclipReview *r = s->reviews[i];
        cJSON *object = describe_rate(list, "reviewer", r->reviewer, &s->reviewers[i]);
        cJSON_AddStringToObject(object, "file", r->path);
        cJSON_AddNumberToObject(object, "items", r->count);
    }
    list = cJSON_AddArrayToObject(root, "sources");
    for (int i = 0; i < s->source_count; i++)
        describe_rate(list, "source", s->sources[i].name, &s->sources[i].rate);
    list = cJSON_AddArrayToObject(root, "parts");
    for (int p = 0; p < PARTS; p++)
        describe_rate(list, "part", gaclip_review_part_key((GaclipReviewPart)p), &s->parts[p]);
    list = cJSON_AddArrayToObject(root, "errors");
    for (int e = 0; e < ERRORS; e++) {
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "error", gaclip_review_error(e)->key);
        cJSON_AddNumberToObject(object, "judged", judged_for(s, e));
        cJSON_AddNumberToObject(object, "found", s->errors[e]);
        cJSON_AddItemToArray(list, object);
    }
    list = cJSON_AddArrayToObject(root, "agreement");
    for (int i = 0; i < s->pair_count; i++) describe_pair(list, s, &s->pairs[i]);
    return root;
}

int review_summary_print(const char *const *paths, int count, int json, GaclipError *err)
{
    Summary s = {0};
    int status = read_reviews(&s, paths, count, err);
    if (!status) status = summarise(&s, err);
    if (!status && json)
        status = print_json(describe(&s), err);
    else if (!status)
        print_text(&s);
    for (int i = 0; i < s.count; i++) gaclip_review_free(s.reviews[i]);
    free(s.reviews);
    free(s.reviewers);
    free(s.sources);
    free(s.pairs);
    return status;
}
