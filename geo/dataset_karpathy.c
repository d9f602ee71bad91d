/* Caption sets in the JSON that Karpathy and Fei-Fei (2015) shared, as RSICD and UCM-Captions use
 * it: images[].filename, .split, .sentences[].raw; beside it "class", the class of the scene. */
#include <string.h>

#include "dataset.h"
#include "json_reader.h"

static int read_sentences(GaclipDataset *dataset, int image, const GaclipJson *list,
                          GaclipError *err)
{
    GaclipJson item, raw;
    int status = gaclip__json_array(list, err);
    if (status) return status;
    for (int more = gaclip__json_first(&item, list); more && !status;
         more = gaclip__json_next(&item)) {
        const char *text;
        status = gaclip__json_object(&item, err);
        if (!status) status = gaclip__json_need(&raw, &item, "raw", err);
        if (!status) status = gaclip__json_text(&text, &raw, err);
        if (!status) status = gaclip__dataset_add_caption(dataset, image, text, err);
    }
    return status;
}

static int read_image(const GaclipDatasetReading *r, const GaclipJson *image, GaclipError *err)
{
    GaclipDatasetReading reading = *r;
    GaclipJson member, sentences;
    const char *name, *scene = NULL;
    int index;
    int status = gaclip__json_object(image, err);
    if (!status) status = gaclip__json_need(&member, image, "filename", err);
    if (!status) status = gaclip__json_text(&name, &member, err);
    if (!status) status = gaclip__json_text_of(&reading.split, image, "split", err);
    if (!status) status = gaclip__json_text_of(&scene, image, "class", err);
    if (!status) status = gaclip__json_need(&sentences, image, "sentences", err);
    if (status) return status;
    /* COCO's validation images that the authors added to the training. */
    if (reading.split && !strcmp(reading.split, "restval")) reading.split = "train";
    status = gaclip__dataset_add_file(&index, &reading, name, err);
    if (!status)
        status = gaclip__dataset_name(&r->dataset->images[index].scene, r->dataset, scene, err);
    return status ? status : read_sentences(r->dataset, index, &sentences, err);
}

static int read_file(const GaclipDatasetReading *r, const GaclipJson *root, GaclipError *err)
{
    GaclipDatasetReading reading = *r;
    GaclipJson list, item;
    reading.is_annotated = 0; /* captions say nothing of the rest of an image */
    int status = gaclip__json_object(root, err);
    if (!status && !reading.source)
        status = gaclip__json_text_of(&reading.source, root, "dataset", err);
    if (!status) status = gaclip__json_need(&list, root, "images", err);
    if (!status) status = gaclip__json_array(&list, err);
    if (status) return status;
    for (int more = gaclip__json_first(&item, &list); more && !status;
         more = gaclip__json_next(&item))
        status = read_image(&reading, &item, err);
    return status;
}

int gaclip__dataset_read_karpathy(const GaclipDatasetReading *r, GaclipError *err)
{
    GaclipJson root;
    int status = gaclip__json_open(&root, r->path, err);
    if (status) return status;
    status = read_file(r, &root, err);
    gaclip__json_close(&root);
    return status;
}
