/* gaclip-draw-scene: a synthetic aerial scene to try gaclip on, with annotations of what it shows.
 */
#include <cpl_conv.h>
#include <gdal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scene_file.h"

static const char USAGE[] =
    "Usage: gaclip-draw-scene OUT.tif OUT.gpkg [options]\n"
    "\n"
    "Draws an aerial scene of fields, roads, water, woods and farms as a GeoTIFF, and a "
    "GeoPackage\n"
    "of boxes, whose field `class` says windmill, storage tank, swimming pool or aircraft. The "
    "same\n"
    "options give the same pixels. Existing files are replaced.\n"
    "\n"
    "Options:\n"
    "  --size W,H       pixels (default 1280,1280)\n"
    "  --gsd METRES     size of a pixel on the ground (default 1)\n"
    "  --seed N         another number, another scene (default 1)\n"
    "  --windmills N    how many there are (default: by the ground's area)\n"
    "  --tanks N        likewise\n"
    "  --pools N        likewise\n"
    "  --aircraft N     likewise\n";

static int parse_integer(int *out, const char *option, const char *text, int least, int most,
                         GaclipError *err)
{
    char *end;
    long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || value < least || value > most)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "%s %s: a whole number from %d to %d is needed", option, text,
                                least, most);
    *out = (int)value;
    return GACLIP_OK;
}

static int parse_size(SceneRequest *request, const char *text, GaclipError *err)
{
    char extra;
    int width, height;
    if (sscanf(text, "%d,%d%c", &width, &height, &extra) != 2 || width < 64 || height < 64 ||
        width > 8192 || height > 8192)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "--size %s: W,H from 64 to 8192 pixels is needed", text);
    request->width = width;
    request->height = height;
    return GACLIP_OK;
}

static int parse_gsd(SceneRequest *request, const char *text, GaclipError *err)
{
    char *end;
    double gsd = CPLStrtod(text, &end);
    if (end == text || *end != '\0' || !(gsd >= 0.1 && gsd <= 2))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "--gsd %s: metres from 0.1 to 2 are needed", text);
    request->gsd = gsd;
    return GACLIP_OK;
}

static int parse_option(SceneRequest *request, const char *option, const char *text,
                        GaclipError *err)
{
    const struct {
        const char *name;
        int *value, most;
    } integers[] = {
        {"--seed", &request->seed, 2147483647},  {"--windmills", &request->windmills, 400},
        {"--tanks", &request->tanks, 400},       {"--pools", &request->pools, 400},
        {"--aircraft", &request->aircraft, 400},
    };
    if (!strcmp(option, "--size")) return parse_size(request, text, err);
    if (!strcmp(option, "--gsd")) return parse_gsd(request, text, err);
    for (size_t i = 0; i < sizeof integers / sizeof *integers; i++)
        if (!strcmp(option, integers[i].name))
            return parse_integer(integers[i].value, option, text, 0, integers[i].most, err);
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                            "there is no option %s; see gaclip-draw-scene --help", option);
}

static int parse(SceneRequest *request, const char *files[2], int argc, char **argv,
                 GaclipError *err)
{
    int status = GACLIP_OK, count = 0;
    for (int i = 1; i < argc && !status; i++) {
        if (strncmp(argv[i], "--", 2) == 0 && i + 1 == argc)
            status = gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "%s needs a value", argv[i]);
        else if (strncmp(argv[i], "--", 2) == 0) {
            status = parse_option(request, argv[i], argv[i + 1], err);
            i++;
        } else if (count < 2)
            files[count++] = argv[i];
        else
            status = gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                      "%s: there are two files to write", argv[i]);
    }
    if (!status && count < 2)
        status = gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                  "usage: gaclip-draw-scene OUT.tif OUT.gpkg [options]");
    if (!status && !strcmp(files[0], files[1]))
        status = gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                  "%s: the scene and its annotations need two files", files[0]);
    return status;
}

static void print_counts(const Scene *scene, const char *raster)
{
    int counts[ITEM_KINDS] = {0};
    for (int i = 0; i < scene->item_count; i++) counts[scene->items[i].kind]++;
    printf("%s: %d x %d pixels of %g m;", raster, scene->request.width, scene->request.height,
           scene->request.gsd);
    const char *separator = " ";
    for (int kind = 0; kind < ITEM_KINDS; kind++) {
        if (item_class((ItemKind)kind) == NULL) continue;
        printf("%s%s: %d", separator, item_class((ItemKind)kind), counts[kind]);
        separator = ", ";
    }
    printf("\n");
}

static int draw(const SceneRequest *request, const char *files[2], GaclipError *err)
{
    Scene *scene;
    int status = scene_plan(&scene, request, err);
    if (status) return status;
    status = scene_write(scene, files[0], files[1], err);
    if (!status) print_counts(scene, files[0]);
    scene_free(scene);
    return status;
}

int main(int argc, char **argv)
{
    SceneRequest request = {1280,          1280,         1, 1, SCENE_AS_FITS, SCENE_AS_FITS,
                            SCENE_AS_FITS, SCENE_AS_FITS};
    const char *files[2];
    GaclipError err = {0};
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
            fputs(USAGE, stdout);
            return EXIT_SUCCESS;
        }
    GDALAllRegister();
    int status = parse(&request, files, argc, argv, &err);
    if (!status) status = draw(&request, files, &err);
    GDALDestroy();
    if (!status) return EXIT_SUCCESS;
    fprintf(stderr, "gaclip-draw-scene: FAILURE: %s\n", err.message);
    return EXIT_FAILURE;
}
