/* Leaks as lines of text and as JSON. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataset_leakage.h"
#include "print_json.h"

LeakageCounts leakage_counts(const LeakageReport *report)
{
    const GaclipLeakage *l = &report->leakage;
    LeakageCounts c = {.images = l->image_count, .texts = l->text_count};
    for (int i = 0; i < l->image_count; i++) {
        const GaclipImageLeak *leak = &l->images[i];
        c.same_file += leak->is_same_file;
        c.same_pixels += leak->is_same_pixels;
        c.alike += leak->is_alike;
        c.near += leak->is_near;
        c.test_images += i == 0 || leak->test != l->images[i - 1].test;
    }
    for (int i = 0; i < l->text_count; i++) {
        const GaclipTextLeak *leak = &l->texts[i];
        c.same_text += leak->is_same;
        c.lexical += leak->is_lexical;
        c.near_text += leak->is_near;
        if (i > 0 && leak->test_text == l->texts[i - 1].test_text) continue;
        c.test_texts++;
        c.uses_of_text += leak->test_uses;
    }
    return c;
}

typedef struct Rank {
    double strength;
    int index;
} Rank;

static int compare_ranks(const void *a, const void *b)
{
    const Rank *left = a, *right = b;
    if (left->strength < right->strength) return 1;
    if (left->strength > right->strength) return -1;
    return (left->index > right->index) - (left->index < right->index);
}

/* ranks (count) in place; the caller frees *order. */
static int sort(int **order, Rank *ranks, int count, GaclipError *err)
{
    *order = malloc(((size_t)count + 1) * sizeof **order);
    if (*order == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    if (count > 0) qsort(ranks, (size_t)count, sizeof *ranks, compare_ranks);
    for (int i = 0; i < count; i++) (*order)[i] = ranks[i].index;
    return GACLIP_OK;
}

/* What is the same to the byte before what is alike, and that before what means the same. */
int leakage_order(LeakageReport *report, GaclipError *err)
{
    const GaclipLeakage *l = &report->leakage;
    int most = l->image_count > l->text_count ? l->image_count : l->text_count;
    Rank *ranks = malloc(((size_t)most + 1) * sizeof *ranks);
    if (ranks == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < l->image_count; i++) {
        const GaclipImageLeak *k = &l->images[i];
        double alike = k->is_alike ? 2 + k->match.score : 0;
        ranks[i] = (Rank){8.0 * k->is_same_file + 4.0 * k->is_same_pixels + alike + k->cosine, i};
    }
    int status = sort(&report->image_order, ranks, l->image_count, err);
    for (int i = 0; i < l->text_count && status == GACLIP_OK; i++) {
        const GaclipTextLeak *k = &l->texts[i];
        ranks[i] = (Rank){4.0 * k->is_same + 2.0 * k->is_lexical + k->lexical + k->cosine, i};
    }
    if (status == GACLIP_OK) status = sort(&report->text_order, ranks, l->text_count, err);
    free(ranks);
    return status;
}

static void append(char out[LEAKAGE_LONGEST_REASON], const char *text)
{
    size_t length = strlen(out);
    snprintf(out + length, LEAKAGE_LONGEST_REASON - length, "%s%s", length > 0 ? "; " : "", text);
}

static int percent(double share)
{
    return (int)lround(100 * share);
}

void leakage_image_reason(char out[LEAKAGE_LONGEST_REASON], const GaclipImageLeak *leak)
{
    char part[160];
    const GaclipImageMatch *m = &leak->match;
    *out = '\0';
    if (leak->is_same_file) append(out, "same file (MD5)");
    if (leak->is_same_pixels) append(out, "same pixels (MD5)");
    if (leak->is_alike) {
        snprintf(part, sizeof part, "structure %.3f", m->score);
        append(out, part);
        if (m->is_flipped) append(out, "mirrored");
        if (m->quarter_turns > 0) {
            snprintf(part, sizeof part, "turned by %d degrees", 90 * m->quarter_turns);
            append(out, part);
        }
        if (fmin(m->test_share, m->train_share) < 0.95) {
            snprintf(part, sizeof part, "%d %% of the test image on %d %% of the training image",
                     percent(m->test_share), percent(m->train_share));
            append(out, part);
        }
    }
    if (leak->is_near) {
        snprintf(part, sizeof part, "cosine %.3f", leak->cosine);
        append(out, part);
    }
}

void leakage_text_reason(char out[LEAKAGE_LONGEST_REASON], const GaclipTextLeak *leak)
{
    char part[64];
    *out = '\0';
    if (leak->is_same) append(out, "same words");
    if (leak->is_lexical && !leak->is_same) {
        snprintf(part, sizeof part, "n-grams %.3f", leak->lexical);
        append(out, part);
    }
    if (leak->is_near) {
        snprintf(part, sizeof part, "cosine %.3f", leak->cosine);
        append(out, part);
    }
}

static void print_pairs(const LeakageReport *report)
{
    const GaclipLeakage *l = &report->leakage;
    char reason[LEAKAGE_LONGEST_REASON];
    int most = report->request->list;
    for (int i = 0; i < l->image_count && i < most; i++) {
        const GaclipImageLeak *leak = &l->images[report->image_order[i]];
        leakage_image_reason(reason, leak);
        printf("%s %s: %s\n", leakage_test_image(report, leak->test)->path,
               leakage_train_image(report, leak->train)->path, reason);
    }
    if (l->image_count > most) printf("... and %d more pairs of images\n", l->image_count - most);
    for (int i = 0; i < l->text_count && i < most; i++) {
        const GaclipTextLeak *leak = &l->texts[report->text_order[i]];
        leakage_text_reason(reason, leak);
        printf("\"%s\" (%d in test, %d in train): %s", leak->test_text, leak->test_uses,
               leak->train_uses, reason);
        if (leak->is_same)
            putchar('\n');
        else
            printf(": \"%s\"\n", leak->train_text);
    }
    if (l->text_count > most) printf("... and %d more pairs of texts\n", l->text_count - most);
}

void leakage_print(const LeakageReport *report)
{
    const GaclipLeakage *l = &report->leakage;
    const GaclipLeakageOptions *o = &report->request->options;
    LeakageCounts c = leakage_counts(report);
    print_pairs(report);
    printf("images: %d test, %d train; pairs: %d same file, %d same pixels, %d with structure >= "
           "%g",
           l->test_images, l->train_images, c.same_file, c.same_pixels, c.alike, o->structural);
    if (l->image_cosine != NULL) printf(", %d with cosine >= %g", c.near, o->image_cosine);
    printf("; %d test images concerned\n", c.test_images);
    printf("texts: %d test, %d train, distinct; pairs: %d same words, %d with %d-grams >= %g",
           l->test_texts, l->train_texts, c.same_text, c.lexical - c.same_text, o->ngram,
           o->lexical);
    if (l->text_cosine != NULL) printf(", %d with cosine >= %g", c.near_text, o->text_cosine);
    printf("; %d test texts concerned\n", c.test_texts);
}

static void add_counts(cJSON *root, const LeakageReport *report)
{
    LeakageCounts c = leakage_counts(report);
    cJSON *counts = cJSON_AddObjectToObject(root, "counts");
    cJSON_AddNumberToObject(counts, "same_file", c.same_file);
    cJSON_AddNumberToObject(counts, "same_pixels", c.same_pixels);
    cJSON_AddNumberToObject(counts, "structural", c.alike);
    if (report->leakage.image_cosine != NULL)
        cJSON_AddNumberToObject(counts, "image_cosine", c.near);
    cJSON_AddNumberToObject(counts, "same_text", c.same_text);
    cJSON_AddNumberToObject(counts, "lexical", c.lexical - c.same_text);
    if (report->leakage.text_cosine != NULL)
        cJSON_AddNumberToObject(counts, "text_cosine", c.near_text);
    cJSON_AddNumberToObject(counts, "test_images", c.test_images);
    cJSON_AddNumberToObject(counts, "test_texts", c.test_texts);
}

static void add_thresholds(cJSON *root, const LeakageReport *report)
{
    const GaclipLeakageOptions *o = &report->request->options;
    cJSON *thresholds = cJSON_AddObjectToObject(root, "thresholds");
    cJSON_AddNumberToObject(thresholds, "structural", o->structural);
    cJSON_AddNumberToObject(thresholds, "overlap", o->overlap);
    cJSON_AddNumberToObject(thresholds, "lexical", o->lexical);
    cJSON_AddNumberToObject(thresholds, "ngram", o->ngram);
    if (report->request->model == NULL) return;
    cJSON_AddStringToObject(root, "model", report->request->model);
    cJSON_AddNumberToObject(thresholds, "image_cosine", o->image_cosine);
    cJSON_AddNumberToObject(thresholds, "text_cosine", o->text_cosine);
}

static cJSON *describe_image_leak(const LeakageReport *report, const GaclipImageLeak *leak)
{
    cJSON *object = cJSON_CreateObject();
    const GaclipImageMatch *m = &leak->match;
    cJSON_AddStringToObject(object, "test", leakage_test_image(report, leak->test)->path);
    cJSON_AddNumberToObject(object, "test_index", leak->test);
    cJSON_AddStringToObject(object, "train", leakage_train_image(report, leak->train)->path);
    cJSON_AddNumberToObject(object, "train_index", leak->train);
    cJSON_AddBoolToObject(object, "same_file", leak->is_same_file);
    cJSON_AddBoolToObject(object, "same_pixels", leak->is_same_pixels);
    if (leak->is_alike) {
        cJSON_AddNumberToObject(object, "structural", m->score);
        cJSON_AddBoolToObject(object, "mirrored", m->is_flipped);
        cJSON_AddNumberToObject(object, "turned", 90 * m->quarter_turns);
        cJSON_AddNumberToObject(object, "test_share", m->test_share);
        cJSON_AddNumberToObject(object, "train_share", m->train_share);
    }
    if (leak->is_near) cJSON_AddNumberToObject(object, "cosine", leak->cosine);
    return object;
}

static cJSON *describe_text_leak(const LeakageReport *report, const GaclipTextLeak *leak)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "test", leak->test_text);
    cJSON_AddStringToObject(object, "test_image", leakage_test_image(report, leak->test)->path);
    cJSON_AddNumberToObject(object, "test_uses", leak->test_uses);
    cJSON_AddStringToObject(object, "train", leak->train_text);
    cJSON_AddStringToObject(object, "train_image", leakage_train_image(report, leak->train)->path);
    cJSON_AddNumberToObject(object, "train_uses", leak->train_uses);
    cJSON_AddBoolToObject(object, "same_words", leak->is_same);
    if (leak->is_lexical) cJSON_AddNumberToObject(object, "lexical", leak->lexical);
    if (leak->is_near) cJSON_AddNumberToObject(object, "cosine", leak->cosine);
    return object;
}

