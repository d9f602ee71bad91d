#include "base/bf16_products.h"

#include <stdlib.h>

#include "base/blas_threads.h"

#if GACLIP_WITH_ONEDNN
#include <oneapi/dnnl/dnnl.h>

enum { TRANSPOSES = 4 };

struct GaclipBf16Products {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    /* [transpose_a + 2 transpose_b][accumulate] */
    dnnl_primitive_t primitives[TRANSPOSES][2];
};

int gaclip__bf16_supported(void)
{
    int isa = (int)dnnl_get_effective_cpu_isa(), needed = (int)dnnl_cpu_isa_avx512_core_bf16;
    return isa != (int)dnnl_cpu_isa_all && (isa & needed) == needed;
}

static dnnl_status_t describe(dnnl_memory_desc_t *out, dnnl_data_type_t type, int transposed,
                              int64_t rows, int64_t columns, int64_t length)
{
    dnnl_dims_t dims = {rows, columns},
                strides = {transposed ? 1 : length, transposed ? length : 1};
    return dnnl_memory_desc_init_by_strides(out, 2, dims, type, strides);
}

static dnnl_status_t create_primitive(dnnl_primitive_t *out, dnnl_engine_t engine, int transpose_a,
                                      int transpose_b, int accumulate)
{
    const int64_t any = DNNL_RUNTIME_DIM_VAL;
    dnnl_memory_desc_t a, b, c;
    dnnl_matmul_desc_t product;
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_post_ops_t after = NULL;
    dnnl_primitive_desc_t description = NULL;
    dnnl_status_t status = describe(&a, dnnl_bf16, transpose_a, any, any, any);
    if (!status) status = describe(&b, dnnl_bf16, transpose_b, any, any, any);
    if (!status) status = describe(&c, dnnl_f32, 0, any, any, any);
    if (!status) status = dnnl_matmul_desc_init(&product, &a, &b, NULL, &c);
    if (!status) status = dnnl_primitive_attr_create(&attributes);
    if (!status) status = dnnl_post_ops_create(&after);
    if (!status && accumulate) status = dnnl_post_ops_append_sum(after, 1.0f);
    if (!status) status = dnnl_primitive_attr_set_post_ops(attributes, after);
    if (!status)
        status = dnnl_primitive_desc_create(&description, &product, attributes, engine, NULL);
    if (!status) status = dnnl_primitive_create(out, description);
    dnnl_primitive_desc_destroy(description);
    dnnl_post_ops_destroy(after);
    dnnl_primitive_attr_destroy(attributes);
    return status;
}

/* A primitive runs on as many threads as OpenMP had when it was created, whatever the setting is of
 * the thread that calls it. */
static dnnl_status_t create_all(GaclipBf16Products *products)
{
    dnnl_status_t status = dnnl_engine_create(&products->engine, dnnl_cpu, 0);
    if (!status)
        status = dnnl_stream_create(&products->stream, products->engine, dnnl_stream_default_flags);
    for (int t = 0; t < TRANSPOSES; t++)
        for (int accumulate = 0; accumulate < 2 && !status; accumulate++)
            status = create_primitive(&products->primitives[t][accumulate], products->engine, t & 1,
                                      t >> 1, accumulate);
    return status;
}

int gaclip__bf16_products_new(GaclipBf16Products **out, GaclipError *err)
{
    *out = NULL;
    if (!gaclip__bf16_supported())
        return gaclip_error_set(
            err, GACLIP_ERROR_UNSUPPORTED,
            "this processor cannot multiply bf16 (AVX512-BF16 or AMX); use f32");
    GaclipBf16Products *products = calloc(1, sizeof *products);
    if (!products) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int before = gaclip__blas_single_thread();
    dnnl_status_t status = create_all(products);
    gaclip__blas_restore_threads(before);
    if (status) {
        gaclip__bf16_products_free(products);
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "oneDNN cannot multiply bf16 here (its status %d); use f32",
                                (int)status);
    }
    *out = products;
    return GACLIP_OK;
}

void gaclip__bf16_products_free(GaclipBf16Products *products)
{
    if (!products) return;
    for (int t = 0; t < TRANSPOSES; t++)
        for (int accumulate = 0; accumulate < 2; accumulate++)
            dnnl_primitive_destroy(products->primitives[t][accumulate]);
    dnnl_stream_destroy(products->stream);
    dnnl_engine_destroy(products->engine);
    free(products);
}

static dnnl_status_t wrap(dnnl_memory_t *out, dnnl_engine_t engine, dnnl_data_type_t type,
                          int transposed, int rows, int columns, int length, const void *data)
{
    dnnl_memory_desc_t description;
    dnnl_status_t status = describe(&description, type, transposed, rows, columns, length);
    return status ? status : dnnl_memory_create(out, &description, engine, (void *)data);
}

int gaclip__bf16_multiply(const GaclipBf16Products *products, int transpose_a, int transpose_b,
                          int m, int n, int k, const uint16_t *a, int lda, const uint16_t *b,
                          int ldb, int accumulate, float *c, int ldc)
{
    dnnl_memory_t wrapped[3] = {NULL, NULL, NULL};
    dnnl_status_t status =
        wrap(&wrapped[0], products->engine, dnnl_bf16, transpose_a, m, k, lda, a);
    if (!status) status = wrap(&wrapped[1], products->engine, dnnl_bf16, transpose_b, k, n, ldb, b);
    if (!status) status = wrap(&wrapped[2], products->engine, dnnl_f32, 0, m, n, ldc, c);
    if (!status) {
        dnnl_exec_arg_t arguments[] = {
            {DNNL_ARG_SRC, wrapped[0]}, {DNNL_ARG_WEIGHTS, wrapped[1]}, {DNNL_ARG_DST, wrapped[2]}};
        status = dnnl_primitive_execute(
            products->primitives[(transpose_a != 0) + 2 * (transpose_b != 0)][accumulate != 0],
            products->stream, 3, arguments);
    }
    for (int i = 0; i < 3; i++) dnnl_memory_destroy(wrapped[i]);
    return status != dnnl_success;
}

#else

int gaclip__bf16_supported(void)
{
    return 0;
}

int gaclip__bf16_products_new(GaclipBf16Products **out, GaclipError *err)
{
    *out = NULL;
    return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                            "this build has no oneDNN, which bf16 needs; use f32");
}

void gaclip__bf16_products_free(GaclipBf16Products *products)
{
    (void)products;
}

int gaclip__bf16_multiply(const GaclipBf16Products *products, int transpose_a, int transpose_b,
                          int m, int n, int k, const uint16_t *a, int lda, const uint16_t *b,
                          int ldb, int accumulate, float *c, int ldc)
{
    (void)products, (void)transpose_a, (void)transpose_b, (void)m, (void)n, (void)k, (void)a;
    (void)lda, (void)b, (void)ldb, (void)accumulate, (void)c, (void)ldc;
    return -1;
}

#endif
