#include "eval_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "gaclip/default_model.h"
#include "progress.h"

static const char *const REGIONS[] = {"roi", "crop", "both"}; /* in GaclipRegionMode's order */

static int find_mode(GaclipRegionMode *out, const char *name, GaclipError *err)
{
    for (int i = 0; i < 3; i++)
        if (!strcmp(name, REGIONS[i])) {
            *out = (GaclipRegionMode)i;
            return GACLIP_OK;
        }
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "--region %s: choose of roi, crop, both",
                            name);
}

static int set_options(EvalReport *report, GaclipError *err)
{
    const EvalRequest *request = report->request;
    GaclipEvalOptions *options = &report->options;
    gaclip_eval_options_init(options);
    options->limit = request->limit;
    options->classes = report->data.class_count > 0 ? report->data.classes : NULL;
    options->class_count = report->data.class_count;
    options->novel = report->data.novel;
    options->novel_count = report->data.novel_count;
    options->iou = request->iou;
    options->min_score = request->min_score;
    options->detect.nms_iou = (float)request->nms_iou;
    options->detect.octaves = request->octaves;
    options->detect.finer = request->finer;
    options->detect.independent = request->independent;
    int status = model_arguments_apply(&options->detect, &request->how, err);
    if (status != GACLIP_OK) return status;
    options->resamples = request->resamples;
    options->seed = (uint64_t)request->seed;
    if (request->view == NULL || !strcmp(request->view, "image")) return GACLIP_OK;
    options->view = GACLIP_VIEW_WINDOW;
    if (!strcmp(request->view, "window")) return GACLIP_OK;
    return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT, "--view %s: choose image or window",
                            request->view);
}

/* The prompt templates asked for, or none: those of each model. */
static int gather_prompts(TextList *prompts, const EvalRequest *request, GaclipError *err)
{
    int status = GACLIP_OK;
    if (request->prompt != NULL)
        status = text_list_add(prompts, request->prompt, strlen(request->prompt), err);
    if (status == GACLIP_OK && request->prompts_file != NULL)
        status = file_read_lines(prompts, request->prompts_file, err);
    for (int i = 0; i < prompts->count && status == GACLIP_OK; i++)
        if (strstr(prompts->items[i], "{}") == NULL)
            status =
                gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                 "the prompt \"%s\" has no {} for the class", prompts->items[i]);
    return status;
}

static int take_prompts(EvalRun *run, const GaclipModel *model, GaclipError *err)
{
    size_t count = gaclip_model_text_count(model, GACLIP_TEMPLATES);
    int status = GACLIP_OK;
    for (size_t i = 0; i < count && status == GACLIP_OK; i++) {
        const char *prompt = gaclip_model_text_at(model, GACLIP_TEMPLATES, i);
        status = text_list_add(&run->prompts, prompt, strlen(prompt), err);
    }
    return status;
}

/* What is told of a model after it is closed. */
static int describe(EvalRun *run, GaclipModel *model, GaclipError *err)
{
    run->side = gaclip_model_config(model)->vision.image_size;
    run->sha256 = strdup(gaclip_model_sha256(model));
    if (run->sha256 == NULL || asprintf(&run->label, "%s%s%s", run->model, run->region ? ", " : "",
                                        run->region ? run->region : "") < 0)
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    return take_prompts(run, model, err);
}

static int on_image(int done, int total, void *payload)
{
    return progress_update(payload, done, total, NULL);
}

static int measure(EvalRun *run, const EvalReport *report, GaclipModel *model, GaclipError *err)
{
    Progress progress;
    GaclipEvalOptions options = report->options;
    const GaclipSampleSource *source = &report->data.view;
    options.progress = on_image;
    options.payload = &progress;
    int status = run->region ? find_mode(&options.mode, run->region, err) : GACLIP_OK;
    if (status != GACLIP_OK) return status;
    progress_begin(&progress, "images", report->request->quiet);
    switch (report->request->protocol) {
    case EVAL_RETRIEVAL:
        status = gaclip_eval_retrieval(&run->retrieval, model, source, &options, err);
        break;
    case EVAL_CLASSIFY:
        status = gaclip_eval_classify(&run->accuracy, model, source, &options, err);
        break;
    case EVAL_REGIONS:
        status = gaclip_eval_regions(&run->accuracy, model, source, &options, err);
        break;
    case EVAL_FINE_GRAINED:
        status = gaclip_eval_fine_grained(&run->accuracy, model, source, &options, err);
        break;
    case EVAL_DETECT:
        status = gaclip_eval_detect(&run->detection, model, source, &options, err);
        break;
    }
    progress_end(&progress);
    run->seconds = progress_seconds(&progress);
    if (status == GACLIP_ERROR_EMPTY) gaclip_error_prefix(err, "%s", report->request->dataset);
    if (status == GACLIP_ERROR_FORMAT) gaclip_error_prefix(err, "%s", run->model);
    return status;
}

