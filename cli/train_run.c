#include "train_run.h"

#include <cpl_conv.h>
#include <stdio.h>
#include <stdlib.h>

#include "precision.h"
#include "progress.h"
#include "train_folder.h"
#include "train_log.h"
#include "train_validate.h"

/* What is under way. */
typedef struct Run {
    TrainPlan *plan;
    GaclipModel *model;
    TrainFolder folder;
    TrainLog log;
    TrainStage stage; /* the one that is trained */
    int number;       /* its number, from 1 */
    int best_step;    /* of its validations; 0 = none yet in this run */
    double started;   /* seconds of the clock when the stage began */
    Progress progress, clock;
    TrainRecord record;
    int time_is_up;
    GaclipError failure; /* of an event, which stopped the training */
} Run;

static int on_step(const GaclipTrainStep *step, void *payload)
{
    Run *run = payload;
    char note[64];
    run->record.last = *step;
    int status = train_log_step(&run->log, run->number, step, &run->failure);
    snprintf(note, sizeof note, "loss %.4f", step->loss);
    double budget = 60 * run->plan->request->minutes;
    run->time_is_up = budget > 0 && progress_seconds(&run->clock) >= budget;
    int is_interrupted = progress_update(&run->progress, step->step, step->steps, note);
    return is_interrupted || run->time_is_up || status != GACLIP_OK;
}

/* "step 40: 33.1 on held-out data (100 of 174 images of ucm)" */
static void print_validation(Run *run, int step, double score, const cJSON *images)
{
    const cJSON *item;
    const char *between = "";
    if (run->plan->request->quiet || run->plan->request->json) return;
    progress_end(&run->progress);
    printf("step %d: %.1f on held-out data (", step, score);
    cJSON_ArrayForEach(item, images)
    {
        printf("%s%d of %d images of %s", between,
               cJSON_GetObjectItemCaseSensitive(item, "measured")->valueint,
               cJSON_GetObjectItemCaseSensitive(item, "available")->valueint,
               cJSON_GetObjectItemCaseSensitive(item, "source")->valuestring);
        between = ", ";
    }
    printf(")\n");
    fflush(stdout);
}

static int on_validate(double *score, GaclipModel *model, int step, void *payload, GaclipError *err)
{
    Run *run = payload;
    cJSON *metrics, *images;
    int status = train_validate(score, &metrics, &images, model, &run->stage, err);
    if (status != GACLIP_OK) return status;
    print_validation(run, step, *score, images);
    return train_log_validation(&run->log, run->number, step, *score, metrics, images, err);
}

static int on_improved(double score, GaclipModel *model, int step, void *payload, GaclipError *err)
{
    Run *run = payload;
    (void)score;
    run->best_step = step;
    char *path = train_folder_file(&run->folder, TRAIN_BEST, run->number);
    int status = gaclip_model_save(model, path, err);
    CPLFree(path);
    return status;
}

static int replace_model(Run *run, TrainFile file, int stage, GaclipError *err)
{
    GaclipModel *model;
    char *path = train_folder_file(&run->folder, file, stage);
    int status = gaclip_model_open(&model, path, run->plan->compute, err);
    CPLFree(path);
    if (status != GACLIP_OK) return status;
    gaclip_model_close(run->model);
    run->model = model;
    return GACLIP_OK;
}

static int train_stage(Run *run, GaclipError *err)
{
    TrainStage *stage = &run->stage;
    GaclipTrainEvents events = {.step = on_step, .payload = run};
    char *checkpoint = train_folder_file(&run->folder, TRAIN_CHECKPOINT, run->number);
    stage->options.checkpoint = checkpoint;
    stage->options.resume =
        run->plan->request->resume && train_folder_has(&run->folder, TRAIN_CHECKPOINT, run->number);
    if (run->plan->request->checkpoint_every > 0)
        stage->options.checkpoint_every = run->plan->request->checkpoint_every;
    if (stage->held_out != NULL) {
        events.validate = on_validate;
        events.improved = on_improved;
    }
    progress_begin(&run->progress, "steps", run->plan->request->quiet);
    int status = gaclip_train(run->model, &stage->source, &stage->options, &events, err);
    progress_end(&run->progress);
    CPLFree(checkpoint);
    if (run->failure.status != GACLIP_OK)
        status = gaclip_error_set(err, run->failure.status, "%s", run->failure.message);
    return status;
}

