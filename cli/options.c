#include "options.h"

#include <ctype.h>
#include <limits.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void text_list_clear(TextList *list)
{
    for (int i = 0; i < list->count; i++) free(list->items[i]);
    free(list->items);
    list->items = NULL;
    list->count = 0;
}

int text_list_add(TextList *list, const char *text, size_t length, GaclipError *err)
{
    char **items = realloc(list->items, ((size_t)list->count + 2) * sizeof *items);
    if (items == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    list->items = items;
    items[list->count] = strndup(text, length);
    if (items[list->count] == NULL)
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    items[++list->count] = NULL;
    return GACLIP_OK;
}

static int bad_value(const Option *option, const char *value, const char *fact, GaclipError *err)
{
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "--%s %s: %s", option->name,
                            *value == '\0' ? "\"\"" : value, fact);
}

/* Blanks around a number are allowed, as in `--bbox "1, 2, 3, 4"`. */
static int parse_number(double *out, const Option *option, const char *text, const char *whole,
                        GaclipError *err)
{
    char *end;
    double number = strtod(text, &end);
    while (isspace((unsigned char)*end)) end++;
    if (end == text || *end != '\0' || !isfinite(number))
        return bad_value(option, whole, "give a number", err);
    if ((option->minimum != 0 || option->maximum != 0) &&
        (number < option->minimum || number > option->maximum)) {
        char fact[96];
        if (isinf(option->maximum))
            snprintf(fact, sizeof fact, "must be at least %g", option->minimum);
        else
            snprintf(fact, sizeof fact, "must lie between %g and %.10g", option->minimum,
                     option->maximum);
        return bad_value(option, whole, fact, err);
    }
    *out = number;
    return GACLIP_OK;
}

static int parse_integer(int *out, const Option *option, const char *text, GaclipError *err)
{
    double number;
    int status = parse_number(&number, option, text, text, err);
    if (status != GACLIP_OK) return status;
    if (number != floor(number) || number < INT_MIN || number > INT_MAX)
        return bad_value(option, text, "give a whole number", err);
    *out = (int)number;
    return GACLIP_OK;
}

/* Calls add for every part of a text packed with commas. */
static int split(const Option *option, const char *text,
                 int (*add)(const Option *option, const char *part, size_t length,
                            const char *whole, GaclipError *err),
                 GaclipError *err)
{
    for (const char *part = text;;) {
        size_t length = strcspn(part, ",");
        int status = add(option, part, length, text, err);
        if (status != GACLIP_OK || part[length] == '\0') return status;
        part += length + 1;
    }
}

static int add_text(const Option *option, const char *part, size_t length, const char *whole,
                    GaclipError *err)
{
    while (length > 0 && isspace((unsigned char)*part)) part++, length--;
    while (length > 0 && isspace((unsigned char)part[length - 1])) length--;
    if (length == 0)
        return bad_value(option, whole,
                         *whole == '\0' ? "the list is empty; name at least one"
                                        : "the list has an empty entry; take out the extra comma",
                         err);
    return text_list_add(option->value, part, length, err);
}

static int add_number(const Option *option, const char *part, size_t length, const char *whole,
                      GaclipError *err)
{
    NumberList *list = option->value;
    int room = (int)(sizeof list->items / sizeof list->items[0]);
    char text[64];
    if (length >= sizeof text || list->count == room)
        return bad_value(option, whole, "too many digits or numbers", err);
    memcpy(text, part, length);
    text[length] = '\0';
    double *number = &list->items[list->count];
    int status = parse_number(number, option, text, whole, err);
    if (status != GACLIP_OK) return status;
    if (option->type == OPTION_INTEGERS && *number != floor(*number))
        return bad_value(option, whole, "give whole numbers", err);
    list->count++;
    return GACLIP_OK;
}

static int check_count(const Option *option, const char *text, GaclipError *err)
{
    const NumberList *list = option->value;
    if (option->count == 0 || list->count == option->count) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "--%s %s: %d numbers wanted (%s), %d given",
                            option->name, text, option->count, option->meta, list->count);
}

static int add_pair(const Option *option, const char *text, GaclipError *err)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL || equals == text) return bad_value(option, text, "give NAME=VALUE", err);
    return text_list_add(option->value, text, strlen(text), err);
}

