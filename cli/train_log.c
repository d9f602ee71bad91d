#include "train_log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plot.h"
#include "train_losses.h"

enum { LONGEST_LINE = 8192 };

static int cannot_write(const TrainLog *log, GaclipError *err)
{
    return gaclip_error_set(err, GACLIP_ERROR_IO, "%s: the log cannot be written (%s)", log->path,
                            errno ? strerror(errno) : "is the disk full?");
}

int train_log_open(TrainLog *log, const char *path, int resume, GaclipError *err)
{
    *log = (TrainLog){.path = path, .is_resumed = resume};
    log->stream = fopen(path, resume ? "a+" : "w+");
    return log->stream == NULL ? cannot_write(log, err) : GACLIP_OK;
}

static int number_of(const cJSON *json, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(json, key);
    return cJSON_IsNumber(item) ? item->valueint : 0;
}

/* The length of the log's part before that step of that stage; a line cut short ends it too. */
static long length_before(FILE *stream, int stage, int step)
{
    char line[LONGEST_LINE];
    long length = 0;
    rewind(stream);
    while (fgets(line, sizeof line, stream) != NULL) {
        cJSON *json = cJSON_Parse(line);
        int line_stage = number_of(json, "stage"), line_step = number_of(json, "step");
        int is_before = json != NULL && line[strlen(line) - 1] == '\n' &&
                        (line_stage < stage || (line_stage == stage && line_step < step));
        cJSON_Delete(json);
        if (!is_before) break;
        length = ftell(stream);
    }
    return length;
}

static int cut_behind(TrainLog *log, int stage, int step, GaclipError *err)
{
    long length = length_before(log->stream, stage, step);
    log->is_resumed = 0;
    if (fflush(log->stream) != 0 || ftruncate(fileno(log->stream), length) != 0 ||
        fseek(log->stream, 0, SEEK_END) != 0)
        return cannot_write(log, err);
    return GACLIP_OK;
}

static cJSON *describe(int stage, const GaclipTrainStep *step)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "stage", stage);
    cJSON_AddNumberToObject(json, "step", step->step);
    cJSON_AddNumberToObject(json, "loss", step->loss);
    cJSON *losses = cJSON_AddObjectToObject(json, "losses");
    GaclipLossWeights values = step->losses;
    for (int i = 0; i < TRAIN_LOSSES; i++)
        cJSON_AddNumberToObject(losses, train_loss_name(i), *train_loss(&values, i));
    cJSON_AddNumberToObject(json, "learning_rate", step->learning_rate);
    cJSON_AddNumberToObject(json, "gradient_norm", step->gradient_norm);
    cJSON_AddNumberToObject(json, "logit_scale", step->logit_scale);
    cJSON *encoded = cJSON_AddObjectToObject(json, "encoded");
    cJSON_AddNumberToObject(encoded, "images", step->images_encoded);
    cJSON_AddNumberToObject(encoded, "crops", step->crops_encoded);
    cJSON_AddNumberToObject(encoded, "texts", step->texts_encoded);
    cJSON_AddNumberToObject(json, "skipped", step->skipped);
    cJSON *time = cJSON_AddObjectToObject(json, "time");
    cJSON_AddNumberToObject(time, "seconds", step->seconds);
    cJSON_AddNumberToObject(time, "images_per_second", step->images_per_second);
    cJSON_AddNumberToObject(time, "wait", step->wait);
    return json;
}

