#include "detailed_caption.h"

#include <stdlib.h>
#include <string.h>

static int is_repeated(const GaclipDatasetImage *image, int caption)
{
    for (int i = 0; i < caption; i++)
        if (!strcmp(image->captions[i], image->captions[caption])) return 1;
    return 0;
}

/* Caption sets often end a sentence in " .": without both, then with the one. */
static char *append_sentence(char *end, const char *text)
{
    size_t length = strlen(text);
    while (length > 0 && strchr(" .", text[length - 1])) length--;
    memcpy(end, text, length);
    return stpcpy(end + length, ". ");
}

int gaclip__detailed_caption(const char **out, const GaclipDatasetImage *image, GaclipPool *texts,
                             GaclipError *err)
{
    size_t room = 1;
    *out = image->detailed;
    if (*out || !image->caption_count) return GACLIP_OK;
    for (int i = 0; i < image->caption_count; i++) room += strlen(image->captions[i]) + 2;
    char *joined = malloc(room), *end = joined;
    for (int i = 0; joined && i < image->caption_count; i++)
        if (!is_repeated(image, i)) end = append_sentence(end, image->captions[i]);
    if (joined) *out = gaclip__pool_text(texts, joined, (size_t)(end - joined) - 1);
    free(joined);
    return *out ? GACLIP_OK : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}
