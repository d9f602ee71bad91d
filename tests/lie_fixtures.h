/* What gaclip_dataset_check finds in texts, honest ones and lies. */
#ifndef GACLIP_TESTS_LIE_FIXTURES_H
#define GACLIP_TESTS_LIE_FIXTURES_H

#include "dataset_fixtures.h"
#include "gaclip/dataset_tools.h"

enum { LONGEST = 8192 };

static inline void keep_finding(const char *place, const char *path, const char *what,
                                void *payload)
{
    char *text = payload;
    (void)path;
    snprintf(text + strlen(text), LONGEST - strlen(text), "%s %s\n", place, what);
}

/* Number of findings, which go into text (LONGEST). */
static inline int check(char *text, const GaclipDataset *dataset)
{
    GaclipDatasetEvents events = {.found = keep_finding, .payload = text};
    GaclipError err = {0};
    int problems;
    *text = '\0';
    expect_ok(gaclip_dataset_check(&problems, dataset, &events, &err), &err);
    return problems;
}

static inline void expect_honest(GaclipDataset *dataset)
{
    char findings[LONGEST];
    if (check(findings, dataset)) fail_msg("%s", findings);
    gaclip_dataset_free(dataset);
}

/* In the honest text, the first place of part says something else: that is found in the dataset
 * which make makes of it. */
static inline void expect_lie(const char *honest, GaclipDataset *(*make)(const char *text),
                              const char *part, const char *lie, const char *finding)
{
    const char *at = strstr(honest, part);
    char text[2 * LONGEST], findings[LONGEST];
    if (!at) fail_msg("no %s", part);
    snprintf(text, sizeof text, "%.*s%s%s", (int)(at - honest), honest, lie, at + strlen(part));
    GaclipDataset *dataset = make(text);
    check(findings, dataset);
    if (!strstr(findings, finding))
        fail_msg("\"%s\" in place of \"%s\": no \"%s\" in:\n%s", lie, part, finding, findings);
    gaclip_dataset_free(dataset);
}

#endif
