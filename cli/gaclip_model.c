/* gaclip-model: what a model file holds, what it costs, and model files from others' weights. */
#include "command.h"
#include "model_verbs.h"

static int run(int argc, char **argv)
{
    static const CommandVerb VERBS[] = {
        {"info", "describe a model file", model_info},
        {"convert", "one self-describing model file from weights of any kind", model_convert},
        {"bench", "parameters, operations, time and memory of a model", model_bench},
        {"calibrate", "make scores say how many detections are right", model_calibrate}};
    return command_run_verb("gaclip-model", VERBS, 4, argc, argv);
}

int main(int argc, char **argv)
{
    return command_main("gaclip-model", run, argc, argv);
}
