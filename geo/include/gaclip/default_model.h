/* Which model is used where none is named, and whose proposals. */
#ifndef GACLIP_DEFAULT_MODEL_H
#define GACLIP_DEFAULT_MODEL_H

#include "gaclip/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* *path becomes the model to open: given, unless that is NULL; else what GDAL's configuration
 * option GACLIP_MODEL (or the environment variable) names; else the model that is shipped, which
 * lies where this library was installed or built. It stays valid as long as the option stays, and
 * given does. GACLIP_ERROR_ARGUMENT, with what to do, when there is none of the three. */
GACLIP_API int gaclip_choose_model(const char **path, const char *given, GaclipError *err);

/* Whether a path is the shipped model's, as gaclip_choose_model and gaclip_choose_proposer give it.
 */
GACLIP_API int gaclip_is_shipped_model(const char *path);

/* Whose proposals are used where a model has no head for them: given, unless that is NULL; else the
 * model that is shipped. GACLIP_ERROR_ARGUMENT when there is neither. */
GACLIP_API int gaclip_choose_proposer(const char **path, const char *given, GaclipError *err);

/* Opens the model that finds boxes for another one; the caller closes *out, which is NULL where
 * none is given and the model has a proposal head itself. One without a head is
 * GACLIP_ERROR_UNSUPPORTED. */
GACLIP_API int gaclip_open_proposer(GaclipModel **out, const GaclipModel *model, const char *given,
                                    GaclipCompute *compute, GaclipError *err);

#ifdef __cplusplus
}
#endif
#endif
