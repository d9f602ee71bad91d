/* gaclip-dataset leakage: test images and texts that a model may have seen in training. */
#include "dataset_leakage.h"

#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "dataset_input.h"
#include "dataset_verbs.h"
#include "files.h"

const GaclipDatasetImage *leakage_train_image(const LeakageReport *report, int index)
{
    return gaclip_dataset_image_at(report->train, index);
}

const GaclipDatasetImage *leakage_test_image(const LeakageReport *report, int index)
{
    return gaclip_dataset_image_at(report->other != NULL ? report->other : report->train, index);
}

static int show_progress(int done, int total, void *payload)
{
    LeakageReport *report = payload;
    return progress_update(&report->progress, done, total, NULL);
}

/* In one file two splits are compared; two files as a whole. */
static void set_sides(GaclipLeakageSide *train, GaclipLeakageSide *test,
                      const LeakageReport *report)
{
    const LeakageRequest *r = report->request;
    *train = (GaclipLeakageSide){report->train, r->train_split};
    *test = (GaclipLeakageSide){report->other, r->test_split};
    if (report->other != NULL) return;
    test->dataset = report->train;
    if (train->split == NULL) train->split = "train";
    if (test->split == NULL) test->split = "test";
}

static int read_datasets(LeakageReport *report, GaclipError *err)
{
    const LeakageRequest *r = report->request;
    GaclipDatasetReadOptions options;
    gaclip_dataset_read_options_init(&options);
    int status = dataset_format(&options.format, r->format, err);
    if (!status) status = dataset_read_all(&report->train, &r->train, 1, &options, err);
    if (!status && r->test != NULL)
        status = dataset_read_all(&report->other, &r->test, 1, &options, err);
    return status;
}

static int compare(LeakageReport *report, GaclipLeakageOptions *options, GaclipError *err)
{
    const LeakageRequest *r = report->request;
    GaclipDatasetEvents events = {NULL, show_progress, report};
    GaclipLeakageSide train, test;
    int status = gaclip_compute_new(&options->compute, r->threads, GACLIP_BACKEND_AUTO, err);
    if (!status && r->model != NULL)
        status = gaclip_model_open(&options->model, r->model, options->compute, err);
    if (!status) {
        set_sides(&train, &test, report);
        progress_begin(&report->progress, "images", r->quiet);
        status = gaclip_dataset_leakage(&report->leakage, &train, &test, options, &events, err);
        progress_end(&report->progress);
    }
    gaclip_model_close(options->model);
    gaclip_compute_free(options->compute);
    return status;
}

static int find_leaks(int *leaks, const LeakageRequest *r, GaclipError *err)
{
    LeakageReport report = {.request = r};
    GaclipLeakageOptions options = r->options;
    int status = r->html != NULL ? file_check_output(r->html, r->overwrite, err) : GACLIP_OK;
    if (!status) status = read_datasets(&report, err);
    if (!status) status = compare(&report, &options, err);
    if (!status) status = leakage_order(&report, err);
    if (!status && r->html != NULL) status = leakage_write_page(&report, err);
    if (!status && r->json) status = leakage_print_json(&report, err);
    if (!status && !r->json) leakage_print(&report);
    *leaks = report.leakage.image_count + report.leakage.text_count;
    gaclip_leakage_clear(&report.leakage);
    free(report.image_order);
    free(report.text_order);
    gaclip_dataset_free(report.other);
    gaclip_dataset_free(report.train);
    return status;
}

