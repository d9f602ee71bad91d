#include "base/blas_threads.h"

#include <cblas.h>
#include <pthread.h>

#if GACLIP_WITH_ONEDNN
/* Of the OpenMP runtime that oneDNN is linked with; not from omp.h, which not every compiler has.
 */
int omp_get_max_threads(void);
void omp_set_num_threads(int threads);
#endif

/* The sections that run now, in whatever thread, and what the first of them found. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int sections, threads_before;

static void enter_openblas(void)
{
    pthread_mutex_lock(&lock);
    if (sections++ == 0) {
        threads_before = openblas_get_num_threads();
        if (threads_before != 1) openblas_set_num_threads(1);
    }
    pthread_mutex_unlock(&lock);
}

static void leave_openblas(void)
{
    pthread_mutex_lock(&lock);
    if (--sections == 0 && threads_before != 1) openblas_set_num_threads(threads_before);
    pthread_mutex_unlock(&lock);
}

int gaclip__blas_single_thread(void)
{
    enter_openblas();
    return gaclip__blas_worker_thread();
}

void gaclip__blas_restore_threads(int before)
{
#if GACLIP_WITH_ONEDNN
    omp_set_num_threads(before);
#else
    (void)before;
#endif
    leave_openblas();
}

int gaclip__blas_worker_thread(void)
{
#if GACLIP_WITH_ONEDNN
    int before = omp_get_max_threads();
    omp_set_num_threads(1);
    return before;
#else
    return 1;
#endif
}
