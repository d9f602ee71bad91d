/* CHOICE, questions with four answers each (An, Sun, Gui and He, 2025; its README.md): a folder a
 * task with "images" and "TASK.json", a list of {"id", "image_path", "question", "answer"}. The
 * question ends in lines "A.text" to "D.text" and the answer is a letter; in visual grounding it is
 * a list of corners, shares of the image.
 *
 * A question of letters becomes a region that is the whole image and no object: the right text as
 * description, the others as hard negatives, each behind the question unless all of them are
 * sentences of their own. Corners become an object of the class that the question names. */
#include <cpl_conv.h>
#include <cpl_string.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "dataset.h"
#include "folder.h"
#include "json_reader.h"

enum { MOST_ANSWERS = 8, LEAST_WORDS = 4, LONGEST_TEXT = 4096, MOST_CORNERS = 64 };

/* A question and its answers, cut out of a copy of the text. */
typedef struct Question {
    char *text, *answers[MOST_ANSWERS];
    int count;
} Question;

static void cut(Question *q, char *text)
{
    *q = (Question){.text = text};
    for (char *line = strchr(text, '\n'); line; line = strchr(line, '\n')) {
        *line++ = '\0';
        if (q->count < MOST_ANSWERS && line[0] == 'A' + q->count && line[1] == '.')
            q->answers[q->count++] = line + 2;
    }
}

static int count_words(const char *text)
{
    int count = 0;
    for (; *text; text++) count += *text != ' ' && (text[1] == ' ' || text[1] == '\0');
    return count;
}

static int stand_alone(const Question *q)
{
    for (int i = 0; i < q->count; i++)
        if (count_words(q->answers[i]) < LEAST_WORDS) return 0;
    return 1;
}

/* One of the answers as a text of its own. */
static int write_answer(const char **out, GaclipDataset *dataset, const Question *q, int answer,
                        GaclipError *err)
{
    char text[LONGEST_TEXT], name[LONGEST_TEXT];
    snprintf(name, sizeof name, "%s", q->answers[answer]);
    if (!strchr(name, ' ')) /* "medium_residential" */
        for (char *c = name; *c; c++)
            if (*c == '_') *c = ' ';
    if (stand_alone(q))
        snprintf(text, sizeof text, "%s", name);
    else
        snprintf(text, sizeof text, "%.2000s %.2000s", q->text, name);
    return gaclip__dataset_text(out, dataset, text, err);
}

static int add_question(GaclipDataset *dataset, int image, const Question *q, int right,
                        GaclipError *err)
{
    GaclipDatasetRegion region = {.box = {0, 0, 1, 1}, .class_index = -1};
    const char **negatives = gaclip__pool_bytes(&dataset->pool, MOST_ANSWERS * sizeof *negatives);
    if (!negatives) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int status = write_answer(&region.description, dataset, q, right, err);
    for (int i = 0; i < q->count && !status; i++)
        if (i != right)
            status = write_answer(&negatives[region.negative_count++], dataset, q, i, err);
    region.negatives = negatives;
    return status ? status : gaclip__dataset_add_region(dataset, image, &region, err);
}

static int read_letter(GaclipDataset *dataset, int image, const char *task, Question *q,
                       const GaclipJson *answer, GaclipError *err)
{
    const char *letter;
    int status = gaclip__json_text(&letter, answer, err);
    if (status) return status;
    if (q->count < 2)
        return gaclip__json_fail(answer, err,
                                 "its question has no lines \"A.\" and \"B.\" to answer with");
    int right = letter[0] - 'A';
    if (letter[1] || right < 0 || right >= q->count)
        return gaclip__json_fail(answer, err, "\"%.20s\" is none of the answers A to %c", letter,
                                 'A' + q->count - 1);
    if (!strcmp(task, "scene_classification"))
        status =
            gaclip__dataset_name(&dataset->images[image].scene, dataset, q->answers[right], err);
    return status ? status : add_question(dataset, image, q, right, err);
}

/* The envelope of corners that are shares of the image. */
static int read_corners(double box[4], const GaclipJson *answer, GaclipError *err)
{
    GaclipJson corner;
    int count = 0, status = GACLIP_OK;
    box[0] = box[1] = 1;
    box[2] = box[3] = 0;
    for (int more = gaclip__json_first(&corner, answer); more && !status;
         more = gaclip__json_next(&corner)) {
        double at[2];
        status = gaclip__json_numbers(at, 2, &corner, err);
        if (status) return status;
        if (!(at[0] >= -0.5 && at[0] <= 1.5 && at[1] >= -0.5 && at[1] <= 1.5))
            return gaclip__json_fail(&corner, err, "is no share of the image, 0 to 1");
        for (int i = 0; i < 2; i++) {
            box[i] = fmin(box[i], at[i]);
            box[i + 2] = fmax(box[i + 2], at[i]);
        }
        count++;
    }
    return count >= 2 && count <= MOST_CORNERS
               ? GACLIP_OK
               : gaclip__json_fail(answer, err, "has %d corners", count);
}

