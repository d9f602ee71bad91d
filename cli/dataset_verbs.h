/* The verbs of gaclip-dataset. */
#ifndef GACLIP_CLI_DATASET_VERBS_H
#define GACLIP_CLI_DATASET_VERBS_H

int dataset_build(int argc, char **argv);
int dataset_check(int argc, char **argv);
int dataset_leakage(int argc, char **argv);
int dataset_review(int argc, char **argv);
int dataset_stats(int argc, char **argv);

#endif
