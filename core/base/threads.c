#include "base/threads.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/blas_threads.h"

struct GaclipThreads {
    int threads;
    pthread_t *workers; /* (threads - 1) */
    pthread_mutex_t lock;
    pthread_cond_t wake, done;
    unsigned long generation; /* one more for every loop */
    int running;              /* workers that have not finished the loop */
    int stop;
    GaclipTask *task;
    void *payload;
    int count;
    atomic_int next; /* the first index that nobody has taken */
};

typedef struct Start {
    GaclipThreads *pool;
    int worker;
} Start;

static void run_share(GaclipThreads *pool, int worker)
{
    GaclipTask *task = pool->task;
    void *payload = pool->payload;
    int count = pool->count, index;
    while ((index = atomic_fetch_add(&pool->next, 1)) < count) task(index, worker, payload);
}

static void *worker_main(void *argument)
{
    Start start = *(Start *)argument;
    free(argument);
    GaclipThreads *pool = start.pool;
    gaclip__blas_worker_thread();
    unsigned long seen = 0;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (pool->generation == seen && !pool->stop) pthread_cond_wait(&pool->wake, &pool->lock);
        if (pool->stop) break;
        seen = pool->generation;
        pthread_mutex_unlock(&pool->lock);
        run_share(pool, start.worker);
        pthread_mutex_lock(&pool->lock);
        if (--pool->running == 0) pthread_cond_signal(&pool->done);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static int start_worker(GaclipThreads *pool, int worker)
{
    Start *start = malloc(sizeof *start);
    if (!start) return -1;
    *start = (Start){pool, worker};
    if (pthread_create(&pool->workers[worker - 1], NULL, worker_main, start)) {
        free(start);
        return -1;
    }
    return 0;
}

int gaclip__threads_new(GaclipThreads **out, int threads, GaclipError *err)
{
    *out = NULL;
    GaclipThreads *pool = calloc(1, sizeof *pool);
    if (pool) pool->workers = calloc((size_t)threads, sizeof *pool->workers);
    if (!pool || !pool->workers) {
        free(pool);
        return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    }
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    pthread_cond_init(&pool->done, NULL);
    for (pool->threads = 1; pool->threads < threads; pool->threads++) {
        if (start_worker(pool, pool->threads)) {
            gaclip__threads_free(pool);
            return gaclip_error_set(err, GACLIP_ERROR_MEMORY,
                                    "cannot start %d threads; ask for fewer", threads);
        }
    }
    *out = pool;
    return GACLIP_OK;
}

void gaclip__threads_free(GaclipThreads *pool)
{
    if (!pool) return;
    pthread_mutex_lock(&pool->lock);
    pool->stop = 1;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 1; i < pool->threads; i++) pthread_join(pool->workers[i - 1], NULL);
    pthread_cond_destroy(&pool->done);
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->lock);
    free(pool->workers);
    free(pool);
}

int gaclip__threads_count(const GaclipThreads *pool)
{
    return pool->threads;
}

void gaclip__threads_run(GaclipThreads *pool, int count, GaclipTask *task, void *payload)
{
    int before = gaclip__blas_single_thread();
    if (pool->threads == 1 || count <= 1) {
        for (int index = 0; index < count; index++) task(index, 0, payload);
        gaclip__blas_restore_threads(before);
        return;
    }
    pthread_mutex_lock(&pool->lock);
    pool->task = task;
    pool->payload = payload;
    pool->count = count;
    atomic_store(&pool->next, 0);
    pool->running = pool->threads - 1;
    pool->generation++;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->lock);
    run_share(pool, 0);
    pthread_mutex_lock(&pool->lock);
    while (pool->running) pthread_cond_wait(&pool->done, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
    gaclip__blas_restore_threads(before);
}
