/* Reading what a reviewer saved. */
#include <stdlib.h>
#include <string.h>

#include "gaclip/review.h"
#include "json_reader.h"
#include "pool.h"

enum { VERSION = 1 };

/* A review and what it lends. */
typedef struct OwnedReview {
    GaclipReview review;
    GaclipPool pool;
} OwnedReview;

static int keep(const char **out, OwnedReview *owned, const char *text, GaclipError *err)
{
    *out = text ? gaclip__pool_text(&owned->pool, text, strlen(text)) : NULL;
    if (text && !*out) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    return GACLIP_OK;
}

static int need_text(const char **out, OwnedReview *owned, const GaclipJson *object,
                     const char *key, GaclipError *err)
{
    GaclipJson member;
    const char *text;
    int status = gaclip__json_need(&member, object, key, err);
    if (!status) status = gaclip__json_text(&text, &member, err);
    return status ? status : keep(out, owned, text, err);
}

/* The bit of an array's element. */
typedef int FindBit(const char *text);

static int part_bit(const char *text)
{
    for (int i = 0; i < GACLIP_REVIEW_PARTS; i++)
        if (!strcmp(gaclip_review_part_key((GaclipReviewPart)i), text)) return i;
    return -1;
}

static int error_bit(const char *text)
{
    for (int i = 0; i < GACLIP_REVIEW_ERRORS; i++)
        if (!strcmp(gaclip_review_error(i)->key, text)) return i;
    return -1;
}

static int read_bits(unsigned *out, const GaclipJson *object, const char *key, FindBit *find,
                     GaclipError *err)
{
    GaclipJson list, item;
    int status = gaclip__json_need(&list, object, key, err);
    if (!status) status = gaclip__json_array(&list, err);
    if (status) return status;
    for (int more = gaclip__json_first(&item, &list); more; more = gaclip__json_next(&item)) {
        const char *text;
        status = gaclip__json_text(&text, &item, err);
        if (status) return status;
        int bit = find(text);
        if (bit < 0)
            return gaclip__json_fail(&item, err, "\"%.60s\" is not among the %s there are", text,
                                     key);
        *out |= 1u << bit;
    }
    return GACLIP_OK;
}

static int read_verdict(GaclipVerdict *out, const GaclipJson *at, GaclipError *err)
{
    GaclipJson member;
    const char *text;
    *out = GACLIP_VERDICT_NONE;
    if (!gaclip__json_find(&member, at, "verdict")) return GACLIP_OK;
    int status = gaclip__json_text(&text, &member, err);
    if (status) return status;
    if (strcmp(text, "pass") != 0 && strcmp(text, "fail") != 0)
        return gaclip__json_fail(&member, err, "is \"%.60s\" in place of pass, fail or null", text);
    *out = *text == 'p' ? GACLIP_VERDICT_PASS : GACLIP_VERDICT_FAIL;
    return GACLIP_OK;
}

/* Errors belong to a failed item and to parts that it has. */
static int check_answer(const GaclipReviewAnswer *a, const GaclipJson *at, GaclipError *err)
{
    if ((a->verdict == GACLIP_VERDICT_FAIL) != (a->errors != 0))
        return gaclip__json_fail(
            at, err, "%s", a->errors ? "has errors but does not fail" : "fails without an error");
    for (int i = 0; i < GACLIP_REVIEW_ERRORS; i++) {
        const GaclipReviewError *e = gaclip_review_error(i);
        if (a->errors & 1u << i && e->part != GACLIP_REVIEW_PARTS && !(a->parts & 1u << e->part))
            return gaclip__json_fail(at, err, "has the error %s without having the part %s", e->key,
                                     gaclip_review_part_key(e->part));
    }
    return GACLIP_OK;
}

