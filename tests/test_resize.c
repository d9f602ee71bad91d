/* Resizing equals PIL's bytes; normalisation; crops with masks. */
#include <math.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gaclip/image.h"
#include "oracle.h"

static void read_png(GaclipImage *image, const char *name)
{
    char path[128];
    GaclipError err = {0};
    png_image png = {.version = PNG_IMAGE_VERSION};
    snprintf(path, sizeof path, "resize/%s", name);
    assert_true(png_image_begin_read_from_file(&png, oracle_path(path)));
    png.format = PNG_FORMAT_RGB;
    expect_ok(gaclip_image_init(image, (int)png.width, (int)png.height, 0, &err), &err);
    assert_true(png_image_finish_read(&png, NULL, image->rgb, 0, NULL));
}

static int integer(const cJSON *list, int index)
{
    return cJSON_GetArrayItem(list, index)->valueint;
}

static void resize_case(GaclipImage *out, const cJSON *one)
{
    GaclipImage in;
    GaclipError err = {0};
    const cJSON *size = cJSON_GetObjectItemCaseSensitive(one, "size");
    read_png(&in, cJSON_GetObjectItemCaseSensitive(one, "input")->valuestring);
    if (size)
        expect_ok(gaclip_image_resize(out, &in, integer(size, 0), integer(size, 1), &err), &err);
    else
        expect_ok(gaclip_image_resize_crop(
                      out, &in, cJSON_GetObjectItemCaseSensitive(one, "side")->valueint, &err),
                  &err);
    gaclip_image_clear(&in);
}

static void expect_planes(const GaclipSafetensors *file, const char *name, const GaclipImage *image)
{
    static const float MEAN[] = {0.48145466f, 0.4578275f, 0.40821073f};
    static const float STD[] = {0.26862954f, 0.26130258f, 0.27577711f};
    char full[128];
    size_t count = 3 * (size_t)(image->width * image->height);
    float *planes = malloc(count * sizeof *planes);
    gaclip_image_normalise(planes, image, MEAN, STD);
    snprintf(full, sizeof full, "%s.f32", name);
    expect_tensor(file, full, planes, count, 1e-6);
    free(planes);
}

static void test_oracle(void **state)
{
    (void)state;
    GaclipSafetensors *file = oracle_open("resize/expected.safetensors");
    cJSON *cases = oracle_json("resize/cases.json");
    const cJSON *one;
    assert_true(cJSON_GetArraySize(cases) > 5);
    cJSON_ArrayForEach(one, cases)
    {
        char full[128];
        GaclipImage image;
        const char *name = cJSON_GetObjectItemCaseSensitive(one, "name")->valuestring;
        resize_case(&image, one);
        snprintf(full, sizeof full, "%s.u8", name);
        const GaclipTensor *expected = gaclip__safetensors_find(file, full);
        assert_non_null(expected);
        assert_int_equal(expected->bytes, 3 * (size_t)(image.width * image.height));
        if (memcmp(image.rgb, expected->data, expected->bytes)) fail_msg("%s differs", full);
        expect_planes(file, name, &image);
        gaclip_image_clear(&image);
    }
    cJSON_Delete(cases);
    gaclip__safetensors_close(file);
}

static void test_mask(void **state)
{
    static const float ZERO[3] = {0}, ONE[3] = {1, 1, 1};
    GaclipImage in, crop;
    GaclipError err = {0};
    float planes[3 * 4 * 4];
    (void)state;
    expect_ok(gaclip_image_init(&in, 3, 3, 0, &err), &err);
    memset(in.rgb, 255, 27);
    expect_ok(gaclip_image_crop(&crop, &in, -1, -1, 4, 4, &err), &err);
    gaclip_image_normalise(planes, &crop, ZERO, ONE);
    for (int i = 0; i < 16; i++) {
        int inside = i / 4 > 0 && i % 4 > 0;
        assert_int_equal(crop.mask[i] != 0, inside);
        assert_true(planes[i] == (inside ? 1.0f : 0.0f));
    }
    gaclip_image_clear(&crop);
    expect_ok(gaclip_image_crop(&crop, &in, 1, 1, 2, 2, &err), &err);
    assert_null(crop.mask);
    gaclip_image_clear(&crop);
    gaclip_image_clear(&in);
}

