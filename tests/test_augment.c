/* Augmented images and their boxes move together. */
#include "image/augment.h"

#include <math.h>

#include "oracle.h"

enum { SIDE = 160 };

/* A bright ellipse that fills a box, on dark ground. */
static GaclipImage ellipse_in(const GaclipBox *box)
{
    GaclipImage image;
    GaclipError err = {0};
    expect_ok(gaclip_image_init(&image, SIDE, SIDE, 0, &err), &err);
    float cx = (box->x1 + box->x2) / 2, cy = (box->y1 + box->y2) / 2;
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            float u = 2 * ((float)x + 0.5f - cx) / (box->x2 - box->x1);
            float v = 2 * ((float)y + 0.5f - cy) / (box->y2 - box->y1);
            for (int c = 0; c < 3; c++)
                image.rgb[3 * (y * SIDE + x) + c] = u * u + v * v <= 1 ? 250 : 0;
        }
    return image;
}

/* What is bright lies in the box, and nowhere ends more than that before its edges. */
static void expect_fills(const GaclipImage *image, const GaclipBox *box, float tolerance)
{
    GaclipBox seen = {SIDE, SIDE, 0, 0};
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++) {
            if (image->rgb[3 * (y * SIDE + x)] < 125) continue;
            seen.x1 = fminf(seen.x1, (float)x);
            seen.y1 = fminf(seen.y1, (float)y);
            seen.x2 = fmaxf(seen.x2, (float)x + 1);
            seen.y2 = fmaxf(seen.y2, (float)y + 1);
        }
    const float a[] = {seen.x1, seen.y1, seen.x2, seen.y2};
    const float b[] = {box->x1, box->y1, box->x2, box->y2};
    for (int i = 0; i < 4; i++)
        if (!(fabsf(a[i] - b[i]) <= tolerance))
            fail_msg("edge %d: %g seen, %g said", i, (double)a[i], (double)b[i]);
}

static void test_symmetries(void **state)
{
    (void)state;
    for (int symmetry = 0; symmetry < 8; symmetry++) {
        GaclipBox box = {20, 100, 80, 120};
        GaclipImage image = ellipse_in(&box);
        GaclipError err = {0};
        expect_ok(gaclip__augment_symmetry(&image, symmetry, &err), &err);
        gaclip__augment_box(&box, SIDE, symmetry);
        expect_fills(&image, &box, 0);
        gaclip_image_clear(&image);
    }
}

/* Boxes of what is round at its corners stay as tight as they were, at any angle. */
static void test_rotation(void **state)
{
    static const double DEGREES[] = {-40, -20, -5, 0, 5, 20, 40};
    (void)state;
    for (int i = 0; i < 7; i++) {
        GaclipBox box = {30, 70, 100, 94};
        GaclipImage image = ellipse_in(&box);
        GaclipError err = {0};
        double angle = DEGREES[i] * acos(-1.0) / 180;
        expect_ok(gaclip__augment_rotation(&image, angle, &err), &err);
        gaclip__augment_turn_box(&box, SIDE, angle);
        expect_fills(&image, &box, 1);
        gaclip_image_clear(&image);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_symmetries),
                                       cmocka_unit_test(test_rotation)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
