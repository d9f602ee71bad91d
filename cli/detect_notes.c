#include "detect_notes.h"

#include <stdio.h>

#include "gaclip/text.h"

static int is_learned(const char *name, const GaclipModel *model)
{
    size_t count = gaclip_model_text_count(model, GACLIP_CLASS_HINTS);
    for (size_t i = 0; i < count; i++)
        if (gaclip_same_class(name, gaclip_model_text_at(model, GACLIP_CLASS_HINTS, i))) return 1;
    return count == 0;
}

void detect_note_unlearned(const TextList *classes, const int *found, const GaclipModel *model)
{
    for (int i = 0; i < classes->count; i++)
        if (found[i] == 0 && !is_learned(classes->items[i], model))
            fprintf(stderr,
                    "gaclip-detect: NOTE: no \"%s\" found; the model learned boxes of other names "
                    "(gaclip-model info %s lists them)\n",
                    classes->items[i], gaclip_model_path(model));
}
