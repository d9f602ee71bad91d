/* Model-sized windows over an image: positions along one side. */
#ifndef GACLIP_DETECT_WINDOWS_H
#define GACLIP_DETECT_WINDOWS_H

/* Windows of size pixels that overlap by at least overlap, the last pulled back to the end; one at
 * 0 when length <= size. */
int gaclip__window_count(int length, int size, int overlap);
int gaclip__window_start(int index, int length, int size, int overlap);

#endif
