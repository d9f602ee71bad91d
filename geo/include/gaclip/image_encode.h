/* Images as files, and as files inside of other texts: data addresses of pages, requests. */
#ifndef GACLIP_IMAGE_ENCODE_H
#define GACLIP_IMAGE_ENCODE_H

#include "gaclip/error.h"
#include "gaclip/image.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum GaclipImageCoding {
    GACLIP_IMAGE_PNG, /* exact */
    GACLIP_IMAGE_JPEG /* a fifth of that size, quality 90 */
} GaclipImageCoding;

/* "image/png" */
GACLIP_API const char *gaclip_image_media_type(GaclipImageCoding coding);

/* The file in base 64, without its mask. The caller frees *base64 with CPLFree. */
GACLIP_API int gaclip_image_encode(char **base64, const GaclipImage *image,
                                   GaclipImageCoding coding, GaclipError *err);

/* Writes the file as a whole, without its mask, over one that is there. */
GACLIP_API int gaclip_image_write(const char *path, const GaclipImage *image,
                                  GaclipImageCoding coding, GaclipError *err);

#ifdef __cplusplus
}
#endif
#endif
