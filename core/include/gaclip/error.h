/* Status codes and error messages.
 *
 * Every function that can fail returns an int: GACLIP_OK (0) or a negative GaclipStatus. The
 * message (what, where, which file, what to do) goes into the caller's GaclipError, the last
 * parameter, which may be NULL. Out-parameters come first and are left untouched, or set to
 * NULL, on failure. Nothing in the library prints, exits or aborts. */
#ifndef GACLIP_ERROR_H
#define GACLIP_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define GACLIP_API                 __attribute__((visibility("default")))
#define GACLIP_PRINTF(text, first) __attribute__((format(printf, text, first)))
#else
#define GACLIP_API
#define GACLIP_PRINTF(text, first)
#endif

typedef enum GaclipStatus {
    GACLIP_OK = 0,
    GACLIP_ERROR_MEMORY = -1,      /* an allocation failed */
    GACLIP_ERROR_ARGUMENT = -2,    /* an option or argument is out of its range */
    GACLIP_ERROR_IO = -3,          /* a file cannot be opened, read or written */
    GACLIP_ERROR_FORMAT = -4,      /* a file is damaged or not what it should be */
    GACLIP_ERROR_UNSUPPORTED = -5, /* valid, but not something that gaclip can do */
    GACLIP_ERROR_EXISTS = -6,      /* the output exists and overwriting was not asked for */
    GACLIP_ERROR_INTERRUPTED = -7, /* the caller's progress callback asked to stop */
    GACLIP_ERROR_EMPTY = -8        /* nothing to work on: no boxes, no classes, no valid pixels */
} GaclipStatus;

typedef struct GaclipError {
    int status;         /* a GaclipStatus */
    char message[4096]; /* one line, no trailing newline; "" when status is GACLIP_OK */
} GaclipError;

/* Sets *err (when not NULL) and returns status, so that a failing function ends in
 * `return gaclip_error_set(err, GACLIP_ERROR_IO, "...")`. Control characters in the text
 * (from a file name, say) become spaces: a message stays one line. */
GACLIP_API int gaclip_error_set(GaclipError *err, int status, const char *format, ...)
    GACLIP_PRINTF(3, 4);

/* Puts "context: " before the message that *err already holds and returns its status. */
GACLIP_API int gaclip_error_prefix(GaclipError *err, const char *format, ...) GACLIP_PRINTF(2, 3);

GACLIP_API void gaclip_error_clear(GaclipError *err);

#ifdef __cplusplus
}
#endif
#endif
