/* The verbs of gaclip-model. */
#ifndef GACLIP_CLI_MODEL_VERBS_H
#define GACLIP_CLI_MODEL_VERBS_H

int model_info(int argc, char **argv);
int model_convert(int argc, char **argv);
int model_bench(int argc, char **argv);
int model_calibrate(int argc, char **argv);

#endif
