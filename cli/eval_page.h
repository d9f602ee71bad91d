/* The report as an HTML page that stands alone. */
#ifndef GACLIP_CLI_EVAL_PAGE_H
#define GACLIP_CLI_EVAL_PAGE_H

#include <stdio.h>

#include "eval_run.h"

/* Writes the page to request->html, beside it first and renamed when complete. */
int eval_page_write(const EvalReport *report, GaclipError *err);

/* The sections of one run: numbers a class and confusion matrix; precision-recall curves; pictures
 * of successes and failures, drawn evenly from all there are. */
void eval_page_classes(FILE *out, const GaclipAccuracy *accuracy);
int eval_page_matrix(FILE *out, const GaclipAccuracy *accuracy, GaclipError *err);
int eval_page_curves(FILE *out, const EvalReport *report, const EvalRun *run, GaclipError *err);
int eval_page_examples(FILE *out, const EvalReport *report, const EvalRun *run, GaclipError *err);

#endif
