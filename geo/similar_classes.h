/* Classes that look alike from above and yet are not the same. */
#ifndef GACLIP_GEO_SIMILAR_CLASSES_H
#define GACLIP_GEO_SIMILAR_CLASSES_H

/* Names that are almost but never right for name, NULL-terminated; NULL where none are known. */
const char *const *gaclip__similar_classes(const char *name);

#endif
