/* gaclip-align: regions of a scene against phrases. */
#include <cjson/cJSON.h>
#include <cpl_conv.h>
#include <stdio.h>
#include <stdlib.h>

#include "classes.h"
#include "command.h"
#include "files.h"
#include "gaclip/scene_align.h"
#include "print_json.h"
#include "progress.h"
#include "view_arguments.h"

typedef struct AlignArguments {
    TextList phrases, layer_options;
    const char *phrases_file, *layer, *phrase_field, *negatives_field;
    const char *output, *format, *dst_crs;
    int overwrite, json, quiet;
    ViewArguments view;
} AlignArguments;

static int set_regions(GaclipRequest *request, const AlignArguments *a, const char *regions,
                       GaclipError *err)
{
    const char *const keys[][2] = {{"regions", regions},
                                   {"region_layer", a->layer},
                                   {"phrase_field", a->phrase_field},
                                   {"negatives_field", a->negatives_field}};
    int status = GACLIP_OK;
    for (size_t i = 0; i < sizeof keys / sizeof *keys && status == GACLIP_OK; i++)
        status = view_arguments_set(request, keys[i][0], keys[i][1], err);
    return status;
}

static int make_request(GaclipRequest *out, AlignArguments *a, const char **operands,
                        GaclipError *err)
{
    int status = GACLIP_OK;
    gaclip_request_init(out);
    if (a->phrases.count > 0 || a->phrases_file != NULL)
        status = classes_gather(&a->phrases, a->phrases_file, err);
    else if (a->phrase_field == NULL)
        status = gaclip_error_set(err, GACLIP_ERROR_EMPTY,
                                  "no phrases; give --phrases, or --phrase-field for those of the "
                                  "regions themselves");
    if (status == GACLIP_OK)
        status = view_arguments_request(out, operands[0], &a->phrases, &a->view, err);
    return status == GACLIP_OK ? set_regions(out, a, operands[1], err) : status;
}

static int on_region(int done, int total, void *payload)
{
    return progress_update(payload, done, total, NULL);
}

static void print_summary(const char *regions, const char *output, const GaclipSceneAlignSummary *s)
{
    printf("%s: %d regions in %s", regions, s->regions, output);
    if (s->dropped > 0) printf(", %d outside the raster left out", s->dropped);
    if (s->with_phrase > 0)
        printf("; own phrase first for %d of %d (%.1f %%)", s->first, s->with_phrase,
               100.0 * s->first / s->with_phrase);
    printf("; mean consistency %.3f\n", s->mean_consistency);
}

static int print_report(const char **operands, const char *output, const GaclipSceneAlignSummary *s,
                        GaclipError *err)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "scene", operands[0]);
    cJSON_AddStringToObject(root, "regions", operands[1]);
    cJSON_AddStringToObject(root, "output", output);
    cJSON_AddNumberToObject(root, "written", s->regions);
    cJSON_AddNumberToObject(root, "dropped", s->dropped);
    cJSON_AddNumberToObject(root, "with_phrase", s->with_phrase);
    cJSON_AddNumberToObject(root, "first", s->first);
    cJSON_AddNumberToObject(root, "mean_consistency", s->mean_consistency);
    return print_json(root, err);
}

static int align_regions(AlignArguments *a, const char **operands, const char *line,
                         GaclipError *err)
{
    char *name = NULL;
    GaclipRequest request;
    GaclipSceneAlignSummary summary = {0};
    Progress progress;
    int status = make_request(&request, a, operands, err);
    if (status == GACLIP_OK && a->output == NULL)
        status = file_default_output(&name, operands[1], "_alignments.gpkg", err);
    const char *const inputs[] = {operands[0], operands[1], a->view.model, a->phrases_file};
    if (status == GACLIP_OK)
        status = file_check_inputs(a->output != NULL ? a->output : name, inputs,
                                   sizeof inputs / sizeof *inputs, err);
    if (status != GACLIP_OK) {
        free(name);
        gaclip_request_clear(&request);
        return status;
    }
    GaclipSceneAlignOptions options = {.output = a->output != NULL ? a->output : name,
                                       .format = a->format,
                                       .dst_crs = a->dst_crs,
                                       .layer_options = (const char *const *)a->layer_options.items,
                                       .overwrite = a->overwrite,
                                       .command = line};
    progress_begin(&progress, "regions", a->quiet);
    status = gaclip_scene_align(&summary, &request, &options, on_region, &progress, err);
    progress_end(&progress);
    if (status == GACLIP_OK && a->json)
        status = print_report(operands, options.output, &summary, err);
    else if (status == GACLIP_OK && !a->quiet)
        print_summary(operands[1], options.output, &summary);
    free(name);
    return status;
}

