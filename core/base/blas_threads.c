#include "base/blas_threads.h"

#include <cblas.h>

#if GACLIP_WITH_ONEDNN
/* Of the OpenMP runtime that oneDNN is linked with; not from omp.h, which not every compiler has.
 */
int omp_get_max_threads(void);
void omp_set_num_threads(int threads);
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
