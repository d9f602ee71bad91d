#include "page.h"

#include <stdlib.h>

#include "files.h"

static const char STYLE[] =
    "body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:75rem;padding:0 1rem;"
    "color:#222;background:#fff}"
    "h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem;border-bottom:1px solid #ccc}"
    "h3{font-size:1rem}"
    "table{border-collapse:collapse;margin:1rem 0}"
    "th,td{padding:.2rem .6rem;text-align:right;border-bottom:1px solid #e5e5e5}"
    "th:first-child,td:first-child{text-align:left}"
    ".wide{overflow-x:auto}"
    ".matrix{font-size:12px}.matrix td,.matrix th{padding:.15rem .3rem;border:1px solid #eee}"
    ".matrix thead th{writing-mode:vertical-rl;text-align:left}"
    ".matrix .truth{outline:1px solid #777;outline-offset:-1px}"
    ".examples{display:flex;flex-wrap:wrap;gap:1rem}"
    "figure{margin:0;width:15rem;overflow-wrap:anywhere}figure "
    "svg{width:100%;height:auto;display:block;background:#eee}"
    "figcaption{font-size:13px}.right{color:#176d2b}.wrong{color:#a3161a}"
    "small{color:#666}";

void page_begin(FILE *out, const char *title)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width\">\n<title>",
          out);
    page_text(out, title);
    fprintf(out, "</title>\n<style>%s</style>\n</head>\n<body>\n<h1>", STYLE);
    page_text(out, title);
    fputs("</h1>\n", out);
}

void page_end(FILE *out)
{
    fputs("</body>\n</html>\n", out);
}

void page_text(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        switch (*text) {
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        default:
            fputc(*text, out);
        }
    }
}

int page_write(const char *path, PagePrint *print, const void *payload, GaclipError *err)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    if (out == NULL) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int status = print(out, payload, err);
    if (fclose(out) != 0 && status == GACLIP_OK)
        status = gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory for the page");
    if (status == GACLIP_OK) status = file_write(path, text, size, err);
    free(text);
    return status;
}
