/* Pixels of a dataset's images. */
#include "dataset_image.h"
#include "dataset.h"
#include "full_mask.h"

/* As it is: no resampling to any ground sampling distance. */
int gaclip__dataset_open_raster(GaclipRaster **out, const GaclipDatasetImage *image,
                                GaclipError *err)
{
    GaclipRasterOptions options;
    gaclip_raster_options_init(&options);
    options.gsd = 1;
    return gaclip_raster_open(out, image->path, &options, err);
}

int gaclip__dataset_measure(GaclipDatasetImage *image, GaclipError *err)
{
    GaclipRaster *raster;
    if (image->width && image->height) return GACLIP_OK;
    int status = gaclip__dataset_open_raster(&raster, image, err);
    if (status) return status;
    image->width = gaclip_raster_info(raster)->width;
    image->height = gaclip_raster_info(raster)->height;
    gaclip_raster_close(raster);
    return GACLIP_OK;
}

/* Width and height that image states, or those of the file. */
static int check_size(int *width, int *height, const GaclipDatasetImage *image,
                      const GaclipRasterInfo *info, GaclipError *err)
{
    *width = image->width ? image->width : info->width;
    *height = image->height ? image->height : info->height;
    int fits = image->is_window
                   ? image->x >= 0 && image->y >= 0 && image->x <= info->width - *width &&
                         image->y <= info->height - *height
                   : *width == info->width && *height == info->height;
    if (fits) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                            "%s: has %d x %d pixels, while its dataset says %d x %d%s", image->path,
                            info->width, info->height, *width, *height,
                            image->is_window ? " for a window in it" : "");
}

int gaclip__dataset_read_window(GaclipImage *out, GaclipRaster *raster,
                                const GaclipDatasetImage *image, int x, int y, int width,
                                int height, GaclipError *err)
{
    int whole_width, whole_height;
    int status = check_size(&whole_width, &whole_height, image, gaclip_raster_info(raster), err);
    if (status) return status;
    if (!width) width = whole_width;
    if (!height) height = whole_height;
    status = gaclip_raster_read(out, raster, image->x + x, image->y + y, width, height, width,
                                height, err);
    if (!status) gaclip__drop_full_mask(out);
    return status;
}

int gaclip_dataset_read_image(GaclipImage *out, const GaclipDatasetImage *image, GaclipError *err)
{
    GaclipRaster *raster;
    int status = gaclip__dataset_open_raster(&raster, image, err);
    if (status) return status;
    status = gaclip__dataset_read_window(out, raster, image, 0, 0, 0, 0, err);
    gaclip_raster_close(raster);
    return status;
}
