/* What a user should know of a detection that finds nothing, or the same twice. */
#ifndef GACLIP_CLI_DETECT_NOTES_H
#define GACLIP_CLI_DETECT_NOTES_H

#include "gaclip/model.h"
#include "gaclip/raster.h"
#include "options.h"

/* Says on stderr of which classes nothing was found, found (classes->count) boxes of each, though
 * the model has never learned boxes of that name. Models that list no classes are passed over. */
void detect_note_unlearned(const TextList *classes, const int *found, const GaclipModel *model);

/* Says on stderr which of the classes are one and the same to the model. */
void detect_note_same(const TextList *classes, const GaclipModel *model);

/* Says on stderr that the output had the scene's boxes already. */
void detect_note_repeated(const char *scene, const char *output);

/* Says on stderr of a scene that it has far larger pixels than the model knows, options has them.
 * One that cannot be opened is passed over: the detection will say why. */
void detect_note_coarse(const char *scene, const GaclipRasterOptions *options);

#endif
