/* RoIAlign: means and the map's gradient against the oracle; boxes that must be refused. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model/roi_align.h"
#include "oracle.h"

static void check_bins(const GaclipSafetensors *file, int bins)
{
    char name[32];
    size_t map_count, count;
    float *map = oracle_floats(file, "map", &map_count),
          *boxes = oracle_floats(file, "boxes", &count);
    float *upstream = oracle_floats(file, "upstream", NULL);
    int32_t *images = oracle_integers(file, "box_image", NULL);
    int h = oracle_dimension(file, "map", 1), w = oracle_dimension(file, "map", 2);
    int channels = oracle_dimension(file, "map", 3), boxes_count = (int)count / 4;
    float *mean = malloc((size_t)(boxes_count * channels) * sizeof *mean);
    float *grad = calloc(map_count, sizeof *grad);
    for (int k = 0; k < boxes_count; k++) {
        const GaclipBox *box = (const GaclipBox *)(const void *)(boxes + 4 * k);
        int offset = images[k] * h * w * channels;
        GaclipError err = {0};
        expect_ok(gaclip__roi_align_forward(mean + k * channels, map + offset, h, w, channels, box,
                                            bins, &err),
                  &err);
        gaclip__roi_align_backward(grad + offset, upstream + k * channels, h, w, channels, box,
                                   bins);
    }
    snprintf(name, sizeof name, "mean_%d", bins);
    expect_tensor(file, name, mean, (size_t)(boxes_count * channels), FORWARD_TOLERANCE);
    snprintf(name, sizeof name, "grad_map_%d", bins);
    expect_tensor(file, name, grad, map_count, GRADIENT_TOLERANCE);
    free(map);
    free(boxes);
    free(upstream);
    free(images);
    free(mean);
    free(grad);
}

static void test_oracle(void **state)
{
    (void)state;
    GaclipSafetensors *file = oracle_open("roi.safetensors");
    check_bins(file, 7);
    check_bins(file, 1);
    gaclip__safetensors_close(file);
}

static void test_bad_boxes(void **state)
{
    static const GaclipBox BAD[] = {{0.5f, 0.5f, 0.5f, 0.9f}, {0.1f, 0.9f, 0.4f, 0.9f},
                                    {0.6f, 0.1f, 0.4f, 0.3f}, {NAN, 0, 1, 1},
                                    {0, 0, INFINITY, 1},      {-1e30f, -1e30f, 1e30f, 1e30f}};
    float map[4 * 4 * 2] = {0}, out[2];
    (void)state;
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        GaclipError err = {0};
        assert_int_equal(gaclip__roi_align_forward(out, map, 4, 4, 2, &BAD[i], 7, &err),
                         GACLIP_ERROR_ARGUMENT);
        assert_true(strlen(err.message) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_oracle),
                                       cmocka_unit_test(test_bad_boxes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
