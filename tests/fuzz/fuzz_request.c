/* A libFuzzer target: anything as a connection string, and as the text of a .gaclip file. What is
 * read is written and read again, and has to come out the same. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "gaclip/request.h"

static void read_again(const GaclipRequest *request)
{
    GaclipRequest again;
    GaclipError err;
    char *text = request->file ? NULL : gaclip_request_string(request, NULL, NULL);
    if (text) {
        fuzz_expect(gaclip_request_parse(&again, text, &err) == 0, "a string of ours is refused");
        char *twice = gaclip_request_string(&again, NULL, NULL);
        fuzz_expect(twice && !strcmp(text, twice), "a string of ours changes");
        free(twice);
        gaclip_request_clear(&again);
    }
    free(text);
    text = gaclip_request_json(request, NULL);
    fuzz_expect(text != NULL, "no JSON");
    /* A scene that names a GACLIP dataset goes into no file. */
    if (gaclip_request_from_json(&again, text, strlen(text), "x.gaclip", &err) == 0)
        gaclip_request_clear(&again);
    free(text);
}

static void use(int status, GaclipRequest *request, const GaclipError *err)
{
    if (status) {
        fuzz_expect_message(err);
        return;
    }
    gaclip_request_check(request, NULL);
    read_again(request);
    gaclip_request_clear(request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    GaclipRequest request;
    GaclipError err = {0};
    char *text = malloc(size + 8);
    if (!text) return 0;
    snprintf(text, 8, "GACLIP:");
    memcpy(text + 7, data, size);
    text[7 + size] = '\0';
    gaclip_request_identify("x.gaclip", data, size);
    /* A name of a file would be read, which is another's business. */
    if (!strcasestr(text, ".gaclip"))
        use(gaclip_request_parse(&request, text, &err), &request, &err);
    err = (GaclipError){0};
    use(gaclip_request_from_json(&request, (const char *)data, size, "x.gaclip", &err), &request,
        &err);
    free(text);
    return 0;
}
