/* Features as plain values, for whoever hands them on to a GIS. */
#ifndef GACLIP_FEATURE_H
#define GACLIP_FEATURE_H

#include <stddef.h>

#include "gaclip/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum GaclipFieldType {
    GACLIP_FIELD_TEXT,
    GACLIP_FIELD_REAL,
    GACLIP_FIELD_INTEGER
} GaclipFieldType;

typedef struct GaclipField {
    const char *name;
    GaclipFieldType type;
} GaclipField;

typedef struct GaclipValue {
    int is_set; /* 0 = null */
    const char *text;
    double number; /* of REAL and INTEGER */
} GaclipValue;

enum { GACLIP_MOST_FIELDS = 16 };

typedef struct GaclipFeature {
    long long fid;
    GaclipValue values[GACLIP_MOST_FIELDS];
    const unsigned char *wkb; /* geometry as ISO WKB, (wkb_size); NULL = none */
    size_t wkb_size;
    const char *style; /* as an OGR feature style, or NULL */
} GaclipFeature;

#ifdef __cplusplus
}
#endif
#endif
