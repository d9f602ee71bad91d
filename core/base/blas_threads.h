/* The pool is the only source of parallelism: inside it, every matrix product runs on the thread
 * that called it. oneDNN's threads come from OpenMP, whose setting belongs to the calling thread;
 * OpenBLAS' setting belongs to the process, and a program that loads the library may want its own:
 * it is 1 while a section between the first two functions runs, in any thread, and then as before.
 */
#ifndef GACLIP_BASE_BLAS_THREADS_H
#define GACLIP_BASE_BLAS_THREADS_H

/* Returns the calling thread's former OpenMP thread count, for the second function. */
int gaclip__blas_single_thread(void);
void gaclip__blas_restore_threads(int before);
/* For a thread that works in such sections alone; returns as the first one does. */
int gaclip__blas_worker_thread(void);

#endif
