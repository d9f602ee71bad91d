/* gaclip-heatmap: how much each place of a scene looks like each class. */
#include <cjson/cJSON.h>
#include <cpl_conv.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "classes.h"
#include "command.h"
#include "files.h"
#include "gaclip/heatmap.h"
#include "print_json.h"
#include "progress.h"
#include "view_arguments.h"

typedef struct HeatmapArguments {
    TextList classes, creation_options;
    NumberList bbox;
    const char *classes_file, *output, *format, *type, *measure;
    int overwrite, json, quiet;
    ViewArguments view;
} HeatmapArguments;

static int make_request(GaclipRequest *out, HeatmapArguments *a, const char *scene,
                        GaclipError *err)
{
    int status = classes_gather(&a->classes, a->classes_file, err);
    if (status != GACLIP_OK) {
        gaclip_request_init(out);
        return status;
    }
    status = view_arguments_request(out, scene, &a->classes, &a->view, err);
    if (status == GACLIP_OK) status = view_arguments_set(out, "type", a->type, err);
    if (status == GACLIP_OK) status = view_arguments_set(out, "measure", a->measure, err);
    return status;
}

static int on_block(int done, int total, void *payload)
{
    return progress_update(payload, done, total, NULL);
}

static void print_summary(const HeatmapArguments *a, const char *scene, const char *output,
                          const GaclipHeatmapSummary *summary)
{
    printf("%s: %d x %d pixels in %s; highest: ", scene, summary->width, summary->height, output);
    for (int i = 0; i < summary->bands; i++)
        printf("%s%s %.2f", i > 0 ? ", " : "", a->classes.items[i], summary->highest[i]);
    printf("; %d windows\n", summary->windows);
}

static int print_report(const HeatmapArguments *a, const char *scene, const char *output,
                        const GaclipHeatmapSummary *summary, GaclipError *err)
{
    cJSON *root = cJSON_CreateObject(), *highest;
    cJSON_AddStringToObject(root, "scene", scene);
    cJSON_AddStringToObject(root, "output", output);
    cJSON_AddNumberToObject(root, "width", summary->width);
    cJSON_AddNumberToObject(root, "height", summary->height);
    cJSON_AddNumberToObject(root, "windows", summary->windows);
    highest = cJSON_AddObjectToObject(root, "highest");
    for (int i = 0; i < summary->bands; i++) {
        if (isnan(summary->highest[i]))
            cJSON_AddNullToObject(highest, a->classes.items[i]);
        else
            cJSON_AddNumberToObject(highest, a->classes.items[i], summary->highest[i]);
    }
    return print_json(root, err);
}

static int write_heatmap(HeatmapArguments *a, const char *scene, const char *line, GaclipError *err)
{
    char *name = NULL;
    GaclipRequest request;
    GaclipHeatmapSummary summary = {0};
    Progress progress;
    int status = make_request(&request, a, scene, err);
    if (status == GACLIP_OK && a->output == NULL)
        status = file_default_output(&name, scene, "_heatmap.tif", err);
    const char *const inputs[] = {scene, a->view.model, a->classes_file};
    if (status == GACLIP_OK)
        status = file_check_inputs(a->output != NULL ? a->output : name, inputs,
                                   sizeof inputs / sizeof *inputs, err);
    if (status != GACLIP_OK) {
        free(name);
        gaclip_request_clear(&request);
        return status;
    }
    GaclipHeatmapOptions options = {.output = a->output != NULL ? a->output : name,
                                    .format = a->format,
                                    .creation_options =
                                        (const char *const *)a->creation_options.items,
                                    .bbox = a->bbox.count > 0 ? a->bbox.items : NULL,
                                    .overwrite = a->overwrite,
                                    .command = line};
    progress_begin(&progress, "blocks", a->quiet);
    status = gaclip_heatmap(&summary, &request, &options, on_block, &progress, err);
    progress_end(&progress);
    if (status == GACLIP_OK && a->json)
        status = print_report(a, scene, options.output, &summary, err);
    else if (status == GACLIP_OK && !a->quiet)
        print_summary(a, scene, options.output, &summary);
    free(summary.highest);
    free(name);
    return status;
}

