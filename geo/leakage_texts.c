/* Texts of the test images that are, or nearly are, texts of training images. */
#include <stdlib.h>
#include <string.h>

#include "leakage.h"

/* A text and where it is said. */
typedef struct Said {
    const char *text;
    int image; /* in the dataset */
} Said;

typedef struct Texts {
    Said *said; /* (said_count) sorted */
    size_t said_count, capacity;
    const char **distinct; /* (count) */
    size_t *first;         /* (count) of its places in said; one more at the end */
    int count;
} Texts;

static void clear(Texts *texts)
{
    free(texts->said);
    free(texts->distinct);
    free(texts->first);
}

static int add(Texts *texts, const char *text, int image, GaclipError *err)
{
    if (!text || !*text) return GACLIP_OK;
    if (texts->said_count == texts->capacity) {
        size_t capacity = texts->capacity ? 2 * texts->capacity : 1024;
        Said *said = realloc(texts->said, capacity * sizeof *said);
        if (!said) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        texts->said = said;
        texts->capacity = capacity;
    }
    texts->said[texts->said_count++] = (Said){text, image};
    return GACLIP_OK;
}

static int add_image(Texts *texts, const GaclipDatasetImage *image, int index, GaclipError *err)
{
    int status = add(texts, image->detailed, index, err);
    for (int i = 0; i < image->caption_count && !status; i++)
        status = add(texts, image->captions[i], index, err);
    for (int i = 0; i < image->region_count && !status; i++)
        status = add(texts, image->regions[i].description, index, err);
    return status;
}

static int compare_said(const void *a, const void *b)
{
    const Said *left = a, *right = b;
    int order = strcmp(left->text, right->text);
    return order ? order : (left->image > right->image) - (left->image < right->image);
}

static int find_distinct(Texts *texts, GaclipError *err)
{
    if (texts->said_count) qsort(texts->said, texts->said_count, sizeof(Said), compare_said);
    texts->distinct = malloc((texts->said_count + 1) * sizeof *texts->distinct);
    texts->first = malloc((texts->said_count + 1) * sizeof *texts->first);
    if (!texts->distinct || !texts->first)
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < texts->said_count; i++) {
        if (i && !strcmp(texts->said[i].text, texts->said[i - 1].text)) continue;
        texts->first[texts->count] = i;
        texts->distinct[texts->count++] = texts->said[i].text;
    }
    texts->first[texts->count] = texts->said_count;
    return GACLIP_OK;
}

static int list_texts(Texts *out, const GaclipLeakageImages *images, GaclipError *err)
{
    int status = GACLIP_OK;
    for (int i = 0; i < images->count && !status; i++)
        status = add_image(out, gaclip_dataset_image_at(images->dataset, images->index[i]),
                           images->index[i], err);
    return status ? status : find_distinct(out, err);
}

static int compare_texts(const void *a, const void *b)
{
    const char *const *left = a, *const *right = b;
    return strcmp(*left, *right);
}

/* The very same training text, or -1. */
static int find_same(const char *text, const Texts *trains)
{
    const char **found = trains->count ? bsearch(&text, trains->distinct, (size_t)trains->count,
                                                 sizeof *trains->distinct, compare_texts)
                                       : NULL;
    return found ? (int)(found - trains->distinct) : -1;
}

static int embed(float **out, const Texts *texts, GaclipModel *model, GaclipError *err)
{
    size_t width = (size_t)gaclip_model_config(model)->embed_dim;
    *out = malloc(((size_t)texts->count * width + 1) * sizeof **out);
    if (!*out) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    return gaclip_embed_texts(*out, model, texts->distinct, texts->count, err);
}

