/* The options that say what is asked of a scene, as a request (gaclip/request.h): shared by the
 * commands that read one through a view. */
#ifndef GACLIP_CLI_VIEW_ARGUMENTS_H
#define GACLIP_CLI_VIEW_ARGUMENTS_H

#include "gaclip/request.h"
#include "options.h"

typedef struct ViewArguments {
    const char *model, *scale;
    int independent, threads;
    double gsd;
    NumberList bands;
} ViewArguments;

/* clang-format off */
#define VIEW_OPTIONS(arguments)                                                                   \
    {.name = "model", .letter = 'm', .type = OPTION_TEXT, .value = &(arguments).model,            \
     .meta = "FILE", .help = "model file (default: the one that GACLIP_MODEL names)"},            \
    {.name = "independent", .type = OPTION_FLAG, .value = &(arguments).independent,               \
     .help = "score every class against the background alone, not against the others"},           \
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
    {.name = "threads", .letter = 'j', .type = OPTION_INTEGER, .value = &(arguments).threads,     \
     .meta = "N", .minimum = 1, .maximum = 1024, .help = "threads (default: all processors)"}
/* clang-format on */

/* A request of the scene and classes (which may be none). The caller clears *out in any case. */
int view_arguments_request(GaclipRequest *out, const char *scene, const TextList *classes,
                           const ViewArguments *arguments, GaclipError *err);

/* Sets a key to a text or number; nothing where it is NULL or 0. */
int view_arguments_set(GaclipRequest *request, const char *key, const char *value,
                       GaclipError *err);
int view_arguments_set_number(GaclipRequest *request, const char *key, double value,
                              GaclipError *err);

#endif