int dataset_leakage(int argc, char **argv)
{
    LeakageRequest r = {.list = 50};
    gaclip_leakage_options_init(&r.options);
    GaclipLeakageOptions *o = &r.options;
    /* clang-format off */
    const Option options[] = {
        {.name = "train-split", .type = OPTION_TEXT, .value = &r.train_split, .meta = "NAME",
         .help = "training images (default: train in a lone dataset, else all of TRAIN)"},
        {.name = "test-split", .type = OPTION_TEXT, .value = &r.test_split, .meta = "NAME",
         .help = "test images (default: test in a lone dataset, else all of TEST)"},
        {.name = "model", .letter = 'm', .type = OPTION_TEXT, .value = &r.model, .meta = "FILE",
         .help = "also compare meanings: cosines of this model's embeddings (default: do not)"},
        {.name = "structural", .type = OPTION_NUMBER, .value = &o->structural, .meta = "SCORE",
         .minimum = 0.1, .maximum = 1, .help = "structural similarity from which images are listed"},
        {.name = "overlap", .type = OPTION_NUMBER, .value = &o->overlap, .meta = "SHARE",
         .minimum = 0.1, .maximum = 1,
         .help = "of its area that one of two images must share with the other"},
        {.name = "lexical", .type = OPTION_NUMBER, .value = &o->lexical, .meta = "SCORE",
         .minimum = 0.01, .maximum = 1,
         .help = "Jaccard similarity of their n-grams from which texts are listed"},
        {.name = "ngram", .type = OPTION_INTEGER, .value = &o->ngram, .meta = "N",
         .minimum = 1, .maximum = 16, .help = "words of an n-gram"},
        {.name = "image-cosine", .type = OPTION_NUMBER, .value = &o->image_cosine, .meta = "COSINE",
         .minimum = 0, .maximum = 1, .help = "with a model: cosine from which images are listed"},
        {.name = "text-cosine", .type = OPTION_NUMBER, .value = &o->text_cosine, .meta = "COSINE",
         .minimum = 0, .maximum = 1, .help = "with a model: cosine from which texts are listed"},
        {.name = "list", .type = OPTION_INTEGER, .value = &r.list, .meta = "N",
         .minimum = 0, .maximum = 100000,
         .help = "pairs of images, and of texts, that are printed and shown on the page, most "
                 "alike first"},
        {.name = "json", .type = OPTION_FLAG, .value = &r.json,
         .help = "print all pairs and every test item's similarity as JSON"},
        {.name = "html", .type = OPTION_TEXT, .value = &r.html, .meta = "FILE",
         .help = "write a page with the densities and the pairs as pictures"},
        {.name = "fail", .type = OPTION_FLAG, .value = &r.fail,
         .help = "exit status 1 when any pair is found"},
        {.name = "input-format", .classic = "if", .type = OPTION_TEXT, .value = &r.format, .meta = "NAME",
         .help = DATASET_FORMAT_HELP},
        {.name = "threads", .letter = 'j', .type = OPTION_INTEGER, .value = &r.threads, .meta = "N",
         .minimum = 1, .maximum = 1024, .help = "threads (default: all processors)"},
        {.name = "overwrite", .classic = "overwrite", .type = OPTION_FLAG, .value = &r.overwrite,
         .help = "replace an existing page"},
        {.name = "quiet", .letter = 'q', .classic = "quiet", .type = OPTION_FLAG,
         .value = &r.quiet, .help = "no progress"},
    };
    const Command command = {
        .name = "gaclip-dataset leakage",
        .usage = "TRAIN [TEST]",
        .summary = "find test images and texts that are in the training data",
        .description = "Compares every test image with every training image: MD5 of the files and "
                       "of the pixels; and structure, which also finds re-encoded and resized "
                       "copies, flipped or turned by quarters, parts of an image from 70 % of "
                       "its side on and most of those from half its side on. Compares every distinct caption and description with those "
                       "of the training images by the n-grams of words that they share. With a "
                       "model, also by the cosines of embeddings. Pairs above the thresholds are "
                       "listed with their reason. TEST is a dataset of its own, or another split "
                       "of TRAIN. The exit status is 0 whether or not pairs are found, unless "
                       "--fail is given.",
        .examples = "  gaclip-dataset leakage dataset_rsicd.json --test-split val --html leaks.html\n"
                    "  gaclip-dataset leakage train.json dior_test/ -m a.safetensors --fail\n",
        .options = options,
        .option_count = (int)(sizeof options / sizeof options[0]),
        .min_operands = 1,
        .max_operands = 2,
    };
    /* clang-format on */
    GaclipError err = {0};
    const char *operands[2];
    int exit_code, count, leaks = 0;
    if (command_parse(&exit_code, &command, argc, argv, operands, &count)) {
        r.train = operands[0];
        r.test = count == 2 ? operands[1] : NULL;
        if (find_leaks(&leaks, &r, &err) != GACLIP_OK)
            exit_code = command_fail(&command, &err);
        else if (r.fail && leaks > 0)
            exit_code = EXIT_FAILED;
    }
    options_clear(&command);
    return exit_code;
}
