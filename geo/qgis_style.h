/* QGIS's default style of a layer, as its QML document. */
#ifndef GACLIP_GEO_QGIS_STYLE_H
#define GACLIP_GEO_QGIS_STYLE_H

/* The colour of class number index: red, green, blue. Lent. */
const unsigned char *gaclip__class_colour(int index);

/* Outlines coloured by the field "class" and a label of class and score; the caller frees it with
 * free(); NULL when memory is short. */
char *gaclip__qgis_style(const char *const *classes, int class_count);

/* The style with the classes of another one behind its own, whose colours stay; the caller frees it
 * with free(). NULL where it is not as gaclip__qgis_style makes them: somebody has changed it. */
char *gaclip__qgis_style_join(const char *style, const char *other);

#endif