static int heatmap(int argc, char **argv)
{
    HeatmapArguments a = {0};
    /* clang-format off */
    const Option options[] = {
        {.name = "classes", .letter = 'c', .type = OPTION_LIST, .value = &a.classes,
         .meta = "NAME[,NAME...]", .help = "what to look for, in words"},
        {.name = "classes-file", .type = OPTION_TEXT, .value = &a.classes_file, .meta = "FILE",
         .help = "further classes, one a line; # begins a comment"},
        {.name = "output", .letter = 'o', .type = OPTION_TEXT, .value = &a.output, .meta = "FILE",
         .help = "raster to write (default: <scene>_heatmap.tif in the working folder)"},
        {.name = "of", .letter = 'f', .classic = "of", .type = OPTION_TEXT, .value = &a.format,
         .meta = "FORMAT", .help = "GTiff or COG (default GTiff)"},
        {.name = "co", .classic = "co", .type = OPTION_PAIRS, .value = &a.creation_options,
         .meta = "NAME=VALUE", .help = "creation option of that driver"},
        {.name = "ot", .classic = "ot", .type = OPTION_TEXT, .value = &a.type, .meta = "TYPE",
         .help = "Byte, with colours where it is one class, or Float32 (default Byte)"},
        {.name = "measure", .type = OPTION_TEXT, .value = &a.measure, .meta = "MEASURE",
         .help = "probability: the class against background and the other classes; similarity: "
                 "the cosine alone (default probability)"},
        {.name = "bbox", .classic = "te", .type = OPTION_NUMBERS, .value = &a.bbox, .count = 4,
         .meta = "XMIN,YMIN,XMAX,YMAX", .help = "write only these pixels, in the raster's CRS"},
        {.name = "overwrite", .classic = "overwrite", .type = OPTION_FLAG, .value = &a.overwrite,
         .help = "replace an existing output"},
        VIEW_OPTIONS(a.view),
        {.name = "json", .type = OPTION_FLAG, .value = &a.json,
         .help = "print the summary as JSON"},
        {.name = "quiet", .letter = 'q', .type = OPTION_FLAG, .value = &a.quiet,
         .help = "print neither progress nor summary"},
    };
    const Command command = {
        .name = "gaclip-heatmap",
        .usage = "SCENE --classes NAME[,NAME...]",
        .summary = "map how much each place of a raster looks like what was named",
        .description = "Writes one band a class, on the pixels of SCENE (any raster that GDAL "
                       "opens), as a tiled GeoTIFF. Value times the band's scale plus its offset "
                       "is the measure.",
        .examples = "  gaclip-heatmap scene.tif --classes windmill --model wind.safetensors\n"
                    "  gaclip-heatmap mosaic.vrt -c forest,meadow -ot Float32 --measure similarity "
                    "-of COG -o found.tif\n",
        .options = options,
        .option_count = (int)(sizeof options / sizeof options[0]),
        .min_operands = 1,
        .max_operands = 1,
    };
    /* clang-format on */
    GaclipError err = {0};
    int exit_code, count;
    const char *scene = NULL;
    char *line = command_line(&command, argc, argv);
    if (line == NULL) {
        gaclip_error_set(&err, GACLIP_ERROR_MEMORY, "out of memory");
        exit_code = command_fail(&command, &err);
    } else if (command_parse(&exit_code, &command, argc, argv, &scene, &count)) {
        if (write_heatmap(&a, scene, line, &err) != GACLIP_OK)
            exit_code = command_fail(&command, &err);
    }
    options_clear(&command);
    free(line);
    return exit_code;
}

int main(int argc, char **argv)
{
    return command_main("gaclip-heatmap", heatmap, argc, argv);
}
