/* What all commands share: start-up of GDAL, general options, errors, exit codes, signals. */
#ifndef GACLIP_CLI_COMMAND_H
#define GACLIP_CLI_COMMAND_H

#include "gaclip/error.h"
#include "options.h"

enum {
    EXIT_FAILED = 1,       /* the work could not be done */
    EXIT_USAGE = 2,        /* the command line is wrong */
    EXIT_INTERRUPTED = 130 /* stopped by SIGINT or SIGTERM, as shells report it */
};

typedef int CommandRun(int argc, char **argv);

/* Starts GDAL, takes its general options out of argv, runs, cleans up; returns the exit code. */
int command_main(const char *program, CommandRun *run, int argc, char **argv);

/* A command of verbs, such as `gaclip-eval detect`. */
typedef struct CommandVerb {
    const char *name, *summary;
    CommandRun *run;
} CommandVerb;

/* Runs the verb that argv[1] names. */
int command_run_verb(const char *program, const CommandVerb *verbs, int count, int argc,
                     char **argv);

/* Parses and answers --help and --manual. Returns 1 to go on; else *exit_code is final. The
 * caller calls options_clear in either case. */
int command_parse(int *exit_code, const Command *command, int argc, char **argv,
                  const char **operands, int *operand_count);

/* Prints "gaclip-detect: FAILURE: <message>" and returns the exit code that fits the error. */
int command_fail(const Command *command, const GaclipError *err);

/* The command line as one would type it, without the general options, which may hold secrets.
 * The caller frees it; NULL when out of memory. */
char *command_line(const Command *command, int argc, char **argv);

#endif