static void add_similarities(cJSON *root, const GaclipLeakage *l)
{
    cJSON *nearest = cJSON_AddObjectToObject(root, "nearest");
    cJSON_AddItemToObject(nearest, "test_index",
                          cJSON_CreateIntArray(l->test_index, l->test_images));
    cJSON_AddItemToObject(nearest, "structural",
                          cJSON_CreateDoubleArray(l->structural, l->test_images));
    if (l->image_cosine != NULL)
        cJSON_AddItemToObject(nearest, "image_cosine",
                              cJSON_CreateDoubleArray(l->image_cosine, l->test_images));
    cJSON_AddItemToObject(nearest, "lexical", cJSON_CreateDoubleArray(l->lexical, l->test_texts));
    if (l->text_cosine != NULL)
        cJSON_AddItemToObject(nearest, "text_cosine",
                              cJSON_CreateDoubleArray(l->text_cosine, l->test_texts));
}

int leakage_print_json(const LeakageReport *report, GaclipError *err)
{
    const GaclipLeakage *l = &report->leakage;
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "train", report->request->train);
    cJSON_AddStringToObject(root, "test",
                            report->request->test ? report->request->test : report->request->train);
    cJSON_AddNumberToObject(root, "train_images", l->train_images);
    cJSON_AddNumberToObject(root, "test_images", l->test_images);
    cJSON_AddNumberToObject(root, "train_texts", l->train_texts);
    cJSON_AddNumberToObject(root, "test_texts", l->test_texts);
    add_thresholds(root, report);
    add_counts(root, report);
    cJSON *images = cJSON_AddArrayToObject(root, "images");
    for (int i = 0; i < l->image_count; i++)
        cJSON_AddItemToArray(images,
                             describe_image_leak(report, &l->images[report->image_order[i]]));
    cJSON *texts = cJSON_AddArrayToObject(root, "texts");
    for (int i = 0; i < l->text_count; i++)
        cJSON_AddItemToArray(texts, describe_text_leak(report, &l->texts[report->text_order[i]]));
    add_similarities(root, l);
    return print_json(root, err);
}
