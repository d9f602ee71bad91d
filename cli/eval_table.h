/* The report on the terminal: one table over all models. */
#ifndef GACLIP_CLI_EVAL_TABLE_H
#define GACLIP_CLI_EVAL_TABLE_H

#include "eval_run.h"

void eval_table_print(const EvalReport *report);

#endif
