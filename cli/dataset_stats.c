/* gaclip-dataset stats: what a dataset holds, by source, split and class. */
#include <cjson/cJSON.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "dataset_input.h"
#include "dataset_verbs.h"
#include "print_json.h"

/* Sums over the images of one source and split, or over all. */
typedef struct Tally {
    const char *source, *split;
    int images, captions, detailed, regions, described, negatives;
} Tally;

typedef struct ClassTally {
    int boxes, images, last_image;
    double area; /* sum of shares of the image */
} ClassTally;

typedef struct Stats {
    Tally *tallies; /* (count) */
    int count;
    ClassTally *classes; /* (class_count) */
    Tally total;
} Stats;

static void add_image(Tally *tally, const GaclipDatasetImage *image)
{
    tally->images++;
    tally->captions += image->caption_count;
    tally->detailed += image->detailed != NULL;
    tally->regions += image->region_count;
    for (int i = 0; i < image->region_count; i++) {
        tally->described += image->regions[i].description != NULL;
        tally->negatives += image->regions[i].negative_count;
    }
}

static Tally *find_tally(Stats *stats, const char *source, const char *split, GaclipError *err)
{
    for (int i = 0; i < stats->count; i++)
        if (!strcmp(stats->tallies[i].source, source) && !strcmp(stats->tallies[i].split, split))
            return &stats->tallies[i];
    Tally *tallies = realloc(stats->tallies, ((size_t)stats->count + 1) * sizeof *tallies);
    if (!tallies) {
        gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
        return NULL;
    }
    stats->tallies = tallies;
    tallies[stats->count] = (Tally){.source = source, .split = split};
    return &tallies[stats->count++];
}

static void add_classes(Stats *stats, const GaclipDatasetImage *image, int index)
{
    for (int i = 0; i < image->region_count; i++) {
        const GaclipDatasetRegion *r = &image->regions[i];
        if (r->class_index < 0) continue;
        ClassTally *c = &stats->classes[r->class_index];
        c->boxes++;
        c->area += (r->box[2] - r->box[0]) * (r->box[3] - r->box[1]);
        c->images += c->last_image != index + 1;
        c->last_image = index + 1;
    }
}

static int count_all(Stats *stats, const GaclipDataset *dataset, GaclipError *err)
{
    size_t classes = (size_t)gaclip_dataset_class_count(dataset);
    stats->classes = calloc(classes + 1, sizeof *stats->classes);
    if (!stats->classes) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    for (int i = 0; i < gaclip_dataset_image_count(dataset); i++) {
        const GaclipDatasetImage *image = gaclip_dataset_image_at(dataset, i);
        Tally *tally = find_tally(stats, image->source ? image->source : "-",
                                  image->split ? image->split : "-", err);
        if (!tally) return err->status;
        add_image(tally, image);
        add_image(&stats->total, image);
        add_classes(stats, image, i);
    }
    return GACLIP_OK;
}

static void print_tally(const Tally *t)
{
    printf("%-20s %-8s %8d %9d %9d %8d %10d %10d\n", t->source, t->split, t->images, t->captions,
           t->detailed, t->regions, t->described, t->negatives);
}

static void print_tables(const Stats *stats, const GaclipDataset *dataset)
{
    printf("%-20s %-8s %8s %9s %9s %8s %10s %10s\n", "source", "split", "images", "captions",
           "detailed", "regions", "described", "negatives");
    for (int i = 0; i < stats->count; i++) print_tally(&stats->tallies[i]);
    print_tally(&stats->total);
    printf("\n%-28s %8s %8s %12s\n", "class", "boxes", "images", "mean side %");
    for (int i = 0; i < gaclip_dataset_class_count(dataset); i++) {
        const ClassTally *c = &stats->classes[i];
        double side = c->boxes ? 100 * sqrt(c->area / c->boxes) : 0;
        printf("%-28s %8d %8d %12.1f\n", gaclip_dataset_class_at(dataset, i)->name, c->boxes,
               c->images, side);
    }
}

static cJSON *describe_tally(const Tally *t)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "source", t->source);
    cJSON_AddStringToObject(object, "split", t->split);
    cJSON_AddNumberToObject(object, "images", t->images);
    cJSON_AddNumberToObject(object, "captions", t->captions);
    cJSON_AddNumberToObject(object, "detailed_captions", t->detailed);
    cJSON_AddNumberToObject(object, "regions", t->regions);
    cJSON_AddNumberToObject(object, "described", t->described);
    cJSON_AddNumberToObject(object, "hard_negatives", t->negatives);
    return object;
}

static int print_report(const Stats *stats, const GaclipDataset *dataset, GaclipError *err)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddItemToObject(root, "total", describe_tally(&stats->total));
    cJSON *parts = cJSON_AddArrayToObject(root, "parts");
    for (int i = 0; i < stats->count; i++)
        cJSON_AddItemToArray(parts, describe_tally(&stats->tallies[i]));
    cJSON *classes = cJSON_AddArrayToObject(root, "classes");
    for (int i = 0; i < gaclip_dataset_class_count(dataset); i++) {
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "name", gaclip_dataset_class_at(dataset, i)->name);
        cJSON_AddNumberToObject(object, "boxes", stats->classes[i].boxes);
        cJSON_AddNumberToObject(object, "images", stats->classes[i].images);
        cJSON_AddItemToArray(classes, object);
    }
    return print_json(root, err);
}

static int print_stats(const char *const *paths, int count, const char *format, int json,
                       GaclipError *err)
{
    GaclipDatasetReadOptions options;
    GaclipDataset *dataset;
    Stats stats = {.total = {.source = "all", .split = "all"}};
    gaclip_dataset_read_options_init(&options);
    int status = dataset_format(&options.format, format, err);
    if (!status) status = dataset_read_all(&dataset, paths, count, &options, err);
    if (status) return status;
    status = count_all(&stats, dataset, err);
    if (!status && json)
        status = print_report(&stats, dataset, err);
    else if (!status)
        print_tables(&stats, dataset);
    free(stats.tallies);
    free(stats.classes);
    gaclip_dataset_free(dataset);
    return status;
}

int dataset_stats(int argc, char **argv)
{
    const char *format = NULL;
    int json = 0;
    /* clang-format off */
    const Option options[] = {
        {.name = "input-format", .classic = "if", .type = OPTION_TEXT, .value = &format, .meta = "NAME",
         .help = DATASET_FORMAT_HELP},
        {.name = "json", .type = OPTION_FLAG, .value = &json, .help = "print JSON"},
    };
    const Command command = {
        .name = "gaclip-dataset stats",
        .usage = "DATASET...",
        .summary = "count what a dataset holds",
        .description = "Prints images, captions, regions, descriptions and hard negatives of every "
                       "source and split, and the boxes of every class with the mean side as a "
                       "share of the image.",
        .examples = "  gaclip-dataset stats regions.json\n",
        .options = options,
        .option_count = (int)(sizeof options / sizeof options[0]),
        .min_operands = 1,
        .max_operands = 64,
    };
    /* clang-format on */
    GaclipError err = {0};
    const char *operands[64];
    int exit_code, count;
    if (command_parse(&exit_code, &command, argc, argv, operands, &count) &&
        print_stats(operands, count, format, json, &err) != GACLIP_OK)
        exit_code = command_fail(&command, &err);
    options_clear(&command);
    return exit_code;
}
