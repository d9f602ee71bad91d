#include "print_json.h"

#include <stdio.h>

int print_json(cJSON *root, GaclipError *err)
{
    char *text = cJSON_Print(root);
    cJSON_Delete(root);
    if (text == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    puts(text);
    cJSON_free(text);
    return GACLIP_OK;
}