static int read_answer(GaclipReviewAnswer *out, OwnedReview *owned, const GaclipJson *at,
                       GaclipError *err)
{
    static const char *const KEYS[] = {"place", "digest",  "image",  "source", "class",
                                       "parts", "verdict", "errors", "note",   NULL};
    const char *note = NULL;
    int status = gaclip__json_keys(at, KEYS, err);
    if (!status) status = need_text(&out->place, owned, at, "place", err);
    if (!status) status = need_text(&out->digest, owned, at, "digest", err);
    if (!status) status = need_text(&out->image, owned, at, "image", err);
    if (!status) status = need_text(&out->source, owned, at, "source", err);
    if (!status) status = need_text(&out->class_name, owned, at, "class", err);
    if (!status) status = read_bits(&out->parts, at, "parts", part_bit, err);
    if (!status) status = read_verdict(&out->verdict, at, err);
    if (!status) status = read_bits(&out->errors, at, "errors", error_bit, err);
    if (!status) status = gaclip__json_text_of(&note, at, "note", err);
    if (!status) status = keep(&out->note, owned, note, err);
    return status ? status : check_answer(out, at, err);
}

static int compare_places(const void *a, const void *b)
{
    const GaclipReviewAnswer *left = a, *right = b;
    return strcmp(left->place, right->place);
}

static int read_items(OwnedReview *owned, const GaclipJson *root, GaclipError *err)
{
    GaclipJson list, item;
    int status = gaclip__json_need(&list, root, "items", err);
    if (!status) status = gaclip__json_array(&list, err);
    if (status) return status;
    size_t count = (size_t)cJSON_GetArraySize(list.value);
    GaclipReviewAnswer *answers = gaclip__pool_bytes(&owned->pool, (count + 1) * sizeof *answers);
    if (!answers) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int more = gaclip__json_first(&item, &list); more && !status;
         more = gaclip__json_next(&item))
        status = read_answer(&answers[item.index], owned, &item, err);
    if (status) return status;
    if (count) qsort(answers, count, sizeof *answers, compare_places);
    for (size_t i = 1; i < count; i++)
        if (!strcmp(answers[i].place, answers[i - 1].place))
            return gaclip__json_fail(&list, err, "%s is there twice", answers[i].place);
    owned->review.answers = answers;
    owned->review.count = (int)count;
    return GACLIP_OK;
}

static int read_root(OwnedReview *owned, const GaclipJson *root, GaclipError *err)
{
    static const char *const KEYS[] = {"format", "version",  "software", "dataset", "sample",
                                       "saved",  "reviewer", "items",    NULL};
    GaclipJson member;
    const char *format;
    int version;
    int status = gaclip__json_object(root, err);
    if (!status) status = gaclip__json_need(&member, root, "format", err);
    if (!status) status = gaclip__json_text(&format, &member, err);
    if (!status && strcmp(format, "gaclip-review") != 0)
        status =
            gaclip__json_fail(&member, err, "is \"%.60s\" in place of \"gaclip-review\"", format);
    if (!status) status = gaclip__json_need(&member, root, "version", err);
    if (!status) status = gaclip__json_whole(&version, &member, 1, VERSION, err);
    if (!status) status = gaclip__json_keys(root, KEYS, err);
    if (!status) status = need_text(&owned->review.dataset, owned, root, "dataset", err);
    if (!status) status = need_text(&owned->review.reviewer, owned, root, "reviewer", err);
    return status ? status : read_items(owned, root, err);
}

int gaclip_review_read(GaclipReview **out, const char *path, GaclipError *err)
{
    GaclipJson root;
    *out = NULL;
    OwnedReview *owned = calloc(1, sizeof *owned);
    if (!owned) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int status = keep(&owned->review.path, owned, path, err);
    if (!status) status = gaclip__json_open(&root, path, err);
    if (!status) {
        status = read_root(owned, &root, err);
        gaclip__json_close(&root);
    }
    if (status)
        gaclip_review_free(&owned->review);
    else
        *out = &owned->review;
    return status;
}

void gaclip_review_free(GaclipReview *review)
{
    if (!review) return;
    OwnedReview *owned = (OwnedReview *)review; /* its first member */
    gaclip__pool_free(&owned->pool);
    free(owned);
}
