#include "similar_classes.h"

#include <stddef.h>
#include <string.h>

enum { MOST_OTHERS = 4 }; /* with the NULL at the end */

/* The first of each line, and what it may be taken for. No line names a wider or a narrower word
 * for the same thing. */
static const char *const TABLE[][1 + MOST_OTHERS] = {
    {"airplane", "helicopter", "windmill"},
    {"airliner", "helicopter", "fighter aircraft"},
    {"helicopter", "airplane", "drone"},
    {"ship", "bridge", "pier"},
    {"boat", "pier", "car"},
    {"car", "truck", "bus", "boat"},
    {"truck", "car", "bus"},
    {"van", "bus", "boat"},
    {"bus", "car", "truck"},
    {"small vehicle", "ship", "storage tank"},
    {"large vehicle", "ship", "airplane"},
    {"storage tank", "swimming pool", "roundabout", "cooling tower"},
    {"swimming pool", "tennis court", "solar panel", "pond"},
    {"tennis court", "basketball court", "swimming pool", "parking lot"},
    {"basketball court", "tennis court", "parking lot"},
    {"baseball diamond", "tennis court", "ground track field"},
    {"ground track field", "baseball diamond", "roundabout"},
    {"solar panel", "greenhouse", "swimming pool", "skylight"},
    {"windmill", "transmission tower", "water tower", "chimney"},
    {"wind turbine", "transmission tower", "water tower", "chimney"},
    {"bridge", "pier", "dam"},
    {"harbour", "parking lot", "dam"},
};

const char *const *gaclip__similar_classes(const char *name)
{
    for (size_t i = 0; i < sizeof TABLE / sizeof *TABLE; i++)
        if (!strcmp(TABLE[i][0], name)) return TABLE[i] + 1;
    return NULL;
}