static int align(int argc, char **argv)
{
    AlignArguments a = {0};
    /* clang-format off */
    const Option options[] = {
        {.name = "phrases", .letter = 'p', .type = OPTION_LIST, .value = &a.phrases,
         .meta = "TEXT[,TEXT...]", .help = "phrases that every region is compared with"},
        {.name = "phrases-file", .type = OPTION_TEXT, .value = &a.phrases_file, .meta = "FILE",
         .help = "further phrases, one a line; # begins a comment"},
        {.name = "phrase-field", .type = OPTION_TEXT, .value = &a.phrase_field, .meta = "FIELD",
         .help = "field of the regions with the own phrase of each, whose rank is told; the "
                 "phrases of all regions are compared with each"},
        {.name = "negatives-field", .type = OPTION_TEXT, .value = &a.negatives_field,
         .meta = "FIELD",
         .help = "field of the regions with hard negatives, a list or separated by ';'"},
        {.name = "layer", .letter = 'l', .type = OPTION_TEXT, .value = &a.layer, .meta = "NAME",
         .help = "layer of the regions (default: the first with geometries)"},
        {.name = "output", .letter = 'o', .type = OPTION_TEXT, .value = &a.output, .meta = "FILE",
         .help = "vector layer to write (default: <regions>_alignments.gpkg in the working "
                 "folder)"},
        {.name = "of", .letter = 'f', .classic = "of", .type = OPTION_TEXT, .value = &a.format,
         .meta = "FORMAT", .help = "OGR driver of the output (default: by its extension)"},
        {.name = "lco", .classic = "lco", .type = OPTION_PAIRS, .value = &a.layer_options,
         .meta = "NAME=VALUE", .help = "layer creation option of that driver"},
        {.name = "dst-crs", .classic = "t_srs", .type = OPTION_TEXT, .value = &a.dst_crs,
         .meta = "CRS",
         .help = "CRS of the output (default: the raster's; GeoJSON is in WGS 84, as RFC 7946 has "
                 "it, unless this asks for another)"},
        {.name = "overwrite", .classic = "overwrite", .type = OPTION_FLAG, .value = &a.overwrite,
         .help = "replace an existing output"},
        VIEW_OPTIONS(a.view),
        {.name = "json", .type = OPTION_FLAG, .value = &a.json,
         .help = "print the summary as JSON"},
        {.name = "quiet", .letter = 'q', .type = OPTION_FLAG, .value = &a.quiet,
         .help = "print neither progress nor summary"},
    };
    const Command command = {
        .name = "gaclip-align",
        .usage = "SCENE REGIONS --phrases TEXT[,TEXT...]",
        .summary = "compare the regions of a layer with phrases",
        .description = "Writes, for every feature of REGIONS (any vector source) that lies on SCENE "
                       "(any raster), its best phrases with similarity and probability, the rank of "
                       "its own phrase, and how well the region agrees with its crop; region_id is "
                       "the feature's id in REGIONS, to join its other fields by.",
        .examples = "  gaclip-align scene.tif roofs.gpkg -p 'a flat roof,a gabled roof'\n"
                    "  gaclip-align scene.tif boxes.shp --phrase-field label -o ranks.geojson\n",
        .options = options,
        .option_count = (int)(sizeof options / sizeof options[0]),
        .min_operands = 2,
        .max_operands = 2,
    };
    /* clang-format on */
    GaclipError err = {0};
    int exit_code, count;
    const char *operands[2] = {NULL, NULL};
    char *line = command_line(&command, argc, argv);
    if (line == NULL) {
        gaclip_error_set(&err, GACLIP_ERROR_MEMORY, "out of memory");
        exit_code = command_fail(&command, &err);
    } else if (command_parse(&exit_code, &command, argc, argv, operands, &count)) {
        if (align_regions(&a, operands, line, &err) != GACLIP_OK)
            exit_code = command_fail(&command, &err);
    }
    options_clear(&command);
    free(line);
    return exit_code;
}

int main(int argc, char **argv)
{
    return command_main("gaclip-align", align, argc, argv);
}
