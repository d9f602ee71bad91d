/* What a user should know of a detection that found nothing. */
#ifndef GACLIP_CLI_DETECT_NOTES_H
#define GACLIP_CLI_DETECT_NOTES_H

#include "gaclip/model.h"
#include "options.h"

/* Says on stderr of which classes nothing was found, found (classes->count) boxes of each, though
 * the model has never learned boxes of that name. Models that list no classes are passed over. */
void detect_note_unlearned(const TextList *classes, const int *found, const GaclipModel *model);

#endif
