/* gaclip-dataset: from annotations of any kind to the dataset that models are trained on. */
#include "command.h"
#include "dataset_verbs.h"

static int run(int argc, char **argv)
{
    static const CommandVerb VERBS[] = {
        {"build", "one dataset file from COCO, VOC, YOLO, DOTA, captions, folders or a scene",
         dataset_build},
        {"check", "what is wrong in a dataset", dataset_check},
        {"leakage", "test images and texts that are in the training data", dataset_leakage},
        {"review", "a page on which people judge a sample, and what they found", dataset_review},
        {"stats", "what a dataset holds", dataset_stats}};
    return command_run_verb("gaclip-dataset", VERBS, (int)(sizeof VERBS / sizeof *VERBS), argc,
                            argv);
}

int main(int argc, char **argv)
{
    return command_main("gaclip-dataset", run, argc, argv);
}