static int match_meanings(GaclipNearest *out, const Texts *trains, const Texts *tests,
                          const GaclipLeakageOptions *options, GaclipError *err)
{
    float *train_rows = NULL, *test_rows = NULL;
    int status = embed(&train_rows, trains, options->model, err);
    if (!status) status = embed(&test_rows, tests, options->model, err);
    if (!status)
        status = gaclip_match_embeddings(out, test_rows, tests->count, train_rows, trains->count,
                                         gaclip_model_config(options->model)->embed_dim,
                                         options->compute, err);
    free(train_rows);
    free(test_rows);
    return status;
}

static GaclipTextLeak leak_of(const Texts *tests, int test, const Texts *trains, int train)
{
    return (GaclipTextLeak){.test_text = tests->distinct[test],
                            .train_text = trains->distinct[train],
                            .test = tests->said[tests->first[test]].image,
                            .train = trains->said[trains->first[train]].image,
                            .test_uses = (int)(tests->first[test + 1] - tests->first[test]),
                            .train_uses = (int)(trains->first[train + 1] - trains->first[train])};
}

/* One entry a pair: words and meaning may have different neighbours. */
static void take(GaclipLeakage *out, const Texts *trains, const Texts *tests, int test,
                 const GaclipNearest *words, const GaclipNearest *meaning,
                 const GaclipLeakageOptions *options)
{
    int same = find_same(tests->distinct[test], trains);
    int by_words = words->similarity >= options->lexical;
    int by_meaning = meaning && meaning->train >= 0 && meaning->similarity >= options->text_cosine;
    int train = same >= 0 ? same : words->train;
    if (same >= 0 || by_words) {
        GaclipTextLeak *leak = &out->texts[out->text_count++];
        *leak = leak_of(tests, test, trains, train);
        leak->is_same = same >= 0;
        leak->is_lexical = 1;
        leak->lexical = same >= 0 ? 1 : words->similarity;
        leak->is_near = by_meaning && (same >= 0 || train == meaning->train);
        leak->cosine = leak->is_near ? meaning->similarity : 0;
        if (leak->is_near) return;
    }
    if (!by_meaning) return;
    GaclipTextLeak *leak = &out->texts[out->text_count++];
    *leak = leak_of(tests, test, trains, meaning->train);
    leak->is_near = 1;
    leak->cosine = meaning->similarity;
}

static int compare(GaclipLeakage *out, const Texts *trains, const Texts *tests,
                   const GaclipLeakageOptions *options, GaclipError *err)
{
    size_t count = (size_t)tests->count + 1;
    GaclipNearest *words = malloc(count * sizeof *words), *meaning = NULL;
    int status = GACLIP_OK;
    out->lexical = malloc(count * sizeof *out->lexical);
    out->texts = malloc(2 * count * sizeof *out->texts);
    if (options->model) {
        meaning = malloc(count * sizeof *meaning);
        out->text_cosine = malloc(count * sizeof *out->text_cosine);
    }
    if (!words || !out->lexical || !out->texts ||
        (options->model && (!meaning || !out->text_cosine)))
        status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    if (!status)
        status = gaclip_match_texts(words, tests->distinct, tests->count, trains->distinct,
                                    trains->count, options->ngram, err);
    if (!status && meaning) status = match_meanings(meaning, trains, tests, options, err);
    for (int i = 0; i < tests->count && !status; i++) {
        out->lexical[i] = words[i].similarity;
        if (meaning) out->text_cosine[i] = meaning[i].similarity;
        take(out, trains, tests, i, &words[i], meaning ? &meaning[i] : NULL, options);
    }
    free(words);
    free(meaning);
    return status;
}

int gaclip__leakage_of_texts(GaclipLeakage *out, const GaclipLeakageImages *train,
                             const GaclipLeakageImages *test, const GaclipLeakageOptions *options,
                             GaclipError *err)
{
    Texts trains = {0}, tests = {0};
    int status = list_texts(&trains, train, err);
    if (!status) status = list_texts(&tests, test, err);
    if (!status) {
        out->train_texts = trains.count;
        out->test_texts = tests.count;
        status = compare(out, &trains, &tests, options, err);
    }
    clear(&trains);
    clear(&tests);
    return status;
}
