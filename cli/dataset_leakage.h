/* What gaclip-dataset leakage was asked and what it found. */
#ifndef GACLIP_CLI_DATASET_LEAKAGE_H
#define GACLIP_CLI_DATASET_LEAKAGE_H

#include "gaclip/dataset_leakage.h"
#include "progress.h"

typedef struct LeakageRequest {
    const char *train, *test; /* test NULL: another split of train */
    const char *train_split, *test_split, *format, *model, *html;
    int list, threads, fail, json, overwrite, quiet;
    GaclipLeakageOptions options;
} LeakageRequest;

typedef struct LeakageReport {
    const LeakageRequest *request;
    GaclipDataset *train, *other; /* other NULL: test images are in train */
    GaclipLeakage leakage;
    int *image_order, *text_order; /* of its pairs, most alike first */
    Progress progress;
} LeakageReport;

/* Pairs by reason; one may count in several. */
typedef struct LeakageCounts {
    int same_file, same_pixels, alike, near;   /* of images */
    int same_text, lexical, near_text;         /* of texts */
    int images, texts;                         /* pairs in all */
    int test_images, test_texts, uses_of_text; /* test items concerned; how often those are said */
} LeakageCounts;

LeakageCounts leakage_counts(const LeakageReport *report);
int leakage_order(LeakageReport *report, GaclipError *err);

const GaclipDatasetImage *leakage_train_image(const LeakageReport *report, int index);
const GaclipDatasetImage *leakage_test_image(const LeakageReport *report, int index);

enum { LEAKAGE_LONGEST_REASON = 320 };
/* "same pixels; structure 0.98 (mirrored, 25 % of the training image)" */
void leakage_image_reason(char out[LEAKAGE_LONGEST_REASON], const GaclipImageLeak *leak);
void leakage_text_reason(char out[LEAKAGE_LONGEST_REASON], const GaclipTextLeak *leak);

void leakage_print(const LeakageReport *report);
int leakage_print_json(const LeakageReport *report, GaclipError *err);
int leakage_write_page(const LeakageReport *report, GaclipError *err);

#endif
