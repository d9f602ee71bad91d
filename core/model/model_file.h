/* What reading and writing a model file share. */
#ifndef GACLIP_MODEL_MODEL_FILE_H
#define GACLIP_MODEL_MODEL_FILE_H

enum { GACLIP__FORMAT_VERSION = 1 };

/* Keys of the text lists in the metadata, in the order of GaclipTextList. */
static const char *const GACLIP__LIST_KEYS[] = {"templates", "background", "classes"};
/* Key of the calibration: a list of {"class", "slope", "offset"}. */
static const char GACLIP__CALIBRATION[] = "calibration";
/* Key of the other names of classes: an object of lists. */
static const char GACLIP__SYNONYMS[] = "synonyms";
/* The tensor (U8) that holds the tokenizer's merges. */
static const char GACLIP__MERGES[] = "tokenizer.merges";

#endif
