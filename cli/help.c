#include "help.h"

#include <ctype.h>
#include <string.h>

enum { INDENT = 28, WIDTH = 80 };

/* What command.c and GDALGeneralCmdLineProcessor understand in front of every table. */
static const struct {
    const char *spelling, *help;
} GENERAL[] = {
    {"-h, --help", "print this text"},
    {"--manual", "print the manual page, for man -l -"},
    {"--version", "print the versions of gaclip and GDAL"},
    {"--utility_version", "print what the command was compiled against"},
    {"--formats", "list the formats that GDAL reads and writes"},
    {"--config KEY VALUE", "set a GDAL configuration option"},
    {"--debug ON|OFF|PREFIX", "print GDAL's debug messages"},
    {"--optfile FILE", "read further arguments from a file"},
};

/* Text with breaks between words, every line but the first indented. */
static void print_wrapped(FILE *out, const char *text, int indent)
{
    int column = indent;
    while (*text != '\0') {
        int length = (int)strcspn(text, " ");
        if (column > indent && column + 1 + length > WIDTH) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            fputc(' ', out);
            column++;
        }
        fprintf(out, "%.*s", length, text);
        column += length;
        text += length + (text[length] == ' ');
    }
    fputc('\n', out);
}

static void spell(char *text, size_t size, const Option *option)
{
    int is_flag = option->type == OPTION_FLAG;
    char letter[8] = "", classic[32] = "";
    if (option->letter) snprintf(letter, sizeof letter, "-%c, ", option->letter);
    if (option->classic) snprintf(classic, sizeof classic, ", -%s", option->classic);
    snprintf(text, size, "%s--%s%s%s%s", letter, option->name, is_flag ? "" : " ",
             is_flag ? "" : option->meta, classic);
}

static void describe(char *text, size_t size, const Option *option)
{
    double value = 0;
    if (option->type == OPTION_INTEGER) value = *(const int *)option->value;
    if (option->type == OPTION_NUMBER) value = *(const double *)option->value;
    if (value > 0)
        snprintf(text, size, "%s (default %g)", option->help, value);
    else
        snprintf(text, size, "%s", option->help);
}

static void print_option(FILE *out, const char *spelling, const char *help)
{
    int column = fprintf(out, "  %s", spelling);
    if (column >= INDENT - 1) {
        fputc('\n', out);
        column = 0;
    }
    fprintf(out, "%*s", INDENT - column, "");
    print_wrapped(out, help, INDENT);
}

void help_print(FILE *out, const Command *command)
{
    char spelling[128], help[512];
    fprintf(out, "Usage: %s %s [options]\n\n", command->name, command->usage);
    fprintf(out, "%s - %s\n\n", command->name, command->summary);
    print_wrapped(out, command->description, 0);
    fputs("\nOptions:\n", out);
    for (int i = 0; i < command->option_count; i++) {
        spell(spelling, sizeof spelling, &command->options[i]);
        describe(help, sizeof help, &command->options[i]);
        print_option(out, spelling, help);
    }
    fputs("\nGeneral options:\n", out);
    for (size_t i = 0; i < sizeof GENERAL / sizeof GENERAL[0]; i++)
        print_option(out, GENERAL[i].spelling, GENERAL[i].help);
    if (command->examples) fprintf(out, "\nExamples:\n%s", command->examples);
}

/* troff reads a hyphen as a dash, a backslash as an escape, and a line that starts with a dot or
 * an apostrophe as a request. */
static void print_troff(FILE *out, const char *text)
{
    if (*text == '.' || *text == '\'') fputs("\\&", out);
    for (; *text != '\0'; text++) {
        if (*text == '-')
            fputs("\\-", out);
        else if (*text == '\\')
            fputs("\\e", out);
        else
            fputc(*text, out);
    }
    fputc('\n', out);
}

static void print_paragraph(FILE *out, const char *spelling, const char *help)
{
    fputs(".TP\n.B ", out);
    print_troff(out, spelling);
    print_troff(out, help);
}

void help_print_manual(FILE *out, const Command *command)
{
    char name[64], spelling[128], help[512];
    snprintf(name, sizeof name, "%s", command->name);
    for (char *c = name; *c != '\0'; c++)
        if (*c == ' ') *c = '-';
    fputs(".TH ", out);
    for (const char *c = name; *c != '\0'; c++) fputc(toupper((unsigned char)*c), out);
    fprintf(out, " 1 \"\" \"gaclip %s\" \"gaclip manual\"\n.SH NAME\n%s \\- ", GACLIP_VERSION,
            name);
    print_troff(out, command->summary);
    fputs(".SH SYNOPSIS\n.B ", out);
    print_troff(out, command->name);
    print_troff(out, command->usage);
    fputs("[options]\n.SH DESCRIPTION\n", out);
    print_troff(out, command->description);
    fputs(".SH OPTIONS\n", out);
    for (int i = 0; i < command->option_count; i++) {
        spell(spelling, sizeof spelling, &command->options[i]);
        describe(help, sizeof help, &command->options[i]);
        print_paragraph(out, spelling, help);
    }
    fputs(".SH GENERAL OPTIONS\n", out);
    for (size_t i = 0; i < sizeof GENERAL / sizeof GENERAL[0]; i++)
        print_paragraph(out, GENERAL[i].spelling, GENERAL[i].help);
    if (command->examples == NULL) return;
    fputs(".SH EXAMPLES\n.nf\n", out);
    print_troff(out, command->examples);
    fputs(".fi\n", out);
}
