/* A progress bar with rate and time left, and the wish to stop. */
#ifndef GACLIP_CLI_PROGRESS_H
#define GACLIP_CLI_PROGRESS_H

typedef struct Progress {
    int is_shown;
    const char *unit;      /* "tiles": what is counted */
    double started, drawn; /* seconds of the monotonic clock */
} Progress;

/* The bar goes to standard error, and only to a terminal. */
void progress_begin(Progress *progress, const char *unit, int quiet);

/* note (may be NULL) is shown behind the bar. Non-zero asks the caller to stop: the user
 * interrupted. */
int progress_update(Progress *progress, double done, double total, const char *note);

/* Takes the bar off the terminal. */
void progress_end(Progress *progress);

double progress_seconds(const Progress *progress);

/* From now on SIGINT and SIGTERM only leave a note for progress_update; a second one ends the
 * process at once. */
void interrupt_install(void);

#endif
