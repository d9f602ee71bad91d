/* The classes of a YOLO data set. */
#ifndef GACLIP_GEO_YOLO_NAMES_H
#define GACLIP_GEO_YOLO_NAMES_H

#include "gaclip/error.h"

/* From file, or from the one that folder holds: "data.yaml" or "dataset.yaml" (the key "names", a
 * list or numbers with names), "classes.txt" or "obj.names" (one name a line). The caller frees
 * *out with CSLDestroy. */
int gaclip__yolo_names(char ***out, const char *folder, const char *file, GaclipError *err);

#endif
