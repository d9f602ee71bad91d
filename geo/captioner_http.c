#include "captioner_http.h"

#ifdef GACLIP_WITH_CURL

#include <cpl_conv.h>
#include <cpl_string.h>
#include <curl/curl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* Longer answers are cut off as failures. */
static const size_t LONGEST_ANSWER = 1 << 20;

/* A pause asked for by the service is kept up to so many seconds. */
static const double LONGEST_PAUSE = 60;

struct GaclipCaptioner {
    const GaclipCaptionOptions *options;
    int (*should_stop)(void *payload);
    void *payload;
    CURL *curl;
    struct curl_slist *headers;
    char *url;
    char *answer; /* (size, with a zero behind) what has come of it */
    size_t size;
};

static size_t take_bytes(char *bytes, size_t one, size_t count, void *payload)
{
    GaclipCaptioner *c = payload;
    size_t size = one * count;
    if (c->size + size > LONGEST_ANSWER) return 0;
    char *answer = realloc(c->answer, c->size + size + 1);
    if (!answer) return 0;
    memcpy(answer + c->size, bytes, size);
    c->answer = answer;
    c->size += size;
    answer[c->size] = '\0';
    return size;
}

static int show_progress(void *payload, curl_off_t a, curl_off_t b, curl_off_t d, curl_off_t e)
{
    GaclipCaptioner *c = payload;
    (void)a;
    (void)b;
    (void)d;
    (void)e;
    return c->should_stop(c->payload);
}

/* "http://host/v1" is completed; a full address stays. */
static char *complete_url(const char *url)
{
    static const char END[] = "/chat/completions";
    size_t length = strlen(url), end = strlen(END);
    while (length && url[length - 1] == '/') length--;
    if (length >= end && !strncmp(url + length - end, END, end))
        return CPLStrdup(CPLSPrintf("%.*s", (int)length, url));
    return CPLStrdup(CPLSPrintf("%.*s%s", (int)length, url, END));
}

static int add_header(GaclipCaptioner *c, const char *text)
{
    struct curl_slist *list = curl_slist_append(c->headers, text);
    if (list) c->headers = list;
    return list != NULL;
}

static int add_key(GaclipCaptioner *c, const char *key)
{
    char *text = malloc(strlen(key) + 32);
    if (!text) return 0;
    sprintf(text, "Authorization: Bearer %s", key);
    int is_added = add_header(c, text);
    free(text);
    return is_added;
}

static int prepare(GaclipCaptioner *c, GaclipError *err)
{
    int is_ready = add_header(c, "Content-Type: application/json") && add_header(c, "Expect:");
    if (c->options->key) is_ready = is_ready && add_key(c, c->options->key);
    if (!is_ready) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    curl_easy_setopt(c->curl, CURLOPT_URL, c->url);
    curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, c->headers);
    curl_easy_setopt(c->curl, CURLOPT_USERAGENT, "gaclip/" GACLIP_VERSION);
    curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->curl, CURLOPT_TIMEOUT_MS, (long)(c->options->timeout * 1000));
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, c);
    curl_easy_setopt(c->curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(c->curl, CURLOPT_XFERINFOFUNCTION, show_progress);
    curl_easy_setopt(c->curl, CURLOPT_XFERINFODATA, c);
    return GACLIP_OK;
}

int gaclip__captioner_open(GaclipCaptioner **out, const GaclipCaptionOptions *options,
                           int (*should_stop)(void *payload), void *payload, GaclipError *err)
{
    *out = NULL;
    if (strncmp(options->url, "http://", 7) != 0 && strncmp(options->url, "https://", 8) != 0)
        return gaclip_error_set(err, GACLIP_ERROR_ARGUMENT,
                                "captioner %s: give an address that begins with http:// or "
                                "https://",
                                options->url);
    GaclipCaptioner *c = calloc(1, sizeof *c);
    if (!c) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    *c = (GaclipCaptioner){.options = options, .should_stop = should_stop, .payload = payload};
    c->url = complete_url(options->url);
    c->curl = curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK ? curl_easy_init() : NULL;
    int status = c->curl ? prepare(c, err)
                         : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "libcurl cannot start");
    if (status)
        gaclip__captioner_close(c);
    else
        *out = c;
    return status;
}

