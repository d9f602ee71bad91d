#include "progress.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BAR_WIDTH = 30 };
static const double REDRAW_SECONDS = 0.2;

/* Seconds in which a second signal is the first one's echo: timeout and schedulers send one to the
 * process and one to its group. */
enum { ECHO_SECONDS = 1 };

static volatile sig_atomic_t interrupted;
static volatile time_t interrupted_at;

/* The first signal asks for an end, a later one insists. time, signal and raise are safe here. */
static void note_signal(int number)
{
    time_t at = time(NULL);
    if (interrupted && at - interrupted_at > ECHO_SECONDS) {
        signal(number, SIG_DFL);
        raise(number);
    }
    if (!interrupted) interrupted_at = at;
    interrupted = 1;
}

void interrupt_install(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = note_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

void progress_begin(Progress *progress, const char *unit, int quiet)
{
    progress->is_shown = !quiet && isatty(STDERR_FILENO);
    progress->unit = unit;
    progress->started = now();
    progress->drawn = 0;
}

double progress_seconds(const Progress *progress)
{
    return now() - progress->started;
}

static void draw(const Progress *progress, double done, double total, const char *note)
{
    double share = total > 0 ? done / total : 1;
    double seconds = progress_seconds(progress);
    double rate = seconds > 0 ? done / seconds : 0;
    int filled = (int)(share * BAR_WIDTH);
    fputs("\r[", stderr);
    for (int i = 0; i < BAR_WIDTH; i++) fputc(i < filled ? '=' : ' ', stderr);
    fprintf(stderr, "] %3.0f%% %.3g %s/s", 100 * share, rate, progress->unit);
    if (rate > 0) {
        long left = (long)((total - done) / rate + 0.5);
        fprintf(stderr, ", %ld:%02ld:%02ld left", left / 3600, left / 60 % 60, left % 60);
    }
    if (note != NULL) fprintf(stderr, ", %s", note);
    fputs("\033[K", stderr);
    fflush(stderr);
}

int progress_update(Progress *progress, double done, double total, const char *note)
{
    if (progress->is_shown && (now() - progress->drawn >= REDRAW_SECONDS || done >= total)) {
        draw(progress, done, total, note);
        progress->drawn = now();
    }
    return interrupted;
}

void progress_end(Progress *progress)
{
    if (progress->is_shown && progress->drawn > 0) fputs("\r\033[K", stderr);
    progress->is_shown = 0;
}
