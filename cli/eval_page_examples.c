/* Pictures of successes and failures on the page. */
#include <cpl_conv.h>
#include <stdlib.h>

#include "eval_page.h"
#include "page.h"
#include "picture.h"

static const char *const RIGHT = "#1fbf4b", *const WRONG = "#ff3b30", *const MISSED = "#ffd60a";

/* One section: what is shown, and whether it is right. */
typedef struct Examples {
    FILE *out;
    const EvalReport *report;
    const EvalRun *run;
    int wants_right;
    /* Whether thing i of count belongs here, and how it is drawn. */
    int (*is_right)(const struct Examples *examples, int i);
    int (*draw)(const struct Examples *examples, int i, const GaclipSample *sample,
                GaclipError *err);
    int (*sample_of)(const struct Examples *examples, int i);
    int count;
} Examples;

static int answer_is_right(const Examples *e, int i)
{
    return e->run->accuracy.answers[i].rank == 0;
}

static int answer_sample(const Examples *e, int i)
{
    return e->run->accuracy.answers[i].sample;
}

/* What a candidate of an answer says. */
static const char *candidate_text(const Examples *e, const GaclipAnswer *answer,
                                  const GaclipSample *sample, int candidate)
{
    if (e->run->accuracy.class_count > 0) return e->run->accuracy.classes[candidate];
    const GaclipSampleRegion *region = &sample->regions[answer->region];
    return candidate == 0 ? region->description : region->negatives[candidate - 1];
}

static void print_answer(const Examples *e, const GaclipAnswer *answer, const GaclipSample *sample)
{
    fputs("<figcaption><b>", e->out);
    page_text(e->out, candidate_text(e, answer, sample, answer->truth));
    fprintf(e->out, "</b> <small>%.3f, place %d</small>", (double)answer->truth_cosine,
            answer->rank + 1);
    for (int k = 0; k < GACLIP_TOP && answer->top[k] >= 0 && k < 3; k++) {
        if (answer->top[k] == answer->truth) continue;
        fputs("<br>", e->out);
        page_text(e->out, candidate_text(e, answer, sample, answer->top[k]));
        fprintf(e->out, " <small>%.3f</small>", (double)answer->cosine[k]);
    }
    fputs("</figcaption>", e->out);
}

static int draw_answer(const Examples *e, int i, const GaclipSample *sample, GaclipError *err)
{
    const GaclipAnswer *answer = &e->run->accuracy.answers[i];
    const GaclipBox *box = answer->region < 0 ? NULL : &sample->regions[answer->region].box;
    Picture picture;
    int status = picture_take(&picture, &sample->image, box, PICTURE_SIDE, err);
    if (status == GACLIP_OK) status = picture_begin(e->out, &picture, err);
    if (status == GACLIP_OK) {
        if (box != NULL)
            picture_box(e->out, &picture, box, e->wants_right ? RIGHT : WRONG, 0, NULL);
        fputs("</svg>", e->out);
        print_answer(e, answer, sample);
    }
    picture_clear(&picture);
    return status;
}

static int query_is_right(const Examples *e, int i)
{
    return e->run->retrieval.image_rank[i] == 0;
}

static int query_sample(const Examples *e, int i)
{
    return e->run->retrieval.samples[i];
}

static int draw_query(const Examples *e, int i, const GaclipSample *sample, GaclipError *err)
{
    const GaclipRetrieval *r = &e->run->retrieval;
    Picture picture;
    int status = picture_take(&picture, &sample->image, NULL, PICTURE_SIDE, err);
    if (status == GACLIP_OK) status = picture_begin(e->out, &picture, err);
    picture_clear(&picture);
    if (status != GACLIP_OK) return status;
    fprintf(e->out, "</svg><figcaption><span class=\"%s\">", e->wants_right ? "right" : "wrong");
    page_text(e->out, r->texts[r->image_best[i]]);
    fputs("</span>", e->out);
    if (!e->wants_right) {
        fputs("<br>", e->out);
        page_text(e->out, sample->captions[0]);
        fprintf(e->out, " <small>own captions: best at place %d</small>", r->image_rank[i] + 1);
    }
    fputs("</figcaption>", e->out);
    return GACLIP_OK;
}

/* How the boxes of one image met. */
typedef struct Meeting {
    signed char *found; /* (found_count) as gaclip_eval_match says */
    unsigned char *met; /* (truth_count) */
    int wrong, missed;
} Meeting;

static void meeting_clear(Meeting *meeting)
{
    free(meeting->found);
    free(meeting->met);
    *meeting = (Meeting){0};
}

static int is_missed(const Meeting *meeting, const GaclipEvalImage *image, int truth)
{
    return !meeting->met[truth] && !image->truth_difficult[truth];
}

static int meet(Meeting *out, const Examples *e, const GaclipEvalImage *image, GaclipError *err)
{
    *out = (Meeting){malloc((size_t)image->found_count + 1), malloc((size_t)image->truth_count + 1),
                     0, 0};
    int status = out->found != NULL && out->met != NULL
                     ? gaclip_eval_match(out->found, out->met, image, e->report->options.iou,
                                         (float)e->run->detection.min_score, err)
                     : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    if (status != GACLIP_OK) {
        meeting_clear(out);
        return status;
    }
    for (int f = 0; f < image->found_count; f++) out->wrong += out->found[f] == 0;
    for (int t = 0; t < image->truth_count; t++) out->missed += is_missed(out, image, t);
    return GACLIP_OK;
}