void gaclip__captioner_close(GaclipCaptioner *c)
{
    if (!c) return;
    if (c->curl) curl_easy_cleanup(c->curl);
    curl_slist_free_all(c->headers);
    curl_global_cleanup();
    CPLFree(c->url);
    free(c->answer);
    free(c);
}

static int pause_for(GaclipCaptioner *c, double seconds)
{
    for (; seconds > 0; seconds -= 0.1) {
        double now = fmin(seconds, 0.1);
        struct timespec t = {0, (long)(now * 1e9)};
        if (c->should_stop(c->payload)) return 0;
        nanosleep(&t, NULL);
    }
    return 1;
}

/* What of a response's body says why, on one line. */
static void describe_response(char reason[256], long http, const char *body)
{
    size_t used = (size_t)snprintf(reason, 256, "status %ld", http);
    if (body && *body) snprintf(reason + used, 256 - used, ": %.200s", body);
}

/* One request: 1 where it is answered, 0 where another try may help, else a failure. */
static int try_once(char reason[256], double *pause, GaclipCaptioner *c, GaclipError *err)
{
    long http = 0;
    curl_off_t wished = 0;
    c->size = 0;
    if (c->answer) c->answer[0] = '\0';
    CURLcode code = curl_easy_perform(c->curl);
    if (code == CURLE_ABORTED_BY_CALLBACK)
        return gaclip_error_set(err, GACLIP_ERROR_INTERRUPTED, "interrupted");
    snprintf(reason, 256, "%s", curl_easy_strerror(code));
    if (code != CURLE_OK) return 0;
    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &http);
    if (http >= 200 && http < 300 && c->size) return 1;
    describe_response(reason, http, c->size ? c->answer : "no content");
    curl_easy_getinfo(c->curl, CURLINFO_RETRY_AFTER, &wished);
    *pause = fmin(fmax(*pause, (double)wished), LONGEST_PAUSE);
    if (http == 429 || http >= 500 || (http >= 200 && http < 300)) return 0;
    return gaclip_error_set(err, GACLIP_ERROR_IO,
                            "the captioner at %s refuses: %s; check address, model and key", c->url,
                            reason);
}

int gaclip__captioner_ask(char **answer, char reason[256], GaclipCaptioner *c, const char *question,
                          GaclipError *err)
{
    double pause = c->options->patience;
    *answer = NULL;
    curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(question));
    curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, question);
    for (int i = 0; i <= c->options->retries; i++) {
        double wait = pause;
        int result = try_once(reason, &wait, c, err);
        if (result < 0) return result;
        if (result > 0) {
            *answer = c->answer;
            c->answer = NULL;
            c->size = 0;
            return GACLIP_OK;
        }
        if (i < c->options->retries && !pause_for(c, wait))
            return gaclip_error_set(err, GACLIP_ERROR_INTERRUPTED, "interrupted");
        pause *= 2;
    }
    return GACLIP_OK;
}

#else

#include <stddef.h>

int gaclip__captioner_open(GaclipCaptioner **out, const GaclipCaptionOptions *options,
                           int (*should_stop)(void *payload), void *payload, GaclipError *err)
{
    (void)should_stop;
    (void)payload;
    *out = NULL;
    return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                            "captioner %s: this gaclip was built without libcurl; install "
                            "libcurl4-openssl-dev and build again",
                            options->url);
}

void gaclip__captioner_close(GaclipCaptioner *captioner)
{
    (void)captioner;
}

int gaclip__captioner_ask(char **answer, char reason[256], GaclipCaptioner *captioner,
                          const char *question, GaclipError *err)
{
    (void)captioner;
    (void)question;
    *answer = NULL;
    reason[0] = '\0';
    return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED, "built without libcurl");
}

#endif
