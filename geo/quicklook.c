#include "quicklook.h"

#include <math.h>
#include <string.h>

#include "gaclip/image_encode.h"
#include "qgis_style.h"

enum { LONGEST_SIDE = 1600, LINE = 2, SMALLEST_BOX = 8, NO_GROUND = 255 };

static void fill(GaclipImage *image, int x1, int y1, int x2, int y2, const unsigned char *colour)
{
    x1 = x1 < 0 ? 0 : x1;
    y1 = y1 < 0 ? 0 : y1;
    x2 = x2 > image->width ? image->width : x2;
    y2 = y2 > image->height ? image->height : y2;
    for (int y = y1; y < y2; y++)
        for (int x = x1; x < x2; x++)
            memcpy(image->rgb + 3 * ((size_t)y * (size_t)image->width + (size_t)x), colour, 3);
}

/* Lines around the box, not over what it shows. */
static void outline(GaclipImage *image, double left, double top, double right, double bottom,
                    const unsigned char *colour)
{
    double grow_x = fmax(0, (SMALLEST_BOX - (right - left)) / 2);
    double grow_y = fmax(0, (SMALLEST_BOX - (bottom - top)) / 2);
    int x1 = (int)floor(left - grow_x), x2 = (int)ceil(right + grow_x);
    int y1 = (int)floor(top - grow_y), y2 = (int)ceil(bottom + grow_y);
    fill(image, x1 - LINE, y1 - LINE, x2 + LINE, y1, colour);
    fill(image, x1 - LINE, y2, x2 + LINE, y2 + LINE, colour);
    fill(image, x1 - LINE, y1, x1, y2, colour);
    fill(image, x2, y1, x2 + LINE, y2, colour);
}

static void clear_masked(GaclipImage *image)
{
    size_t pixels = (size_t)image->width * (size_t)image->height;
    for (size_t i = 0; image->mask && i < pixels; i++)
        if (!image->mask[i]) memset(image->rgb + 3 * i, NO_GROUND, 3);
}

int gaclip__quicklook(const char *path, GaclipRaster *raster, const GaclipArea *area,
                      const GaclipFoundList *found, GaclipError *err)
{
    const GaclipRasterInfo *info = gaclip_raster_info(raster);
    int longest = area->width > area->height ? area->width : area->height;
    double zoom = fmin(1, (double)LONGEST_SIDE / longest);
    int width = (int)fmax(1, round(area->width * zoom));
    int height = (int)fmax(1, round(area->height * zoom));
    GaclipImage image;
    int status = gaclip_raster_read(&image, raster, area->x / info->zoom_x, area->y / info->zoom_y,
                                    area->width / info->zoom_x, area->height / info->zoom_y, width,
                                    height, err);
    if (status) return status;
    clear_masked(&image);
    /* The best last, over the others. */
    for (int i = found->count - 1; i >= 0; i--) {
        const GaclipFound *f = &found->items[i];
        outline(&image, (f->x1 - area->x) * zoom, (f->y1 - area->y) * zoom,
                (f->x2 - area->x) * zoom, (f->y2 - area->y) * zoom,
                gaclip__class_colour(f->class_index));
    }
    status = gaclip_image_write(path, &image, GACLIP_IMAGE_PNG, err);
    gaclip_image_clear(&image);
    return status;
}
