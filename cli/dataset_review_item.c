#include "dataset_review_item.h"

#include <cpl_conv.h>

#include "page.h"
#include "picture.h"

/* Pixels of a side of the whole image, at most; of the part around the region. */
enum { SCENE_SIDE = 640, CROP_SIDE = 480 };

static const char OWN[] = "#ffd400", OTHERS[] = "#ffffff";

/* What is drawn, and around what. */
typedef struct Item {
    FILE *out;
    const GaclipDataset *dataset;
    const GaclipDatasetImage *image;
    const GaclipReviewItem *item;
    const GaclipDatasetRegion *region; /* NULL: the whole image */
    int number;
} Item;

static const char *name_of(const Item *i, const GaclipDatasetRegion *r)
{
    if (r->phrase) return r->phrase;
    return r->class_index >= 0 ? gaclip_dataset_class_at(i->dataset, r->class_index)->name
                               : "region without a class";
}

static GaclipBox box_of(const GaclipDatasetRegion *r, const GaclipImage *pixels)
{
    return (GaclipBox){(float)(r->box[0] * pixels->width), (float)(r->box[1] * pixels->height),
                       (float)(r->box[2] * pixels->width), (float)(r->box[3] * pixels->height)};
}

static void draw_others(const Item *i, const Picture *picture, const GaclipImage *pixels)
{
    for (int r = 0; r < i->image->region_count; r++) {
        GaclipBox box = box_of(&i->image->regions[r], pixels);
        if (r != i->item->region)
            picture_box(i->out, picture, &box, OTHERS, 1, name_of(i, &i->image->regions[r]));
    }
}

/* around NULL: the whole image. */
static int draw(const Item *i, const GaclipImage *pixels, const GaclipBox *around,
                const char *caption, GaclipError *err)
{
    Picture picture;
    int status = picture_take(&picture, pixels, around, around ? CROP_SIDE : SCENE_SIDE, err);
    if (status != GACLIP_OK) return status;
    picture.coding = GACLIP_IMAGE_JPEG;
    /* As high as the window allows, and never wider than that: SVG would show boxes beside it. */
    fprintf(i->out, "<figure style=\"max-width:calc(60vh*%d/%d)\">", picture.image.width,
            picture.image.height);
    status = picture_begin(i->out, &picture, err);
    if (status == GACLIP_OK) {
        draw_others(i, &picture, pixels);
        if (i->region) {
            GaclipBox box = box_of(i->region, pixels);
            picture_box(i->out, &picture, &box, OWN, 0, name_of(i, i->region));
        }
        fprintf(i->out, "</svg><figcaption>%s</figcaption></figure>\n", caption);
    }
    picture_clear(&picture);
    return status;
}

static int print_pictures(const Item *i, GaclipError *err)
{
    GaclipImage pixels;
    int status = gaclip_dataset_read_image(&pixels, i->image, err);
    if (status != GACLIP_OK) return status;
    fputs("<div class=\"pictures\">\n", i->out);
    if (i->region) {
        GaclipBox box = box_of(i->region, &pixels);
        status = draw(i, &pixels, &box, "The region, yellow; other regions dashed", err);
    }
    if (status == GACLIP_OK) status = draw(i, &pixels, NULL, "The whole image", err);
    fputs("</div>\n", i->out);
    gaclip_image_clear(&pixels);
    return status;
}

static void print_element(FILE *out, const char *name, const char *attributes, const char *text)
{
    fprintf(out, "<%s%s>", name, attributes);
    page_text(out, text);
    fprintf(out, "</%s>\n", name);
}

/* A button an error that the part can have, with its key. */
static void print_errors(FILE *out, GaclipReviewPart part)
{
    fputs("<div class=\"errors\">\n", out);
    for (int e = 0; e < GACLIP_REVIEW_ERRORS; e++) {
        const GaclipReviewError *error = gaclip_review_error(e);
        if (error->part != part) continue;
        fprintf(out,
                "<button type=\"button\" data-error=\"%s\" aria-pressed=\"false\" title=\"%s\">"
                "<kbd>%d</kbd> %s</button>\n",
                error->key, error->meaning, (e + 1) % GACLIP_REVIEW_ERRORS, error->name);
    }
    fputs("</div>\n</section>\n", out);
}

static void begin_part(FILE *out, const char *title)
{
    fprintf(out, "<section class=\"part\">\n<h3>%s</h3>\n", title);
}

