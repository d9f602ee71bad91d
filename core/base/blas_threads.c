#include "base/blas_threads.h"

#include <cblas.h>

#if GACLIP_WITH_ONEDNN
#include <omp.h>
#endif

int gaclip__blas_single_thread(void)
{
    if (openblas_get_num_threads() != 1) openblas_set_num_threads(1);
#if GACLIP_WITH_ONEDNN
    int before = omp_get_max_threads();
    omp_set_num_threads(1);
    return before;
#else
    return 1;
#endif
}

void gaclip__blas_restore_threads(int before)
{
#if GACLIP_WITH_ONEDNN
    omp_set_num_threads(before);
#else
    (void)before;
#endif
}
