/* The report as JSON. */
#ifndef GACLIP_CLI_EVAL_JSON_H
#define GACLIP_CLI_EVAL_JSON_H

#include "eval_run.h"

/* A text that the caller frees with free(), or NULL when out of memory. */
char *eval_json_text(const EvalReport *report);

#endif