/* The best model of a stage that was validated, else its last one, goes on; where a mean of the first
 * and the last weights is asked for, that. */
static int end_stage(Run *run, GaclipError *err)
{
    int status = GACLIP_OK;
    int is_last_best = run->best_step == run->stage.options.steps;
    if (!is_last_best && !(run->stage.options.start_share > 0) &&
        train_folder_has(&run->folder, TRAIN_BEST, run->number))
        status = replace_model(run, TRAIN_BEST, run->number, err);
    if (status == GACLIP_OK && run->number < run->plan->stage_count) {
        char *path = train_folder_file(&run->folder, TRAIN_RESULT, run->number);
        status = gaclip_model_save(run->model, path, err);
        CPLFree(path);
    }
    if (status == GACLIP_OK) train_folder_remove(&run->folder, TRAIN_CHECKPOINT, run->number);
    return status;
}

static int open_stage(Run *run, GaclipError *err)
{
    run->best_step = 0;
    int status = train_plan_stage(&run->stage, run->plan, run->number - 1, err);
    if (status != GACLIP_OK) train_stage_close(&run->stage);
    return status;
}

/* Trains the open stage, and closes it. */
static int run_stage(Run *run, GaclipError *err)
{
    int status = train_stage(run, err);
    if (status == GACLIP_OK || status == GACLIP_ERROR_INTERRUPTED) {
        int noted = train_record_stage(&run->record, &run->stage, err);
        if (noted != GACLIP_OK) status = noted;
    }
    if (status == GACLIP_OK) status = end_stage(run, err);
    train_stage_close(&run->stage);
    return status;
}

/* From the open stage on; run->number is the one that the training ended in. */
static int run_stages(Run *run, GaclipError *err)
{
    int status = run_stage(run, err);
    while (status == GACLIP_OK && run->number < run->plan->stage_count) {
        run->number++;
        status = open_stage(run, err);
        if (status == GACLIP_OK) status = run_stage(run, err);
    }
    return status;
}

static int open_model(Run *run, GaclipError *err)
{
    return run->number > 1 ? replace_model(run, TRAIN_RESULT, run->number - 1, err)
                           : train_plan_model(&run->model, run->plan, err);
}

/* What an earlier training left goes only when all that this one needs is there. */
static int start(Run *run, GaclipError *err)
{
    int is_resumed = run->plan->request->resume, status = GACLIP_OK;
    run->number = 1;
    if (is_resumed)
        status = train_folder_resume(&run->number, &run->folder, run->plan->stage_count, err);
    if (status == GACLIP_OK) status = open_model(run, err);
    if (status == GACLIP_OK) status = open_stage(run, err);
    if (status != GACLIP_OK) return status;
    if (!is_resumed) train_folder_forget(&run->folder);
    status = train_log_open(&run->log, run->folder.log, is_resumed, err);
    if (status != GACLIP_OK) train_stage_close(&run->stage);
    return status;
}

/* Log and curves are complete even where the training failed. */
static int run_with_log(Run *run, GaclipError *err)
{
    const TrainRequest *request = run->plan->request;
    GaclipError late = {0};
    int status = train_folder_open(&run->folder, request->folder, request->output, request->resume,
                                   request->overwrite, err);
    if (status != GACLIP_OK) return status;
    status = start(run, err);
    if (status != GACLIP_OK) {
        train_folder_leave(&run->folder);
        return status;
    }
    status = run_stages(run, err);
    int log_status = train_log_close(&run->log, &late);
    if (status != GACLIP_OK && run->record.last.step == 0) {
        if (!request->resume) train_folder_abandon(&run->folder);
        return status;
    }
    if (log_status == GACLIP_OK)
        log_status = train_log_plot(run->folder.log, run->folder.curves, &late);
    if (status == GACLIP_OK && log_status != GACLIP_OK)
        status = gaclip_error_set(err, log_status, "%s", late.message);
    return status;
}

