#include "picture.h"

#include <cpl_conv.h>
#include <cpl_error.h>
#include <cpl_string.h>
#include <cpl_vsi.h>
#include <gdal.h>
#include <math.h>
#include <stdint.h>

#include "page.h"

/* Boxes smaller than this are shown with more of their surroundings, image pixels. */
static const double SMALLEST_VIEW = 48;

static int shrink(Picture *out, GaclipImage *part, GaclipError *err)
{
    int longest = part->width > part->height ? part->width : part->height;
    if (longest <= PICTURE_SIDE) {
        out->image = *part;
        *part = (GaclipImage){0};
        return GACLIP_OK;
    }
    out->zoom = (double)PICTURE_SIDE / longest;
    int width = (int)fmax(1, round(part->width * out->zoom));
    int height = (int)fmax(1, round(part->height * out->zoom));
    int status = gaclip_image_resize(&out->image, part, width, height, err);
    gaclip_image_clear(part);
    return status;
}

int picture_take(Picture *out, const GaclipImage *image, const GaclipBox *box, GaclipError *err)
{
    GaclipImage part;
    double x1 = 0, y1 = 0, x2 = image->width, y2 = image->height;
    *out = (Picture){.zoom = 1};
    if (box != NULL) {
        double side = fmax(box->x2 - box->x1, box->y2 - box->y1);
        double reach = fmax(1.5 * side, SMALLEST_VIEW / 2);
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
    return status == GACLIP_OK ? shrink(out, &part, err) : status;
}

void picture_clear(Picture *picture)
{
    gaclip_image_clear(&picture->image);
}

/* A dataset of GDAL's over the image's own pixels. */
static GDALDatasetH wrap(const GaclipImage *image)
{
    char **options = NULL;
    GDALDatasetH memory =
        GDALCreate(GDALGetDriverByName("MEM"), "", image->width, image->height, 0, GDT_Byte, NULL);
    for (int band = 0; memory != NULL && band < 3; band++) {
        char address[64] = "";
        CPLPrintPointer(address, image->rgb + band, sizeof address - 1);
        options = CSLSetNameValue(options, "DATAPOINTER", address);
        options = CSLSetNameValue(options, "PIXELOFFSET", "3");
        options = CSLSetNameValue(options, "LINEOFFSET", CPLSPrintf("%d", 3 * image->width));
        if (GDALAddBand(memory, GDT_Byte, options) != CE_None) {
            GDALClose(memory);
            memory = NULL;
        }
    }
    CSLDestroy(options);
    return memory;
}

/* PNG in base 64, to be freed with CPLFree, or NULL. */
static char *encode(const GaclipImage *image)
{
    char *name = CPLStrdup(CPLSPrintf("/vsimem/gaclip_picture_%p.png", (const void *)image));
    char *text = NULL;
    GDALDatasetH memory = wrap(image);
    GDALDatasetH png = memory == NULL ? NULL
                                      : GDALCreateCopy(GDALGetDriverByName("PNG"), name, memory,
                                                       FALSE, NULL, NULL, NULL);
    if (memory != NULL) GDALClose(memory);
    if (png != NULL) {
        vsi_l_offset size = 0;
        GDALClose(png);
        GByte *bytes = VSIGetMemFileBuffer(name, &size, FALSE);
        if (bytes != NULL) text = CPLBase64Encode((int)size, bytes);
    }
    VSIUnlink(CPLSPrintf("%s.aux.xml", name));
    VSIUnlink(name);
    CPLFree(name);
    return text;
}

int picture_begin(FILE *out, const Picture *picture, GaclipError *err)
{
    char *png = encode(&picture->image);
    if (png == NULL)
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "a picture cannot be made: %s; GDAL needs its PNG driver",
                                CPLGetLastErrorMsg());
    double width = picture->image.width / picture->zoom;
    double height = picture->image.height / picture->zoom;
    fprintf(out,
            "<svg viewBox=\"%g %g %g %g\"><image x=\"%g\" y=\"%g\" width=\"%g\" height=\"%g\" "
            "preserveAspectRatio=\"none\" href=\"data:image/png;base64,%s\"/>",
            picture->x, picture->y, width, height, picture->x, picture->y, width, height, png);
    CPLFree(png);
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
