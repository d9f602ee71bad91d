/* The words of a report that the table, the JSON and the page share. */
#ifndef GACLIP_CLI_EVAL_TEXT_H
#define GACLIP_CLI_EVAL_TEXT_H

#include <stdio.h>

#include "eval_run.h"

/* "retrieval", "fine-grained" .. */
const char *eval_protocol_name(EvalProtocol protocol);

/* What was done to which images, in a few sentences of one line. */
void eval_protocol_print(FILE *out, const EvalReport *report);

/* The same as a string that the caller frees, or NULL when out of memory. */
char *eval_protocol_text(const EvalReport *report);

#endif
