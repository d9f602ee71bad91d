/* The options that say how a raster is read, shared by the commands that read one. */
#ifndef GACLIP_CLI_RASTER_ARGUMENTS_H
#define GACLIP_CLI_RASTER_ARGUMENTS_H

#include "gaclip/raster.h"
#include "options.h"

typedef struct RasterArguments {
    NumberList bands;
    int band_numbers[8]; /* bands as GaclipRasterOptions wants them */
    const char *scale;
    double gsd;
    TextList open_options;
} RasterArguments;

/* clang-format off */
/* arguments has bands, scale, gsd and open_options. */
#define RASTER_OPTIONS(arguments)                                                                 \
    {.name = "bands", .letter = 'b', .type = OPTION_INTEGERS, .value = &(arguments).bands,        \
     .meta = "R,G,B", .minimum = 1, .maximum = 65535,                                             \
     .help = "bands to use, counted from 1: three, or one (default: by colour interpretation, "   \
             "else the first three)"},                                                            \
    {.name = "scale", .type = OPTION_TEXT, .value = &(arguments).scale, .meta = "RULE",           \
     .help = "values to bytes: auto (bytes as they are, else 2 to 98 percentile), none, "         \
             "percentile:LOW,HIGH or MIN,MAX"},                                                   \
    {.name = "gsd", .type = OPTION_NUMBER, .value = &(arguments).gsd, .meta = "METRES",           \
     .minimum = 1e-4, .maximum = 1e5,                                                             \
     .help = "size of a raster pixel on the ground (default: from geotransform and CRS)"},        \
    {.name = "oo", .classic = "oo", .type = OPTION_PAIRS, .value = &(arguments).open_options,     \
     .meta = "NAME=VALUE", .help = "open option of the raster's driver"}
/* clang-format on */

/* Points options into arguments, which must outlive it. */
int raster_arguments_apply(GaclipRasterOptions *options, RasterArguments *arguments,
                           GaclipError *err);

#endif
