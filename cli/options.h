/* One table of options a command: it parses the command line (here), prints the help and
 * the manual page (help.h).
 *
 * Spellings: `--name VALUE`, `--name=VALUE`, `-n VALUE`, and the single-dash words of GDAL's
 * classic utilities (`-of VALUE`, in any case). `--` ends the options. Lists are packed with
 * commas, repeated, or both. */
#ifndef GACLIP_CLI_OPTIONS_H
#define GACLIP_CLI_OPTIONS_H

#include <stddef.h>

#include "gaclip/error.h"

typedef struct TextList {
    char **items; /* NULL-terminated once something was added */
    int count;
} TextList;

void text_list_clear(TextList *list);
int text_list_add(TextList *list, const char *text, size_t length, GaclipError *err);

typedef struct NumberList {
    double items[8];
    int count;
} NumberList;

typedef enum OptionType {
    OPTION_FLAG,    /* int: 1 when given */
    OPTION_INTEGER, /* int */
    OPTION_NUMBER,  /* double */
    OPTION_TEXT,    /* const char *, lent by argv; never empty */
    /* What follows may be repeated. */
    OPTION_LIST,     /* TextList of non-empty texts */
    OPTION_PAIRS,    /* TextList of NAME=VALUE, one an occurrence: a value may hold commas */
    OPTION_INTEGERS, /* NumberList of whole numbers */
    OPTION_NUMBERS   /* NumberList; the classic word takes `count` arguments instead of one */
} OptionType;

typedef struct Option {
    const char *name;
    char letter;         /* 0 = none */
    const char *classic; /* without its dash; NULL = none */
    OptionType type;
    void *value;      /* of the type said above; holds the default when parsing begins */
    const char *meta; /* what the help calls the value */
    const char *help;
    double minimum, maximum; /* inclusive, of numbers; both 0 = any */
    int count;               /* OPTION_NUMBERS: how many there must be; 0 = 1 to 8 */
} Option;

typedef struct Command {
    const char *name;    /* "gaclip-eval detect" */
    const char *usage;   /* operands and required options: "SCENE... --classes NAME[,NAME...]" */
    const char *summary; /* one sentence */
    const char *description;
    const char *examples; /* lines of commands; NULL = none */
    const Option *options;
    int option_count;               /* at most 64 */
    int min_operands, max_operands; /* INT_MAX = any number */
} Command;

/* Parses argv[1..]; an option of one value may be given once. operands
 * receives what is no option, lent by argv; it has room for max_operands or for argc. */
int options_parse(const Command *command, int argc, char **argv, const char **operands,
                  int *operand_count, GaclipError *err);

/* Frees the lists that the table's values own. */
void options_clear(const Command *command);

#endif
