/* Questions to a service over HTTP. */
#ifndef GACLIP_GEO_CAPTIONER_HTTP_H
#define GACLIP_GEO_CAPTIONER_HTTP_H

#include "gaclip/dataset_caption.h"

typedef struct GaclipCaptioner GaclipCaptioner;

/* options are borrowed; should_stop is asked now and then while an answer is awaited. The caller
 * closes *out. */
int gaclip__captioner_open(GaclipCaptioner **out, const GaclipCaptionOptions *options,
                           int (*should_stop)(void *payload), void *payload, GaclipError *err);
void gaclip__captioner_close(GaclipCaptioner *captioner);

/* Posts a JSON text. *answer is the body of a good response, to be freed with free(), or NULL where
 * none came after all retries, when reason says why. Fails where the service refuses such requests
 * or should_stop says so. */
int gaclip__captioner_ask(char **answer, char reason[256], GaclipCaptioner *captioner,
                          const char *question, GaclipError *err);

#endif
