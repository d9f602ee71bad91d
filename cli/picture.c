#include "picture.h"

#include <cpl_conv.h>
#include <math.h>

#include "page.h"

/* Boxes smaller than this are shown with more of their surroundings, image pixels. */
static const double SMALLEST_VIEW = 48;

static int shrink(Picture *out, GaclipImage *part, int side, GaclipError *err)
{
    int longest = part->width > part->height ? part->width : part->height;
    if (longest <= side) {
        out->image = *part;
        *part = (GaclipImage){0};
        return GACLIP_OK;
    }
    out->zoom = (double)side / longest;
    int width = (int)fmax(1, round(part->width * out->zoom));
    int height = (int)fmax(1, round(part->height * out->zoom));
    int status = gaclip_image_resize(&out->image, part, width, height, err);
    gaclip_image_clear(part);
    return status;
}

int picture_take(Picture *out, const GaclipImage *image, const GaclipBox *box, int side,
                 GaclipError *err)
{
    GaclipImage part;
    double x1 = 0, y1 = 0, x2 = image->width, y2 = image->height;
    *out = (Picture){.zoom = 1};
    if (box != NULL) {
        double longest = fmax(box->x2 - box->x1, box->y2 - box->y1);
        double reach = fmax(1.5 * longest, SMALLEST_VIEW / 2);
        double x = (box->x1 + box->x2) / 2, y = (box->y1 + box->y2) / 2;
        x1 = fmax(0, floor(x - reach));
        y1 = fmax(0, floor(y - reach));
        x2 = fmin(image->width, ceil(x + reach));
        y2 = fmin(image->height, ceil(y + reach));
    }
    out->x = x1;
    out->y = y1;
    int status = gaclip_image_crop(&part, image, (int)x1, (int)y1, (int)fmax(1, x2 - x1),
                                   (int)fmax(1, y2 - y1), err);
    return status == GACLIP_OK ? shrink(out, &part, side, err) : status;
}

void picture_clear(Picture *picture)
{
    gaclip_image_clear(&picture->image);
}

int picture_begin(FILE *out, const Picture *picture, GaclipError *err)
{
    char *file;
    int status = gaclip_image_encode(&file, &picture->image, picture->coding, err);
    if (status != GACLIP_OK) return status;
    double width = picture->image.width / picture->zoom;
    double height = picture->image.height / picture->zoom;
    fprintf(out,
            "<svg viewBox=\"%g %g %g %g\"><image x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\" "
            "preserveAspectRatio=\"none\" href=\"data:%s;base64,%s\"/>",
            picture->x, picture->y, width, height, picture->x, picture->y, width, height,
            gaclip_image_media_type(picture->coding), file);
    CPLFree(file);
    return GACLIP_OK;
}

void picture_box(FILE *out, const Picture *picture, const GaclipBox *box, const char *colour,
                 int is_dashed, const char *title)
{
    double longest = fmax(picture->image.width, picture->image.height) / picture->zoom;
    double line = longest / 120;
    fprintf(out,
            "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\" fill=\"none\" "
            "stroke=\"%s\" stroke-width=\"%.2f\"",
            (double)box->x1, (double)box->y1, (double)(box->x2 - box->x1),
            (double)(box->y2 - box->y1), colour, line);
    if (is_dashed) fprintf(out, " stroke-dasharray=\"%.2f %.2f\"", 3 * line, 2 * line);
    if (title == NULL) {
        fputs("/>", out);
        return;
    }
    fputs("><title>", out);
    page_text(out, title);
    fputs("</title></rect>", out);
}