static void print_box(const Item *i)
{
    const double *b = i->region->box;
    begin_part(i->out, "Box");
    fprintf(i->out, "<p>%.0f &times; %.0f pixels", (b[2] - b[0]) * i->image->width,
            (b[3] - b[1]) * i->image->height);
    if (i->image->gsd > 0)
        fprintf(i->out, ", %.1f &times; %.1f m", (b[2] - b[0]) * i->image->width * i->image->gsd,
                (b[3] - b[1]) * i->image->height * i->image->gsd);
    fprintf(i->out, ", %.2g %% of the image%s</p>\n", 100 * (b[2] - b[0]) * (b[3] - b[1]),
            i->region->is_difficult ? "; difficult" : "");
    print_errors(i->out, GACLIP_REVIEW_BOX);
}

static void print_description(const Item *i)
{
    begin_part(i->out, "Name and description");
    print_element(i->out, "p", "", name_of(i, i->region));
    if (i->region->description)
        print_element(i->out, "p", " class=\"said\"", i->region->description);
    else
        fputs("<p><small>no description</small></p>\n", i->out);
    print_errors(i->out, GACLIP_REVIEW_DESCRIPTION);
}

static void print_negatives(const Item *i)
{
    begin_part(i->out, "Hard negatives: none may be true of the region");
    fputs("<ol>\n", i->out);
    for (int n = 0; n < i->region->negative_count; n++)
        print_element(i->out, "li", "", i->region->negatives[n]);
    fputs("</ol>\n", i->out);
    print_errors(i->out, GACLIP_REVIEW_NEGATIVES);
}

static void print_captions(const Item *i)
{
    begin_part(i->out, "Captions of the whole image");
    if (i->image->caption_count) fputs("<ul>\n", i->out);
    for (int c = 0; c < i->image->caption_count; c++)
        print_element(i->out, "li", "", i->image->captions[c]);
    if (i->image->caption_count) fputs("</ul>\n", i->out);
    if (i->image->detailed) print_element(i->out, "p", "", i->image->detailed);
    print_errors(i->out, GACLIP_REVIEW_CAPTIONS);
}

static void print_parts(const Item *i)
{
    unsigned parts = i->item->parts;
    fputs("<div class=\"parts\">\n", i->out);
    if (parts & 1u << GACLIP_REVIEW_CAPTIONS) print_captions(i);
    if (parts & 1u << GACLIP_REVIEW_DESCRIPTION) print_description(i);
    if (parts & 1u << GACLIP_REVIEW_NEGATIVES) print_negatives(i);
    if (parts & 1u << GACLIP_REVIEW_BOX) print_box(i);
    begin_part(i->out, "Anything else");
    fprintf(i->out,
            "<label for=\"note-%d\">Note <kbd>C</kbd></label>\n<textarea id=\"note-%d\"></textarea>"
            "\n",
            i->number, i->number);
    print_errors(i->out, GACLIP_REVIEW_PARTS);
    fputs("</div>\n", i->out);
}

static void print_head(const Item *i)
{
    GaclipReviewIdentity identity;
    gaclip_review_identify(&identity, i->dataset, i->item);
    fprintf(i->out, "<div class=\"head\">\n<h2 id=\"title-%d\">", i->number);
    page_text(i->out, i->region ? name_of(i, i->region) : "whole image");
    fputs("</h2>\n<p class=\"where\">", i->out);
    page_text(i->out, i->item->source);
    fputs(", ", i->out);
    page_text(i->out, CPLGetFilename(i->image->path));
    fprintf(i->out, ", %s", identity.place);
    if (i->image->scene) {
        fputs(", scene: ", i->out);
        page_text(i->out, i->image->scene);
    }
    fputs("</p>\n</div>\n", i->out);
}

int review_item_print(FILE *out, const GaclipDataset *dataset, const GaclipReviewItem *item,
                      int number, GaclipError *err)
{
    const GaclipDatasetImage *image = gaclip_dataset_image_at(dataset, item->image);
    Item i = {out,   dataset, image, item, item->region < 0 ? NULL : &image->regions[item->region],
              number};
    fprintf(out, "<article class=\"item\" aria-labelledby=\"title-%d\" hidden>\n", number);
    print_head(&i);
    int status = print_pictures(&i, err);
    print_parts(&i);
    fputs("</article>\n", out);
    return status;
}