/* One model, in every way that its regions are to be embedded. */
static int run_model(EvalReport *report, const char *path, const TextList *prompts,
                     GaclipCompute *compute, GaclipError *err)
{
    GaclipModel *model = NULL, *proposer = NULL;
    const TextList *regions = &report->request->regions;
    int ways = regions->count > 0 ? regions->count : 1;
    int status = gaclip_model_open(&model, path, compute, err);
    if (status == GACLIP_OK && report->request->protocol == EVAL_DETECT)
        status =
            gaclip_open_proposer(&proposer, model, report->request->how.proposals, compute, err);
    report->options.detect.proposer = proposer;
    if (status == GACLIP_OK && prompts->count > 0)
        status =
            gaclip_model_set_texts(model, GACLIP_TEMPLATES, (const char *const *)prompts->items,
                                   (size_t)prompts->count, err);
    for (int i = 0; i < ways && status == GACLIP_OK; i++) {
        EvalRun *run = &report->runs[report->run_count++];
        *run = (EvalRun){.model = path, .region = regions->count > 0 ? regions->items[i] : NULL};
        status = describe(run, model, err);
        if (status == GACLIP_OK) status = measure(run, report, model, err);
    }
    report->options.detect.proposer = NULL;
    gaclip_model_close(model);
    gaclip_model_close(proposer);
    return status;
}

static int run_models(EvalReport *report, GaclipError *err)
{
    const EvalRequest *request = report->request;
    const char *usual = NULL;
    int count = request->models.count, ways = request->regions.count;
    TextList prompts = {0};
    GaclipCompute *compute = NULL;
    int status = count == 0 ? gaclip_choose_model(&usual, NULL, err) : GACLIP_OK;
    if (status) return status;
    report->runs = calloc((size_t)(count > 0 ? count : 1) * (size_t)(ways > 0 ? ways : 1),
                          sizeof *report->runs);
    status = report->runs == NULL ? gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory")
                                  : gather_prompts(&prompts, request, err);
    if (status == GACLIP_OK)
        status = gaclip_compute_new(&compute, request->threads, GACLIP_BACKEND_AUTO, err);
    if (status == GACLIP_OK) status = model_arguments_precision(compute, &request->how, err);
    if (status == GACLIP_OK && count == 0)
        status = run_model(report, usual, &prompts, compute, err);
    for (int i = 0; i < count && status == GACLIP_OK; i++)
        status = run_model(report, request->models.items[i], &prompts, compute, err);
    gaclip_compute_free(compute);
    text_list_clear(&prompts);
    return status;
}

/* Wrong words are told before any work is done. */
static int check_regions(const EvalRequest *request, GaclipError *err)
{
    GaclipRegionMode mode;
    int status = GACLIP_OK;
    for (int i = 0; i < request->regions.count && status == GACLIP_OK; i++)
        status = find_mode(&mode, request->regions.items[i], err);
    return status;
}

int eval_run_all(EvalReport *out, const EvalRequest *request, GaclipError *err)
{
    *out = (EvalReport){.request = request};
    int status = check_regions(request, err);
    if (status == GACLIP_OK && request->html != NULL)
        status = file_check_output(request->html, request->overwrite, err);
    if (status == GACLIP_OK) status = eval_data_open(&out->data, request, err);
    if (status == GACLIP_OK) status = set_options(out, err);
    return status == GACLIP_OK ? run_models(out, err) : status;
}

void eval_report_clear(EvalReport *report)
{
    for (int i = 0; i < report->run_count; i++) {
        EvalRun *run = &report->runs[i];
        free(run->label);
        free(run->sha256);
        text_list_clear(&run->prompts);
        gaclip_retrieval_clear(&run->retrieval);
        gaclip_accuracy_clear(&run->accuracy);
        gaclip_detection_result_clear(&run->detection);
    }
    free(report->runs);
    eval_data_close(&report->data);
}