/* A mask goes along by the nearest pixel, whichever of the two passes runs. */
static void test_mask_resize(void **state)
{
    static const int SIZES[][2] = {{8, 4}, {4, 4}, {8, 2}, {4, 2}};
    GaclipImage in, out;
    GaclipError err = {0};
    (void)state;
    expect_ok(gaclip_image_init(&in, 4, 2, 1, &err), &err);
    in.mask[2] = in.mask[4] = 255; /* third of the first row, first of the second */
    for (int s = 0; s < 4; s++) {
        int width = SIZES[s][0], height = SIZES[s][1];
        expect_ok(gaclip_image_resize(&out, &in, width, height, &err), &err);
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
                assert_int_equal(out.mask[y * width + x],
                                 in.mask[y * 2 / height * 4 + x * 4 / width]);
        gaclip_image_clear(&out);
    }
    gaclip_image_clear(&in);
}

/* No-data values do not bleed into what is shown, larger or smaller. */
static void test_no_data_resize(void **state)
{
    static const int SIZES[][2] = {{24, 12}, {4, 3}, {8, 3}, {3, 6}};
    GaclipImage in, out;
    GaclipError err = {0};
    (void)state;
    expect_ok(gaclip_image_init(&in, 8, 6, 1, &err), &err);
    for (int i = 0; i < 48; i++) {
        in.mask[i] = i % 8 > i / 8 ? 255 : 0;
        for (int c = 0; c < 3; c++) in.rgb[3 * i + c] = in.mask[i] ? (uint8_t)(100 + 50 * c) : 0;
    }
    for (int s = 0; s < 4; s++) {
        int seen = 0;
        expect_ok(gaclip_image_resize(&out, &in, SIZES[s][0], SIZES[s][1], &err), &err);
        for (int i = 0; i < SIZES[s][0] * SIZES[s][1]; i++)
            for (int c = 0; c < 3 && out.mask[i]; c++, seen++)
                assert_int_equal(out.rgb[3 * i + c], 100 + 50 * c);
        assert_true(seen > 0);
        gaclip_image_clear(&out);
    }
    assert_int_equal(in.rgb[0], 0);
    gaclip_image_clear(&in);
}

static void test_bad_sizes(void **state)
{
    GaclipImage in, out;
    GaclipError err = {0};
    (void)state;
    expect_ok(gaclip_image_init(&in, 3, 3, 0, &err), &err);
    assert_int_equal(gaclip_image_resize(&out, &in, 0, 4, &err), GACLIP_ERROR_ARGUMENT);
    assert_int_equal(gaclip_image_resize(&out, &in, 4, -1, &err), GACLIP_ERROR_ARGUMENT);
    assert_int_equal(gaclip_image_init(&out, 0, 4, 0, &err), GACLIP_ERROR_ARGUMENT);
    assert_int_equal(gaclip_image_resize_crop(&out, &in, 0, &err), GACLIP_ERROR_ARGUMENT);
    assert_int_equal(gaclip_image_crop(&out, &in, 0, 0, 0, 2, &err), GACLIP_ERROR_ARGUMENT);
    assert_true(gaclip_image_init(&out, 2000000000, 2000000000, 1, &err) < 0);
    /* A filter of that length would take gigabytes: refused before it is made. */
    assert_int_equal(gaclip_image_resize(&out, &in, 2000000000, 3, &err), GACLIP_ERROR_ARGUMENT);
    assert_int_equal(gaclip_image_resize(&out, &in, 3, 2000000000, &err), GACLIP_ERROR_ARGUMENT);
    gaclip_image_clear(&in);
    expect_ok(gaclip_image_init(&in, 1 << 20, 1, 0, &err), &err);
    assert_int_equal(gaclip_image_resize_crop(&out, &in, 224, &err), GACLIP_ERROR_ARGUMENT);
    assert_null(out.rgb);
    expect_ok(gaclip_image_resize(&out, &in, 2, 2, &err), &err);
    gaclip_image_clear(&out);
    gaclip_image_clear(&in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_oracle), cmocka_unit_test(test_mask),
                                       cmocka_unit_test(test_mask_resize),
                                       cmocka_unit_test(test_no_data_resize),
                                       cmocka_unit_test(test_bad_sizes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
