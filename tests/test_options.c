/* The table-driven command line: spellings, types, ranges, one-line errors. */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "options.h"

enum { MOST_ARGUMENTS = 32 };

typedef struct Values {
    int flag, integer;
    double number;
    const char *text;
    TextList list, pairs;
    NumberList box, bands;
} Values;

typedef struct Parsed {
    Values values;
    const char *operands[MOST_ARGUMENTS];
    int operand_count, status;
    GaclipError err;
} Parsed;

static void with_table(Parsed *parsed, int argc, char **argv)
{
    Values *v = &parsed->values;
    const Option options[] = {
        {.name = "flag",
         .letter = 'q',
         .classic = "overwrite",
         .type = OPTION_FLAG,
         .value = &v->flag},
        {.name = "integer",
         .letter = 'j',
         .type = OPTION_INTEGER,
         .value = &v->integer,
         .meta = "N",
         .minimum = 1,
         .maximum = 16},
        {.name = "number",
         .type = OPTION_NUMBER,
         .value = &v->number,
         .meta = "X",
         .minimum = 0,
         .maximum = INFINITY},
        {.name = "of",
         .letter = 'f',
         .classic = "of",
         .type = OPTION_TEXT,
         .value = &v->text,
         .meta = "FORMAT"},
        {.name = "list", .letter = 'c', .type = OPTION_LIST, .value = &v->list, .meta = "A,B"},
        {.name = "oo", .classic = "oo", .type = OPTION_PAIRS, .value = &v->pairs, .meta = "N=V"},
        {.name = "bbox",
         .classic = "te",
         .type = OPTION_NUMBERS,
         .value = &v->box,
         .meta = "XMIN,YMIN,XMAX,YMAX",
         .count = 4},
        {.name = "bands",
         .type = OPTION_INTEGERS,
         .value = &v->bands,
         .meta = "R,G,B",
         .minimum = 1,
         .maximum = 99},
    };
    const Command command = {.name = "tool",
                             .usage = "IN...",
                             .options = options,
                             .option_count = sizeof options / sizeof options[0],
                             .min_operands = 1,
                             .max_operands = 2};
    parsed->status =
        options_parse(&command, argc, argv, parsed->operands, &parsed->operand_count, &parsed->err);
    if (parsed->status != GACLIP_OK) options_clear(&command);
}

/* Arguments behind the command's name, one a parameter, ended by NULL. */
static Parsed parse(const char *first, ...)
{
    Parsed parsed;
    memset(&parsed, 0, sizeof parsed);
    char *argv[MOST_ARGUMENTS] = {(char *)"tool"};
    int argc = 1;
    va_list arguments;
    va_start(arguments, first);
    for (const char *a = first; a != NULL; a = va_arg(arguments, const char *))
        argv[argc++] = (char *)a;
    va_end(arguments);
    with_table(&parsed, argc, argv);
    return parsed;
}

static void clear(Parsed *parsed)
{
    text_list_clear(&parsed->values.list);
    text_list_clear(&parsed->values.pairs);
}

static void test_spellings(void **state)
{
    (void)state;
    Parsed p = parse("in", "--integer", "3", "--number=2.5", "-of", "GPKG", "-q", NULL);
    assert_int_equal(p.status, GACLIP_OK);
    assert_int_equal(p.values.integer, 3);
    assert_true(p.values.number == 2.5);
    assert_string_equal(p.values.text, "GPKG");
    assert_int_equal(p.values.flag, 1);
    assert_int_equal(p.operand_count, 1);
    assert_string_equal(p.operands[0], "in");

    p = parse("-j", "16", "in", "-f", "X", "-OVERWRITE", "--", "-q", NULL);
    assert_int_equal(p.status, GACLIP_OK);
    assert_int_equal(p.values.integer, 16);
    assert_int_equal(p.values.flag, 1);
    assert_int_equal(p.operand_count, 2);
    assert_string_equal(p.operands[1], "-q");
}

