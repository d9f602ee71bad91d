/* Training from a raster and a layer of annotations. */
#include "train_model.h"
#include "train_plan.h"

/* The share of samples around an annotation; the others are honest negatives. */
static const double OBJECT_SHARE = 0.7;

static int open_annotations(TrainPlan *plan, GaclipError *err)
{
    const TrainRequest *request = plan->request;
    GaclipAnnotationOptions options;
    gaclip_annotation_options_init(&options);
    options.layer = request->layer;
    options.class_field = request->class_field;
    options.class_name = request->class_name;
    options.where = request->where;
    return gaclip_annotations_open(&plan->annotations, request->annotations, plan->raster, &options,
                                   err);
}

int train_scene_open(TrainPlan *plan, GaclipError *err)
{
    GaclipRasterOptions options;
    gaclip_raster_options_init(&options);
    int status = raster_arguments_apply(&options, &plan->request->raster, err);
    if (status == GACLIP_OK)
        status = gaclip_raster_open(&plan->raster, plan->request->scene, &options, err);
    if (status == GACLIP_OK) status = open_annotations(plan, err);
    if (status == GACLIP_OK)
        status = gaclip_scene_source_new(&plan->source, plan->raster, plan->annotations,
                                         OBJECT_SHARE, err);
    return status;
}

static void set_options(GaclipTrainOptions *options, const TrainRequest *request)
{
    gaclip_train_options_init(options);
    if (request->steps > 0) options->steps = request->steps;
    if (request->batch_size > 0) options->batch_size = request->batch_size;
    if (request->learning_rate > 0) options->learning_rate = request->learning_rate;
    if (request->seed >= 0) options->seed = (uint64_t)request->seed;
    options->micro_batch = request->micro_batch;
    options->recompute = request->recompute;
}

int train_scene_model(GaclipModel **out, TrainPlan *plan, GaclipError *err)
{
    GaclipTrainOptions options;
    set_options(&options, plan->request);
    return train_build_model(out, plan->request, &options, plan->raster, plan->annotations,
                             plan->compute, err);
}

int train_scene_stage(TrainStage *stage, TrainPlan *plan, GaclipError *err)
{
    set_options(&stage->options, plan->request);
    stage->name = "scene";
    stage->source = gaclip_scene_source_view(plan->source);
    return gaclip_compute_set_precision(plan->compute, GACLIP_PRECISION_AUTO, err);
}
