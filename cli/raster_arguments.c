#include "raster_arguments.h"

#include <stddef.h>

int raster_arguments_apply(GaclipRasterOptions *options, RasterArguments *arguments,
                           GaclipError *err)
{
    int count = arguments->bands.count;
    if (count != 0 && count != 1 && count != 3)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "--bands: give one band or three");
    for (int i = 0; i < count; i++) arguments->band_numbers[i] = (int)arguments->bands.items[i];
    if (count > 0) {
        options->bands = arguments->band_numbers;
        options->band_count = count;
    }
    if (arguments->scale != NULL) options->scale = arguments->scale;
    if (arguments->gsd > 0) options->gsd = arguments->gsd;
    options->open_options = (const char *const *)arguments->open_options.items;
    return GACLIP_OK;
}