static void test_lists(void **state)
{
    (void)state;
    Parsed p =
        parse("in", "-c", "storage tank, ship", "--list=x", "-oo", "A=1,2", "--oo", "B=", NULL);
    assert_int_equal(p.status, GACLIP_OK);
    assert_int_equal(p.values.list.count, 3);
    assert_string_equal(p.values.list.items[0], "storage tank");
    assert_string_equal(p.values.list.items[1], "ship");
    assert_string_equal(p.values.list.items[2], "x");
    assert_null(p.values.list.items[3]);
    assert_int_equal(p.values.pairs.count, 2);
    assert_string_equal(p.values.pairs.items[0], "A=1,2");
    assert_string_equal(p.values.pairs.items[1], "B=");
    clear(&p);
}

static void test_numbers(void **state)
{
    (void)state;
    const char *spellings[][6] = {{"--bbox", "-1.5,2,3,4e2", "in", NULL},
                                  {"--bbox=-1.5, 2, 3, 4e2", "in", NULL},
                                  {"-te", "-1.5", "2", "3", "4e2", "in"}};
    for (size_t i = 0; i < 3; i++) {
        const char **s = spellings[i];
        Parsed p = parse(s[0], s[1], s[2], s[3], s[4], s[5], NULL);
        assert_int_equal(p.status, GACLIP_OK);
        assert_int_equal(p.values.box.count, 4);
        assert_true(p.values.box.items[0] == -1.5 && p.values.box.items[3] == 400);
        assert_int_equal(p.operand_count, 1);
    }
    Parsed p = parse("in", "--bands", "4,3", "--bands", "2", NULL);
    assert_int_equal(p.status, GACLIP_OK);
    assert_int_equal(p.values.bands.count, 3);
    assert_true(p.values.bands.items[2] == 2);
}

static void assert_refused(Parsed p, const char *message)
{
    assert_int_equal(p.status, GACLIP_ERROR_ARGUMENT);
    assert_string_equal(p.err.message, message);
}

static void test_refusals(void **state)
{
    (void)state;
    assert_refused(parse(NULL), "arguments are missing; usage: tool IN...");
    assert_refused(parse("a", "b", "c", NULL), "c is one argument too many; usage: tool IN...");
    assert_refused(parse("a", "", NULL), "an argument is empty; usage: tool IN...");
    assert_refused(parse("a", "--nope", NULL), "unknown option --nope; see tool --help");
    assert_refused(parse("a", "-x", NULL), "unknown option -x; see tool --help");
    assert_refused(parse("a", "--int=3", NULL), "unknown option --int=3; see tool --help");
    assert_refused(parse("a", "--integer", NULL), "--integer wants a value: N");
    assert_refused(parse("a", "-te", "1", "2", "3", NULL),
                   "-te wants a value: XMIN,YMIN,XMAX,YMAX");
    assert_refused(parse("a", "--flag=1", NULL), "--flag takes no value");
    assert_refused(parse("a", "-j", "1", "-j", "2", NULL), "--integer is given twice");
    assert_refused(parse("a", "-j", "17", NULL), "--integer 17: must lie between 1 and 16");
    assert_refused(parse("a", "-j", "2.5", NULL), "--integer 2.5: give a whole number");
    assert_refused(parse("a", "-j", "2x", NULL), "--integer 2x: give a number");
    assert_refused(parse("a", "-j", "nan", NULL), "--integer nan: give a number");
    assert_refused(parse("a", "-j", "", NULL), "--integer \"\": give a number");
    assert_refused(parse("a", "--number", "-1", NULL), "--number -1: must be at least 0");
    assert_refused(parse("a", "--of", "", NULL), "--of \"\": the value is empty");
    assert_refused(parse("a", "--list", "", NULL),
                   "--list \"\": the list is empty; name at least one");
    assert_refused(parse("a", "--list", "b,,c", NULL),
                   "--list b,,c: the list has an empty entry; take out the extra comma");
    assert_refused(parse("a", "--oo", "=1", NULL), "--oo =1: give NAME=VALUE");
    assert_refused(parse("a", "--bbox", "1,2,3", NULL),
                   "--bbox 1,2,3: 4 numbers wanted (XMIN,YMIN,XMAX,YMAX), 3 given");
    assert_refused(parse("a", "--bands", "1.5", NULL), "--bands 1.5: give whole numbers");
    assert_refused(parse("a", "--bands", "0", NULL), "--bands 0: must lie between 1 and 99");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spellings),
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
