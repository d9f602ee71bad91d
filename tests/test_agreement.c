/* Cohen's kappa against values worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gaclip/eval.h"

/* Judgements of two people in a table: n[a][b] things that the first put into a, the second into b.
 */
static GaclipAgreement agree(const int *table, int categories)
{
    int first[512], second[512], count = 0;
    GaclipAgreement out;
    GaclipError err = {0};
    for (int a = 0; a < categories; a++)
        for (int b = 0; b < categories; b++)
            for (int i = 0; i < table[a * categories + b]; i++) {
                first[count] = a;
                second[count++] = b;
            }
    if (gaclip_eval_agreement(&out, first, second, count, categories, &err))
        fail_msg("%s", err.message);
    return out;
}

static void expect_kappa(const int *table, int categories, double kappa)
{
    GaclipAgreement out = agree(table, categories);
    assert_int_equal(out.is_defined, 1);
    assert_null(out.reason);
    if (!(out.kappa > kappa - 1e-12 && out.kappa < kappa + 1e-12))
        fail_msg("kappa %.15g in place of %.15g", out.kappa, kappa);
}

static void test_by_hand(void **state)
{
    (void)state;
    /* p_o = 35/50; p_e = 25/50 * 30/50 + 25/50 * 20/50 = 1/2; kappa = (0.7 - 0.5) / 0.5 */
    const int grants[] = {20, 5, 10, 15};
    expect_kappa(grants, 2, 0.4);
    /* p_o = 60/100; p_e = 0.7 * 0.6 + 0.3 * 0.4 = 0.54; kappa = 0.06 / 0.46 */
    const int skewed[] = {45, 25, 15, 15};
    expect_kappa(skewed, 2, 0.06 / 0.46);
    /* Three categories: p_o = 7/10; rows 4 3 3, columns 4 3 3: p_e = 0.34; kappa = 0.36 / 0.66 */
    const int three[] = {3, 1, 0, 0, 2, 1, 1, 0, 2};
    expect_kappa(three, 3, 0.36 / 0.66);
}

static void test_extremes(void **state)
{
    (void)state;
    const int same[] = {3, 0, 0, 5}, opposite[] = {0, 4, 4, 0}, chance[] = {1, 1, 1, 1};
    const int one_sided[] = {6, 2, 0, 0}; /* the first passes all: p_e = p_o */
    expect_kappa(same, 2, 1);
    expect_kappa(opposite, 2, -1);
    expect_kappa(chance, 2, 0);
    expect_kappa(one_sided, 2, 0);
}

static void test_undefined(void **state)
{
    (void)state;
    const int none[] = {0, 0, 0, 0}, all_pass[] = {9, 0, 0, 0};
    GaclipAgreement out = agree(none, 2);
    assert_int_equal(out.is_defined, 0);
    assert_string_equal(out.reason, "nothing was judged by both");
    out = agree(all_pass, 2);
    assert_int_equal(out.is_defined, 0);
    assert_int_equal(out.agreed, 9);
    assert_string_equal(out.reason, "both gave the same judgement throughout");
}

static void test_bad_categories(void **state)
{
    (void)state;
    const int first[] = {0, 2}, second[] = {0, 1};
    GaclipAgreement out;
    GaclipError err = {0};
    assert_int_equal(gaclip_eval_agreement(&out, first, second, 2, 2, &err), GACLIP_ERROR_ARGUMENT);
    assert_non_null(strstr(err.message, "judgement 1"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_by_hand),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_undefined),
        cmocka_unit_test(test_bad_categories),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
