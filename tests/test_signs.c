/* Where an image showed something small. */
#include <math.h>

#include "detect/signs.h"
#include "oracle.h"

/* A sign counts in every part of the image that its cell of 8 pixels lies in, and in no other. */
static void test_signs(void **state)
{
    GaclipSigns signs;
    GaclipError err = {0};
    (void)state;
    expect_ok(gaclip__signs_init(&signs, 50, 20, &err), &err);
    assert_true(isinf(gaclip__signs_smallest(&signs, 0, 0, 50, 20)));
    gaclip__signs_note(&signs, 30, 10, 5);
    gaclip__signs_note(&signs, 31, 9, 4);
    gaclip__signs_note(&signs, 29, 9, 6);
    assert_true(gaclip__signs_smallest(&signs, 0, 0, 50, 20) == 4);
    assert_true(gaclip__signs_smallest(&signs, 31.9f, 15.9f, 90, 90) == 4);
    assert_true(gaclip__signs_smallest(&signs, 0, 0, 24.1f, 8.1f) == 4);
    assert_true(isinf(gaclip__signs_smallest(&signs, 32.1f, 0, 50, 20)));
    assert_true(isinf(gaclip__signs_smallest(&signs, 0, 0, 23.9f, 20)));
    gaclip__signs_note(&signs, 999, -5, 3); /* beyond it: its edge */
    assert_true(gaclip__signs_smallest(&signs, 49, 1, 50, 2) == 3);
    gaclip__signs_clear(&signs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_signs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
