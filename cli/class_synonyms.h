/* What else data sets call their classes. */
#ifndef GACLIP_CLI_CLASS_SYNONYMS_H
#define GACLIP_CLI_CLASS_SYNONYMS_H

#include "gaclip/dataset.h"
#include "gaclip/model.h"
#include "options.h"

typedef struct ClassSynonyms {
    TextList names, classes; /* each name, and whose it is */
} ClassSynonyms;

/* Adds those of a data set; the caller clears *all in any case. */
int class_synonyms_add(ClassSynonyms *all, const GaclipDataset *dataset, GaclipError *err);
void class_synonyms_clear(ClassSynonyms *all);

#endif
