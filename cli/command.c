#include "command.h"

#include <cpl_conv.h>
#include <cpl_string.h>
#include <gdal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "help.h"
#include "progress.h"

static int is_given(const char *option, int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (!strcasecmp(argv[i], option)) return 1;
    return 0;
}

/* Some configuration options are read while drivers register, before
 * GDALGeneralCmdLineProcessor may run. */
static void set_early_config(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (i + 2 < argc && !strcasecmp(argv[i], "--config"))
            CPLSetConfigOption(argv[i + 1], argv[i + 2]);
        else if (i + 1 < argc && !strcasecmp(argv[i], "--debug"))
            CPLSetConfigOption("CPL_DEBUG", argv[i + 1]);
    }
}

static int fail(const char *program, int exit_code, const char *message)
{
    fprintf(stderr, "%s: FAILURE: %s\n", program, message);
    return exit_code;
}

static int run_with_gdal(const char *program, CommandRun *run, int argc, char **argv)
{
    set_early_config(argc, argv);
    GDALAllRegister();
    argc = GDALGeneralCmdLineProcessor(argc, &argv, 0);
    if (argc < 1) return -argc; /* it has answered or complained itself, and freed argv */
    interrupt_install();
    int exit_code = run(argc, argv);
    CSLDestroy(argv);
    if (fflush(stdout) != 0 || ferror(stdout))
        exit_code = fail(program, EXIT_FAILED, "standard output cannot be written");
    return exit_code;
}

int command_main(const char *program, CommandRun *run, int argc, char **argv)
{
    if (is_given("--version", argc, argv)) {
        printf("gaclip %s (%s), %s\n", GACLIP_VERSION, GACLIP_REVISION,
               GDALVersionInfo("--version"));
        return EXIT_SUCCESS;
    }
    if (is_given("--utility_version", argc, argv)) {
        printf("%s %s was compiled against GDAL %s and is running against GDAL %s\n", program,
               GACLIP_VERSION, GDAL_RELEASE_NAME, GDALVersionInfo("RELEASE_NAME"));
        return EXIT_SUCCESS;
    }
    int exit_code = run_with_gdal(program, run, argc, argv);
    GDALDestroy();
    return exit_code;
}

int command_run_verb(const char *program, const CommandVerb *verbs, int count, int argc,
                     char **argv)
{
    for (int i = 0; argc > 1 && i < count; i++)
        if (!strcmp(argv[1], verbs[i].name)) return verbs[i].run(argc - 1, argv + 1);
    if (is_given("--help", argc, argv) || is_given("-h", argc, argv)) {
        printf("Usage: %s VERB ...\n\n", program);
        for (int i = 0; i < count; i++) printf("  %-14s%s\n", verbs[i].name, verbs[i].summary);
        printf("\n%s VERB --help says more.\n", program);
        return EXIT_SUCCESS;
    }
    char message[256];
    snprintf(message, sizeof message, "%s%s; see %s --help",
             argc > 1 ? "there is no verb " : "a verb is missing", argc > 1 ? argv[1] : "",
             program);
    return fail(program, EXIT_USAGE, message);
}

int command_parse(int *exit_code, const Command *command, int argc, char **argv,
                  const char **operands, int *operand_count)
{
    GaclipError err = {0};
    *exit_code = EXIT_SUCCESS;
    if (is_given("--help", argc, argv) || is_given("-h", argc, argv)) {
        help_print(stdout, command);
        return 0;
    }
    if (is_given("--manual", argc, argv)) {
        help_print_manual(stdout, command);
        return 0;
    }
    if (options_parse(command, argc, argv, operands, operand_count, &err) == GACLIP_OK) return 1;
    *exit_code = fail(command->name, EXIT_USAGE, err.message);
    return 0;
}

int command_fail(const Command *command, const GaclipError *err)
{
    int exit_code = err->status == GACLIP_ERROR_INTERRUPTED ? EXIT_INTERRUPTED : EXIT_FAILED;
    return fail(command->name, exit_code, err->message);
}

/* Room for an argument in single quotes, an apostrophe of its own being closed, escaped, opened. */
static size_t quoted_size(const char *argument)
{
    size_t size = 3;
    for (; *argument != '\0'; argument++) size += *argument == '\'' ? 4 : 1;
    return size;
}

static char *append_quoted(char *end, const char *argument)
{
    static const char PLAIN[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_-+=./,:@%";
    *end++ = ' ';
    if (*argument != '\0' && argument[strspn(argument, PLAIN)] == '\0')
        return stpcpy(end, argument);
    *end++ = '\'';
    for (; *argument != '\0'; argument++) {
        if (*argument == '\'')
            end = stpcpy(end, "'\\''");
        else
            *end++ = *argument;
    }
    return stpcpy(end, "'");
}

char *command_line(const Command *command, int argc, char **argv)
{
    size_t size = strlen(command->name) + 1;
    for (int i = 1; i < argc; i++) size += quoted_size(argv[i]);
    char *line = malloc(size);
    if (line == NULL) return NULL;
    char *end = stpcpy(line, command->name);
    for (int i = 1; i < argc; i++) end = append_quoted(end, argv[i]);
    return line;
}
