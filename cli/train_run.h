/* A training from its first stage, or from where it was left, to its last. */
#ifndef GACLIP_CLI_TRAIN_RUN_H
#define GACLIP_CLI_TRAIN_RUN_H

#include "train_plan.h"
#include "train_record.h"

/* Trains, keeps log and curves, saves the model, prints the summary. A training that was stopped
 * leaves its model too: hours are not thrown away. */
int train_run(TrainPlan *plan, GaclipError *err);

/* Prints what the training would take, from a few steps whose weights are thrown away. */
int train_dry_run(TrainPlan *plan, GaclipError *err);

#endif
