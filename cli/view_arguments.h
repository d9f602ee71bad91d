/* The options that say what is asked of a scene, as a request (gaclip/request.h): shared by the
 * commands that read one through a view. */
#ifndef GACLIP_CLI_VIEW_ARGUMENTS_H
#define GACLIP_CLI_VIEW_ARGUMENTS_H

#include "gaclip/request.h"
#include "model_arguments.h"
#include "raster_arguments.h"

typedef struct ViewArguments {
    const char *model, *scale;
    int independent, threads;
    double gsd;
    NumberList bands;
    TextList open_options;
    ModelArguments how;
} ViewArguments;

/* clang-format off */
#define VIEW_OPTIONS(arguments)                                                                   \
    {.name = "model", .letter = 'm', .type = OPTION_TEXT, .value = &(arguments).model,            \
     .meta = "FILE", .help = "model file (default: the shipped one, or what GACLIP_MODEL names)"},            \
    {.name = "independent", .type = OPTION_FLAG, .value = &(arguments).independent,               \
     .help = "score every class against the background alone, not against the others"},           \
    PASS_OPTIONS((arguments).how),                                                                \
    RASTER_OPTIONS(arguments),                                                                    \
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
