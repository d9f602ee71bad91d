/* The pool is the only source of parallelism: inside it, every matrix product runs on the thread
 * that called it. oneDNN's threads come from OpenMP, whose setting belongs to the calling thread;
 * OpenBLAS' setting belongs to the process. */
#ifndef GACLIP_BASE_BLAS_THREADS_H
#define GACLIP_BASE_BLAS_THREADS_H

/* Returns the calling thread's former OpenMP thread count, for the other function. */
int gaclip__blas_single_thread(void);
void gaclip__blas_restore_threads(int before);

#endif