/* An image whose boxes cannot be compared is not right; drawing it says why. */
static int image_is_right(const Examples *e, int i)
{
    Meeting meeting;
    if (meet(&meeting, e, &e->run->detection.images[i], NULL) != GACLIP_OK) return 0;
    int is_right = meeting.wrong == 0 && meeting.missed == 0;
    meeting_clear(&meeting);
    return is_right;
}

static int image_sample(const Examples *e, int i)
{
    return e->run->detection.samples[i];
}

static void draw_boxes(const Examples *e, const Picture *picture, const GaclipEvalImage *image,
                       const Meeting *meeting)
{
    const GaclipDetectionRow *rows = e->run->detection.rows;
    char title[160];
    for (int t = 0; t < image->truth_count; t++)
        if (is_missed(meeting, image, t))
            picture_box(e->out, picture, &image->truth_boxes[t], MISSED, 1,
                        rows[image->truth_labels[t]].name);
    for (int f = 0; f < image->found_count; f++) {
        if (meeting->found[f] == GACLIP_MATCH_IGNORED) continue;
        snprintf(title, sizeof title, "%s %.2f", rows[image->found_labels[f]].name,
                 (double)image->found_scores[f]);
        picture_box(e->out, picture, &image->found_boxes[f], meeting->found[f] ? RIGHT : WRONG, 0,
                    title);
    }
}

static int draw_image(const Examples *e, int i, const GaclipSample *sample, GaclipError *err)
{
    const GaclipEvalImage *image = &e->run->detection.images[i];
    Meeting meeting;
    Picture picture = {0};
    int status = meet(&meeting, e, image, err);
    if (status == GACLIP_OK)
        status = picture_take(&picture, &sample->image, NULL, PICTURE_SIDE, err);
    if (status == GACLIP_OK) status = picture_begin(e->out, &picture, err);
    if (status == GACLIP_OK) {
        draw_boxes(e, &picture, image, &meeting);
        fprintf(e->out, "</svg><figcaption>objects: %d, missed: %d, wrong: %d</figcaption>",
                image->truth_count, meeting.missed, meeting.wrong);
    }
    picture_clear(&picture);
    meeting_clear(&meeting);
    return status;
}

static int draw_example(const Examples *e, int i, GaclipError *err)
{
    const GaclipSampleSource *source = &e->report->data.view;
    GaclipSample sample;
    int status = source->at(&sample, source->payload, e->sample_of(e, i), err);
    if (status != GACLIP_OK) return status;
    fputs("<figure>", e->out);
    status = e->draw(e, i, &sample, err);
    fputs("<small>", e->out);
    page_text(e->out, CPLGetFilename(sample.name));
    fputs("</small></figure>\n", e->out);
    gaclip_sample_clear(&sample);
    return status;
}

/* Evenly from all that there are, so that the page does not flatter. */
static int draw_section(const Examples *e, const char *title, GaclipError *err)
{
    int there = 0, seen = 0, drawn = 0, status = GACLIP_OK, wanted = e->report->request->examples;
    for (int i = 0; i < e->count; i++) there += e->is_right(e, i) == e->wants_right;
    if (wanted > there) wanted = there;
    fprintf(e->out, "<h3>%s: %d of %d</h3>\n<div class=\"examples\">\n", title, there, e->count);
    for (int i = 0; i < e->count && drawn < wanted && status == GACLIP_OK; i++) {
        if (e->is_right(e, i) != e->wants_right) continue;
        if ((long)seen++ * wanted < (long)drawn * there) continue;
        status = draw_example(e, i, err);
        drawn++;
    }
    fputs("</div>\n", e->out);
    return status;
}

int eval_page_examples(FILE *out, const EvalReport *report, const EvalRun *run, GaclipError *err)
{
    Examples e = {.out = out, .report = report, .run = run, .wants_right = 1};
    if (report->request->examples == 0) return GACLIP_OK;
    if (report->request->protocol == EVAL_RETRIEVAL) {
        e.count = run->retrieval.images;
        e.is_right = query_is_right;
        e.sample_of = query_sample;
        e.draw = draw_query;
    } else if (report->request->protocol == EVAL_DETECT) {
        e.count = run->detection.image_count;
        e.is_right = image_is_right;
        e.sample_of = image_sample;
        e.draw = draw_image;
        fprintf(out,
                "<p><small>boxes with score &ge; %g: green right, red wrong; yellow, dashed: "
                "missed</small></p>\n",
                run->detection.min_score);
    } else {
        e.count = run->accuracy.answer_count;
        e.is_right = answer_is_right;
        e.sample_of = answer_sample;
        e.draw = draw_answer;
    }
    int status = draw_section(&e, "Successes", err);
    e.wants_right = 0;
    return status == GACLIP_OK ? draw_section(&e, "Failures", err) : status;
}