/* "... the coordinates of the soccer-ball-field in the image ..." */
static int read_grounding(GaclipDataset *dataset, int image, const Question *q,
                          const GaclipJson *answer, GaclipError *err)
{
    static const char BEFORE[] = "coordinates of the ", AFTER[] = " in the image";
    GaclipDatasetRegion region = {.is_object = 1};
    char *start = strstr(q->text, BEFORE), *end = start ? strstr(start, AFTER) : NULL;
    if (!end || end == start + strlen(BEFORE))
        return gaclip__json_fail(answer, err,
                                 "is a list of corners, but the question does not ask for \"the "
                                 "coordinates of the NAME in the image\"");
    *end = '\0';
    int status = read_corners(region.box, answer, err);
    if (!status)
        status = gaclip__dataset_class(&region.class_index, dataset, start + strlen(BEFORE), err);
    return status ? status : gaclip__dataset_add_region(dataset, image, &region, err);
}

static int read_entry(const GaclipDatasetReading *r, const GaclipJson *at, GaclipError *err)
{
    GaclipJson member, answer;
    const char *name, *question;
    Question q;
    int image;
    int status = gaclip__json_object(at, err);
    if (!status) status = gaclip__json_need(&member, at, "image_path", err);
    if (!status) status = gaclip__json_text(&name, &member, err);
    if (!status) status = gaclip__json_need(&member, at, "question", err);
    if (!status) status = gaclip__json_text(&question, &member, err);
    if (!status) status = gaclip__json_need(&answer, at, "answer", err);
    if (!status) status = gaclip__dataset_add_file(&image, r, CPLGetFilename(name), err);
    if (status) return status;
    r->dataset->images[image].is_annotated = 0; /* one of the objects, or none */
    char *copy = CPLStrdup(question);
    cut(&q, copy);
    status = cJSON_IsArray(answer.value)
                 ? read_grounding(r->dataset, image, &q, &answer, err)
                 : read_letter(r->dataset, image, r->name, &q, &answer, err);
    CPLFree(copy);
    return status;
}

static int read_file(const GaclipDatasetReading *r, GaclipError *err)
{
    GaclipJson root, item;
    int status = gaclip__json_open(&root, r->path, err);
    if (status) return status;
    status = gaclip__json_array(&root, err);
    for (int more = !status && gaclip__json_first(&item, &root); more && !status;
         more = gaclip__json_next(&item))
        status = read_entry(r, &item, err);
    gaclip__json_close(&root);
    return status;
}

/* A folder of a task is read; others are searched. Masks are not read. */
static int read_folder(const GaclipDatasetReading *r, const char *folder, int depth, int *read,
                       GaclipError *err)
{
    static const char MASKS[] = "referring_expression_segmentation";
    char **names;
    const char *task = CPLGetBasename(folder);
    if (!strcmp(task, MASKS) || depth > 4) return GACLIP_OK;
    char *name = CPLStrdup(task), *file = CPLStrdup(CPLFormFilename(folder, task, "json"));
    char *images = CPLStrdup(CPLFormFilename(folder, "images", NULL));
    int status = GACLIP_OK, is_task = gaclip__is_file(file) && gaclip__is_folder(images);
    if (is_task) {
        GaclipDatasetReading reading = *r;
        reading.path = file;
        reading.folder = images;
        reading.name = name;
        if (!reading.source) reading.source = "CHOICE";
        status = read_file(&reading, err);
        ++*read;
    }
    CPLFree(name);
    CPLFree(file);
    CPLFree(images);
    if (is_task || status) return status;
    status = gaclip__folder_names(&names, folder, err);
    for (int i = 0; names && names[i] && !status; i++) {
        char *inner = CPLStrdup(CPLFormFilename(folder, names[i], NULL));
        if (gaclip__is_folder(inner)) status = read_folder(r, inner, depth + 1, read, err);
        CPLFree(inner);
    }
    CSLDestroy(names);
    return status;
}

int gaclip__dataset_read_choice(const GaclipDatasetReading *r, GaclipError *err)
{
    int read = 0;
    if (!gaclip__is_folder(r->path)) return read_file(r, err);
    int status = read_folder(r, r->path, 0, &read, err);
    if (status || read) return status;
    return gaclip_error_set(err, GACLIP_ERROR_EMPTY,
                            "%s: has no task of CHOICE, a folder with \"images\" and a JSON file "
                            "of the folder's name",
                            r->path);
}
