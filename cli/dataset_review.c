/* gaclip-dataset review: a page for people to look at a sample, and what they found. */
#include <cpl_conv.h>
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "dataset_input.h"
#include "dataset_review_page.h"
#include "dataset_review_summary.h"
#include "dataset_verbs.h"
#include "files.h"

typedef struct ReviewRequest {
    const char *output, *format, *reviewer;
    GaclipReviewSampleOptions sample;
    int seed, summary, json, overwrite, quiet;
} ReviewRequest;

static int write_page(const ReviewRequest *r, const GaclipDataset *dataset, const char *path,
                      GaclipError *err)
{
    GaclipReviewItem *items;
    Progress progress;
    int count = 0;
    int status = gaclip_review_sample(&items, &count, dataset, &r->sample, err);
    if (status) return status;
    ReviewPage page = {r->output, CPLGetFilename(path), r->reviewer, dataset, items,
                       count,     &r->sample,           &progress};
    progress_begin(&progress, "items", r->quiet);
    status = review_page_write(&page, err);
    progress_end(&progress);
    free(items);
    if (!status && !r->quiet) printf("%s: %d items to review\n", r->output, count);
    return status;
}

static int make_page(ReviewRequest *r, const char *const *paths, int count, GaclipError *err)
{
    GaclipDatasetReadOptions reading;
    GaclipDataset *dataset;
    if (count != 1)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "name one dataset to review, or --summary with what was saved");
    if (!r->output) return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "name the page with -o");
    int status = file_check_output(r->output, r->overwrite, err);
    gaclip_dataset_read_options_init(&reading);
    r->sample.seed = (uint64_t)r->seed;
    if (!status) status = dataset_format(&reading.format, r->format, err);
    if (!status) status = dataset_read_all(&dataset, paths, count, &reading, err);
    if (status) return status;
    status = write_page(r, dataset, paths[0], err);
    gaclip_dataset_free(dataset);
    return status;
}

static int review(ReviewRequest *r, const char *const *paths, int count, GaclipError *err)
{
    if (!r->summary && !r->json) return make_page(r, paths, count, err);
    if (!r->summary || r->output || !count)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "--summary takes the files that reviewers saved, and --json goes "
                                "with it; neither goes with -o");
    return review_summary_print(paths, count, r->json, err);
}

int dataset_review(int argc, char **argv)
{
    ReviewRequest r = {.sample = {.count = 50}, .seed = 1};
    /* clang-format off */
    const Option options[] = {
        {.name = "output", .letter = 'o', .type = OPTION_TEXT, .value = &r.output, .meta = "FILE.html",
         .help = "the page to write"},
        {.name = "count", .type = OPTION_INTEGER, .value = &r.sample.count, .meta = "COUNT",
         .minimum = 1, .maximum = 5000, .help = "items in the sample, at most"},
        {.name = "seed", .type = OPTION_INTEGER, .value = &r.seed, .meta = "NUMBER",
         .minimum = 0, .maximum = 2147483647, .help = "of the random choice"},
        {.name = "split", .type = OPTION_TEXT, .value = &r.sample.split, .meta = "NAME",
         .help = "sample its images alone"},
        {.name = "regions", .type = OPTION_FLAG, .value = &r.sample.regions_alone,
         .help = "sample regions alone, no images that have captions but no regions"},
        {.name = "reviewer", .type = OPTION_TEXT, .value = &r.reviewer, .meta = "NAME",
         .help = "fill in the reviewer's name"},
        {.name = "input-format", .classic = "if", .type = OPTION_TEXT, .value = &r.format, .meta = "NAME",
         .help = DATASET_FORMAT_HELP},
        {.name = "summary", .type = OPTION_FLAG, .value = &r.summary,
         .help = "count what is in saved reviews, one file a reviewer"},
        {.name = "json", .type = OPTION_FLAG, .value = &r.json, .help = "print the summary as JSON"},
        {.name = "overwrite", .classic = "overwrite", .type = OPTION_FLAG, .value = &r.overwrite,
         .help = "replace an existing page"},
        {.name = "quiet", .letter = 'q', .classic = "quiet", .type = OPTION_FLAG,
         .value = &r.quiet, .help = "no progress and no summary"},
    };
    const Command command = {
        .name = "gaclip-dataset review",
        .usage = "DATASET -o PAGE.html | --summary REVIEW.json...",
        .summary = "have people look at a sample of a dataset",
        .description = "Writes one HTML page that needs nothing else: a sample with as many items "
                       "of every source and class as of the others, each with its picture, box "
                       "and texts, to be passed or failed with the kinds of errors of the paper's "
                       "table 1. The page saves the verdicts as JSON. Reviewers of the same page, "
                       "or of pages with the same seed, judge the same items. --summary prints "
                       "the rates of passed items by reviewer, source, part and kind of error, and "
                       "Cohen's kappa of every two reviewers over the items that both judged.",
        .examples = "  gaclip-dataset review regions.json -o review.html --count 200\n"
                    "  gaclip-dataset review --summary review-a.json review-b.json\n",
        .options = options,
        .option_count = (int)(sizeof options / sizeof options[0]),
        .min_operands = 0,
        .max_operands = 64,
    };
    /* clang-format on */
    GaclipError err = {0};
    const char *operands[64];
    int exit_code, count;
    if (command_parse(&exit_code, &command, argc, argv, operands, &count) &&
        review(&r, operands, count, &err) != GACLIP_OK)
        exit_code = command_fail(&command, &err);
    options_clear(&command);
    return exit_code;
}