static int write_line(TrainLog *log, cJSON *json, GaclipError *err)
{
    char *line = cJSON_PrintUnformatted(json);
    cJSON_Delete(json);
    if (line == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    errno = 0;
    int failed = fprintf(log->stream, "%s\n", line) < 0 || fflush(log->stream) != 0;
    free(line);
    return failed ? cannot_write(log, err) : GACLIP_OK;
}

int train_log_step(TrainLog *log, int stage, const GaclipTrainStep *step, GaclipError *err)
{
    if (log->is_resumed) {
        int status = cut_behind(log, stage, step->step, err);
        if (status != GACLIP_OK) return status;
    }
    return write_line(log, describe(stage, step), err);
}

int train_log_validation(TrainLog *log, int stage, int step, double score, cJSON *metrics,
                         cJSON *images, GaclipError *err)
{
    cJSON *json = cJSON_CreateObject();
    cJSON_AddNumberToObject(json, "stage", stage);
    cJSON_AddNumberToObject(json, "step", step);
    cJSON_AddNumberToObject(json, "score", score);
    cJSON_AddItemToObject(json, "validation", metrics);
    cJSON_AddItemToObject(json, "images", images);
    return write_line(log, json, err);
}

int train_log_close(TrainLog *log, GaclipError *err)
{
    FILE *stream = log->stream;
    log->stream = NULL;
    errno = 0;
    return stream != NULL && fclose(stream) != 0 ? cannot_write(log, err) : GACLIP_OK;
}

/* All series of the curves: the sum, the losses, and what validations measured. */
enum { MOST_METRICS = 16 };

typedef struct Curves {
    PlotSeries losses[TRAIN_LOSSES + 1], metrics[MOST_METRICS];
    int metric_count;
    double offset; /* steps of the stages before */
    int stage, last_step;
} Curves;

static PlotSeries *metric_series(Curves *curves, const char *name)
{
    for (int i = 0; i < curves->metric_count; i++)
        if (!strcmp(curves->metrics[i].name, name)) return &curves->metrics[i];
    if (curves->metric_count == MOST_METRICS) return NULL;
    PlotSeries *series = &curves->metrics[curves->metric_count++];
    snprintf(series->name, sizeof series->name, "%s", name);
    return series;
}

static int add_losses(Curves *curves, const cJSON *json, double x, GaclipError *err)
{
    const cJSON *sum = cJSON_GetObjectItemCaseSensitive(json, "loss");
    const cJSON *losses = cJSON_GetObjectItemCaseSensitive(json, "losses");
    int status =
        cJSON_IsNumber(sum) ? plot_add(&curves->losses[0], x, sum->valuedouble, err) : GACLIP_OK;
    for (int i = 0; i < TRAIN_LOSSES && status == GACLIP_OK; i++) {
        const cJSON *loss = cJSON_GetObjectItemCaseSensitive(losses, train_loss_name(i));
        if (cJSON_IsNumber(loss) && loss->valuedouble != 0)
            status = plot_add(&curves->losses[i + 1], x, loss->valuedouble, err);
    }
    return status;
}

static int add_metrics(Curves *curves, const cJSON *json, double x, GaclipError *err)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, cJSON_GetObjectItemCaseSensitive(json, "validation"))
    {
        PlotSeries *series = cJSON_IsNumber(item) ? metric_series(curves, item->string) : NULL;
        int status = series != NULL ? plot_add(series, x, item->valuedouble, err) : GACLIP_OK;
        if (status != GACLIP_OK) return status;
    }
    return GACLIP_OK;
}

static int add_line(Curves *curves, const char *line, GaclipError *err)
{
    cJSON *json = cJSON_Parse(line);
    int stage = number_of(json, "stage"), step = number_of(json, "step");
    if (stage != curves->stage) {
        curves->offset += curves->last_step;
        curves->stage = stage;
    }
    curves->last_step = step;
    int status = add_losses(curves, json, curves->offset + step, err);
    if (status == GACLIP_OK) status = add_metrics(curves, json, curves->offset + step, err);
    cJSON_Delete(json);
    return status;
}

static void name_losses(Curves *curves)
{
    snprintf(curves->losses[0].name, sizeof curves->losses[0].name, "weighted sum");
    for (int i = 0; i < TRAIN_LOSSES; i++)
        snprintf(curves->losses[i + 1].name, sizeof curves->losses[0].name, "%s",
                 train_loss_name(i));
}

int train_log_plot(const char *log_path, const char *svg_path, GaclipError *err)
{
    Curves *curves = calloc(1, sizeof *curves);
    FILE *stream = fopen(log_path, "r");
    char line[LONGEST_LINE];
    int status = GACLIP_OK;
    if (curves == NULL || stream == NULL)
        status = gaclip_error_set(err, GACLIP_ERROR_IO, "%s: cannot be read (%s)", log_path,
                                  strerror(errno));
    if (curves != NULL) name_losses(curves);
    while (status == GACLIP_OK && fgets(line, sizeof line, stream) != NULL)
        status = add_line(curves, line, err);
    if (status == GACLIP_OK) {
        const PlotPanel panels[] = {
            {"Losses", "step", curves->losses, TRAIN_LOSSES + 1, 0},
            {"Validation", "step", curves->metrics, curves->metric_count, 0},
        };
        status = plot_write(svg_path, panels, 2, err);
    }
    if (stream != NULL) fclose(stream);
    if (curves != NULL) {
        plot_clear(curves->losses, TRAIN_LOSSES + 1);
        plot_clear(curves->metrics, MOST_METRICS);
    }
    free(curves);
    return status;
}
