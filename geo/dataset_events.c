#include "dataset_events.h"

#include <stdarg.h>
#include <stdio.h>

void gaclip__dataset_found(const GaclipDatasetEvents *events, const GaclipDatasetImage *at,
                           int image, int region, const char *format, ...)
{
    char place[64], what[1024];
    va_list args;
    if (!events || !events->found) return;
    va_start(args, format);
    vsnprintf(what, sizeof what, format, args);
    va_end(args);
    if (region < 0)
        snprintf(place, sizeof place, "images[%d]", image);
    else
        snprintf(place, sizeof place, "images[%d].regions[%d]", image, region);
    events->found(place, at->path, what, events->payload);
}

int gaclip__dataset_progress(const GaclipDatasetEvents *events, int done, int total,
                             GaclipError *err)
{
    if (!events || !events->progress || !events->progress(done, total, events->payload))
        return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_INTERRUPTED, "stopped after %d of %d images", done,
                            total);
}
