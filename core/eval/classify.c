/* Zero-shot classification of whole images. */
#include "eval/accuracy.h"

typedef struct Classification {
    GaclipAccuracy *out;
    int capacity;
    GaclipImageQueue queue;
    GaclipNames names;
} Classification;

static int visit(const GaclipSample *sample, int index, void *payload, GaclipError *err)
{
    Classification *c = payload;
    if (!sample->scene) {
        c->out->skipped++;
        return GACLIP_OK;
    }
    int status = gaclip__ask(c->out, &c->capacity, index, -1, err);
    if (!status) status = gaclip__lent_names_add(&c->names, sample->scene, err);
    return status ? status : gaclip__image_queue_add_whole(&c->queue, &sample->image, err);
}

int gaclip_eval_classify(GaclipAccuracy *out, GaclipModel *model, const GaclipSampleSource *source,
                         const GaclipEvalOptions *options, GaclipError *err)
{
    *out = (GaclipAccuracy){0};
    Classification c = {.out = out};
    int status = gaclip__image_queue_init(&c.queue, model, err);
    if (!status) status = gaclip__walk(source, options, visit, &c, err);
    if (!status) status = gaclip__image_queue_flush(&c.queue, err);
    if (!status) status = gaclip__answer_classes(out, model, &c.queue.out, &c.names, options, err);
    if (!status && out->class_count == 1)
        status = gaclip_error_set(err, GACLIP_ERROR_EMPTY,
                                  "all images are of one class, \"%s\", so nothing is to be told "
                                  "apart; of a folder, name that whose folders are the classes",
                                  out->classes[0]);
    gaclip__image_queue_clear(&c.queue);
    gaclip__lent_names_clear(&c.names);
    if (status) gaclip_accuracy_clear(out);
    return status;
}
