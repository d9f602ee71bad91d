/* gaclip-dataset check: findings on standard output, one a line. */
#include <cjson/cJSON.h>
#include <stdio.h>

#include "command.h"
#include "dataset_input.h"
#include "dataset_verbs.h"
#include "gaclip/dataset_tools.h"
#include "print_json.h"
#include "progress.h"

typedef struct CheckRun {
    const char *format;
    int json, quiet;
    cJSON *findings;
    Progress progress;
} CheckRun;

static void print_finding(const char *place, const char *path, const char *what, void *payload)
{
    CheckRun *run = payload;
    if (!run->json) {
        printf("%s: %s: %s\n", *path ? path : "classes", place, what);
        return;
    }
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "place", place);
    cJSON_AddStringToObject(object, "path", path);
    cJSON_AddStringToObject(object, "finding", what);
    cJSON_AddItemToArray(run->findings, object);
}

static int show_progress(int done, int total, void *payload)
{
    CheckRun *run = payload;
    return progress_update(&run->progress, done, total, NULL);
}

static int print_summary(CheckRun *run, int images, int dropped, int problems, GaclipError *err)
{
    if (!run->json) {
        printf("%d images, %d findings, %d boxes outside their images left out\n", images, problems,
               dropped);
        return GACLIP_OK;
    }
    cJSON *root = cJSON_CreateObject();
    cJSON_AddNumberToObject(root, "images", images);
    cJSON_AddNumberToObject(root, "dropped_boxes", dropped);
    cJSON_AddItemToObject(root, "findings", run->findings);
    run->findings = NULL;
    return print_json(root, err);
}

static int check(int *problems, CheckRun *run, const char *const *paths, int count,
                 GaclipError *err)
{
    GaclipDatasetReadOptions options;
    GaclipDatasetEvents events = {print_finding, show_progress, run};
    GaclipDataset *dataset;
    gaclip_dataset_read_options_init(&options);
    int status = dataset_format(&options.format, run->format, err);
    if (!status) status = dataset_read_all(&dataset, paths, count, &options, err);
    if (status) return status;
    run->findings = cJSON_CreateArray();
    progress_begin(&run->progress, "images", run->quiet);
    status = gaclip_dataset_check(problems, dataset, &events, err);
    progress_end(&run->progress);
    if (!status)
        status = print_summary(run, gaclip_dataset_image_count(dataset),
                               gaclip_dataset_dropped_count(dataset), *problems, err);
    cJSON_Delete(run->findings);
    gaclip_dataset_free(dataset);
    return status;
}

int dataset_check(int argc, char **argv)
{
    CheckRun run = {0};
    /* clang-format off */
    const Option options[] = {
        {.name = "input-format", .classic = "if", .type = OPTION_TEXT, .value = &run.format, .meta = "NAME",
         .help = DATASET_FORMAT_HELP},
        {.name = "json", .type = OPTION_FLAG, .value = &run.json, .help = "print JSON"},
        {.name = "quiet", .letter = 'q', .classic = "quiet", .type = OPTION_FLAG,
         .value = &run.quiet, .help = "no progress"},
    };
    const Command command = {
        .name = "gaclip-dataset check",
        .usage = "DATASET...",
        .summary = "look for what is wrong in a dataset",
        .description = "Reads every image and prints one line a finding: files that cannot be "
                       "read or are of another size, images that are there twice (MD5 of their "
                       "pixels), repeated boxes, classes that share a name, hard negatives that "
                       "equal the truth, and generated texts that do not say what the boxes and "
                       "pixels say. A file that is no dataset is an error. The exit status is 1 "
                       "when there are findings.",
        .examples = "  gaclip-dataset check regions.json\n",
        .options = options,
        .option_count = (int)(sizeof options / sizeof options[0]),
        .min_operands = 1,
        .max_operands = 64,
    };
    /* clang-format on */
    GaclipError err = {0};
    const char *operands[64];
    int exit_code, count, problems = 0;
    if (command_parse(&exit_code, &command, argc, argv, operands, &count)) {
        if (check(&problems, &run, operands, count, &err) != GACLIP_OK)
            exit_code = command_fail(&command, &err);
        else if (problems > 0)
            exit_code = EXIT_FAILED;
    }
    options_clear(&command);
    return exit_code;
}