static int set_value(const Option *option, const char *text, GaclipError *err)
{
    int status;
    switch (option->type) {
    case OPTION_FLAG:
        break;
    case OPTION_INTEGER:
        return parse_integer(option->value, option, text, err);
    case OPTION_NUMBER:
        return parse_number(option->value, option, text, text, err);
    case OPTION_TEXT:
        if (*text == '\0') return bad_value(option, text, "the value is empty", err);
        *(const char **)option->value = text;
        return GACLIP_OK;
    case OPTION_LIST:
        return split(option, text, add_text, err);
    case OPTION_PAIRS:
        return add_pair(option, text, err);
    case OPTION_INTEGERS:
    case OPTION_NUMBERS:
        status = split(option, text, add_number, err);
        return status == GACLIP_OK ? check_count(option, text, err) : status;
    }
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "--%s takes no value", option->name);
}

/* How an argument was spelled, and the value glued to it, if there is one. */
typedef struct Spelling {
    const Option *option;
    const char *glued;
    int is_classic;
} Spelling;

static Spelling find_option(const Command *command, const char *argument)
{
    Spelling found = {0};
    const char *word = argument + 1;
    int is_long = *word == '-';
    if (is_long) word++;
    size_t length = is_long ? strcspn(word, "=") : strlen(word);
    for (int i = 0; i < command->option_count; i++) {
        const Option *option = &command->options[i];
        if (is_long && strlen(option->name) == length && !strncmp(option->name, word, length)) {
            found.option = option;
            found.glued = word[length] == '=' ? word + length + 1 : NULL;
            return found;
        }
        if (is_long) continue;
        found.is_classic = option->classic != NULL && !strcasecmp(option->classic, word);
        if (found.is_classic || (length == 1 && option->letter == *word)) {
            found.option = option;
            return found;
        }
    }
    return found;
}

/* The four arguments behind `-te`, each a number of its own. */
static int set_classic_numbers(const Option *option, char **values, GaclipError *err)
{
    for (int i = 0; i < option->count; i++) {
        int status = add_number(option, values[i], strlen(values[i]), values[i], err);
        if (status != GACLIP_OK) return status;
    }
    return check_count(option, values[0], err);
}

static int is_list(const Option *option)
{
    return option->type >= OPTION_LIST;
}

/* Takes the option at argv[0] and its values; *used counts the arguments, bit i of *seen says
 * that option i was given. */
static int take_option(int *used, uint64_t *seen, const Command *command, int argc, char **argv,
                       GaclipError *err)
{
    Spelling spelling = find_option(command, argv[0]);
    const Option *option = spelling.option;
    *used = 1;
    if (option == NULL)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "unknown option %s; see %s --help",
                                argv[0], command->name);
    uint64_t bit = (uint64_t)1 << (option - command->options);
    if (*seen & bit && option->type != OPTION_FLAG && !is_list(option))
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "--%s is given twice", option->name);
    *seen |= bit;
    if (spelling.glued != NULL) return set_value(option, spelling.glued, err);
    if (option->type == OPTION_FLAG) {
        *(int *)option->value = 1;
        return GACLIP_OK;
    }
    int is_row = spelling.is_classic && option->type == OPTION_NUMBERS && option->count > 0;
    int values = is_row ? option->count : 1;
    if (argc <= values)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "%s wants a value: %s", argv[0],
                                option->meta);
    *used += values;
    return is_row ? set_classic_numbers(option, argv + 1, err) : set_value(option, argv[1], err);
}

int options_parse(const Command *command, int argc, char **argv, const char **operands,
                  int *operand_count, GaclipError *err)
{
    int count = 0, options_ended = 0;
    uint64_t seen = 0;
    for (int i = 1, used = 1; i < argc; i += used) {
        used = 1;
        if (!options_ended && !strcmp(argv[i], "--")) {
            options_ended = 1;
        } else if (!options_ended && argv[i][0] == '-' && argv[i][1] != '\0') {
            int status = take_option(&used, &seen, command, argc - i, argv + i, err);
            if (status != GACLIP_OK) return status;
        } else if (*argv[i] == '\0') {
            return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                    "an argument is empty; usage: %s %s", command->name,
                                    command->usage);
        } else if (count == command->max_operands) {
            return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                    "%s is one argument too many; usage: %s %s", argv[i],
                                    command->name, command->usage);
        } else {
            operands[count++] = argv[i];
        }
    }
    if (count < command->min_operands)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "arguments are missing; usage: %s %s",
                                command->name, command->usage);
    *operand_count = count;
    return GACLIP_OK;
}

void options_clear(const Command *command)
{
    for (int i = 0; i < command->option_count; i++) {
        OptionType type = command->options[i].type;
        if (type == OPTION_LIST || type == OPTION_PAIRS) text_list_clear(command->options[i].value);
    }
}
