#include "detect/windows.h"

int gaclip__window_count(int length, int size, int overlap)
{
    int step = size - overlap;
    return length <= size ? 1 : (length - size + step - 1) / step + 1;
}

int gaclip__window_start(int index, int length, int size, int overlap)
{
    int start = index * (size - overlap);
    if (length <= size) return 0;
    return start > length - size ? length - size : start;
}
