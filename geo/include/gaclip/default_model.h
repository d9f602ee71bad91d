/* Which model is used where none is named. */
#ifndef GACLIP_DEFAULT_MODEL_H
#define GACLIP_DEFAULT_MODEL_H

#include "gaclip/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/* *path becomes the model to open: given, unless that is NULL; else what GDAL's configuration
 * option GACLIP_MODEL (or the environment variable) names; else the model that is shipped, which
 * lies where this library was installed or built. It stays valid as long as the option stays, and
 * given does. GACLIP_ERROR_ARGUMENT, with what to do, when there is none of the three. */
GACLIP_API int gaclip_choose_model(const char **path, const char *given, GaclipError *err);

#ifdef __cplusplus
}
#endif
#endif
