#include "dataset_review_page.h"

#include <cjson/cJSON.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataset_review_item.h"
#include "page.h"
#include "review_assets.h"

static cJSON *describe_item(const ReviewPage *page, const GaclipReviewItem *item)
{
    GaclipReviewIdentity identity;
    cJSON *object = cJSON_CreateObject();
    gaclip_review_identify(&identity, page->dataset, item);
    cJSON_AddStringToObject(object, "place", identity.place);
    cJSON_AddStringToObject(object, "digest", identity.digest);
    cJSON_AddStringToObject(object, "image",
                            gaclip_dataset_image_at(page->dataset, item->image)->path);
    cJSON_AddStringToObject(object, "source", item->source);
    cJSON_AddStringToObject(object, "class", item->class_name);
    cJSON *parts = cJSON_AddArrayToObject(object, "parts");
    for (int p = 0; p < GACLIP_REVIEW_PARTS; p++)
        if (item->parts & 1u << p)
            cJSON_AddItemToArray(parts,
                                 cJSON_CreateString(gaclip_review_part_key((GaclipReviewPart)p)));
    return object;
}

/* What the script puts the verdicts into and saves. */
static cJSON *describe(const ReviewPage *page)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "format", "gaclip-review");
    cJSON_AddNumberToObject(root, "version", 1);
    cJSON_AddStringToObject(root, "software", "gaclip " GACLIP_VERSION);
    cJSON_AddStringToObject(root, "dataset", page->name);
    cJSON *sample = cJSON_AddObjectToObject(root, "sample");
    cJSON_AddNumberToObject(sample, "count", page->sample->count);
    cJSON_AddNumberToObject(sample, "seed", (double)page->sample->seed);
    if (page->sample->split) cJSON_AddStringToObject(sample, "split", page->sample->split);
    cJSON *errors = cJSON_AddArrayToObject(root, "errors");
    for (int e = 0; e < GACLIP_REVIEW_ERRORS; e++)
        cJSON_AddItemToArray(errors, cJSON_CreateString(gaclip_review_error(e)->key));
    cJSON *items = cJSON_AddArrayToObject(root, "items");
    for (int i = 0; i < page->count; i++)
        cJSON_AddItemToArray(items, describe_item(page, &page->items[i]));
    return root;
}

/* JSON inside a script element: "<" could end it. */
static int print_data(FILE *out, const ReviewPage *page, GaclipError *err)
{
    cJSON *root = describe(page);
    char *text = cJSON_PrintUnformatted(root);
    cJSON_Delete(root);
    if (text == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    fputs("<script type=\"application/json\" id=\"data\">", out);
    for (const char *c = text; *c != '\0'; c++)
        if (*c == '<')
            fputs("\\u003c", out);
        else
            fputc(*c, out);
    fputs("</script>\n", out);
    cJSON_free(text);
    return GACLIP_OK;
}

static void print_head(FILE *out, const ReviewPage *page)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n"
          "<link rel=\"icon\" href=\"data:,\">\n<title>Review of ",
          out);
    page_text(out, page->name);
    fprintf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n<header>\n<h1>Review of ",
            review_css);
    page_text(out, page->name);
    fputs("</h1>\n<progress id=\"progress\" aria-labelledby=\"count\" value=\"0\"></progress>\n"
          "<span id=\"count\"></span>\n<span class=\"spacer\"></span>\n"
          "<label for=\"reviewer\">Reviewer</label>\n"
          "<input id=\"reviewer\" autocomplete=\"name\" value=\"",
          out);
    page_text(out, page->reviewer ? page->reviewer : "");
    fputs("\">\n<button type=\"button\" id=\"save\"><kbd>S</kbd> Save</button>\n"
          "<button type=\"button\" id=\"ask\" aria-label=\"Help\"><kbd>?</kbd></button>\n"
          "</header>\n<main id=\"main\" tabindex=\"-1\">\n"
          "<noscript><p>This page needs JavaScript, which it has in itself.</p></noscript>\n"
          "<ol id=\"overview\" aria-label=\"Items\"></ol>\n",
          out);
}

static void print_help(FILE *out)
{
    fputs("<dialog id=\"help\" aria-labelledby=\"help-title\">\n"
          "<h2 id=\"help-title\">How to review</h2>\n"
          "<p>Look at the picture and at every text. Where all is right, pass; else choose what is "
          "wrong, one or more errors, and go on.</p>\n<dl>\n"
          "<dt><kbd>P</kbd> pass, <kbd>F</kbd> fail, <kbd>N</kbd> next one that is not reviewed"
          "</dt><dd>Also <kbd>&larr;</kbd> and <kbd>&rarr;</kbd>, to look again.</dd>\n"
          "<dt><kbd>B</kbd> boxes on and off, <kbd>C</kbd> note, <kbd>Esc</kbd> leaves it, "
          "<kbd>S</kbd> save</dt><dd>Verdicts stay in this browser until they are saved.</dd>\n",
          out);
    for (int e = 0; e < GACLIP_REVIEW_ERRORS; e++) {
        const GaclipReviewError *error = gaclip_review_error(e);
        fprintf(out, "<dt><kbd>%d</kbd> %s</dt><dd>%s</dd>\n", (e + 1) % GACLIP_REVIEW_ERRORS,
                error->name, error->meaning);
    }
    fputs("</dl>\n<button type=\"button\" id=\"close\">Close</button>\n</dialog>\n", out);
}

static int print_foot(FILE *out, const ReviewPage *page, GaclipError *err)
{
    fputs("</main>\n<footer>\n"
          "<button type=\"button\" id=\"previous\" aria-label=\"Previous item\">&larr;</button>\n"
          "<button type=\"button\" id=\"next\" aria-label=\"Next item\">&rarr;</button>\n"
          "<button type=\"button\" id=\"pass\" aria-pressed=\"false\"><kbd>P</kbd> Pass</button>\n"
          "<button type=\"button\" id=\"fail\" aria-pressed=\"false\"><kbd>F</kbd> Fail</button>\n"
          "<span id=\"status\" role=\"status\"></span>\n</footer>\n",
          out);
    print_help(out);
    int status = print_data(out, page, err);
    fprintf(out, "<script>%s</script>\n", review_js);
    page_end(out);
    return status;
}

static int print_page(FILE *out, const void *payload, GaclipError *err)
{
    const ReviewPage *page = payload;
    int status = GACLIP_OK;
    print_head(out, page);
    for (int i = 0; i < page->count && status == GACLIP_OK; i++) {
        if (progress_update(page->progress, i, page->count, NULL))
            return gaclip_error_set(err, GACLIP_ERROR_INTERRUPTED, "interrupted");
        status = review_item_print(out, page->dataset, &page->items[i], i, err);
    }
    return status == GACLIP_OK ? print_foot(out, page, err) : status;
}

int review_page_write(const ReviewPage *page, GaclipError *err)
{
    return page_write(page->path, print_page, page, err);
}