static int save_model(Run *run, GaclipError *err)
{
    char *provenance = train_record_provenance(&run->record);
    if (provenance == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int status = gaclip_model_set_training(run->model, provenance, err);
    free(provenance);
    if (status == GACLIP_OK)
        status = gaclip_model_save(run->model, run->plan->request->output, err);
    return status;
}

static int print_summary(const Run *run, GaclipError *err)
{
    const TrainRequest *request = run->plan->request;
    const GaclipTrainStep *last = &run->record.last;
    if (!request->json) {
        if (!request->quiet)
            printf("%s: %d steps in %.0f s (%s), loss %.4f, %zu parameters\n", request->output,
                   last->step, run->record.seconds, run->record.ended, last->loss,
                   gaclip_model_parameter_count(run->model, ""));
        return GACLIP_OK;
    }
    char *text = train_record_summary(&run->record, run->model);
    if (text == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    puts(text);
    free(text);
    return GACLIP_OK;
}

static int finish(Run *run, int is_stopped, GaclipError *err)
{
    const GaclipTrainStep *last = &run->record.last;
    run->record.seconds = progress_seconds(&run->clock);
    run->record.ended = run->time_is_up ? "time is up" : is_stopped ? "interrupted" : "all steps";
    int status = save_model(run, err);
    if (status == GACLIP_OK) status = print_summary(run, err);
    if (status != GACLIP_OK || !is_stopped || run->time_is_up) return status;
    return gaclip_error_set(err, GACLIP_ERROR_INTERRUPTED,
                            "interrupted; %s holds the weights after %d of %d steps of stage %d; "
                            "the same command with --resume goes on",
                            run->plan->request->output, last->step, last->steps, run->number);
}

int train_run(TrainPlan *plan, GaclipError *err)
{
    Run run = {.plan = plan, .record = {.plan = plan}};
    progress_begin(&run.clock, "steps", 1);
    int status = run_with_log(&run, err);
    if (status == GACLIP_OK || (status == GACLIP_ERROR_INTERRUPTED && run.record.last.step > 0))
        status = finish(&run, status != GACLIP_OK, err);
    train_record_clear(&run.record);
    gaclip_model_close(run.model);
    train_folder_clear(&run.folder);
    return status;
}

enum { TRIAL_STEPS = 3 };

static int try_stage(GaclipModel *model, TrainPlan *plan, int index, GaclipError *err)
{
    TrainStage stage;
    Progress clock;
    int status = train_plan_stage(&stage, plan, index, err);
    GaclipTrainOptions trial = stage.options;
    double memory = status == GACLIP_OK ? gaclip_train_memory(model, &stage.options) : 0;
    trial.steps = TRIAL_STEPS;
    progress_begin(&clock, "steps", 1);
    if (status == GACLIP_OK) status = gaclip_train(model, &stage.source, &trial, NULL, err);
    if (status == GACLIP_OK) {
        double seconds = progress_seconds(&clock) / TRIAL_STEPS;
        printf("stage %d (%s)\n  memory:     %.1f GiB\n  steps:      %d of %d images\n"
               "  time:       %.0f min (%.2f s a step over %d steps)\n",
               index + 1, stage.name, memory / (1 << 30), stage.options.steps,
               stage.options.batch_size, seconds * stage.options.steps / 60, seconds, TRIAL_STEPS);
    }
    train_stage_close(&stage);
    return status;
}

int train_dry_run(TrainPlan *plan, GaclipError *err)
{
    GaclipModel *model;
    int status = train_plan_model(&model, plan, err);
    if (status != GACLIP_OK) return status;
    printf("parameters:   %zu\n", gaclip_model_parameter_count(model, ""));
    for (int i = 0; i < plan->stage_count && status == GACLIP_OK; i++)
        status = try_stage(model, plan, i, err);
    gaclip_model_close(model);
    return status;
}
