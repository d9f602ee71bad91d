#include "base/int8_products.h"

#include <stdlib.h>

#include "base/blas_threads.h"

#if GACLIP_WITH_ONEDNN
#include <oneapi/dnnl/dnnl.h>

enum { SIZES = GACLIP__INT8_ROWS / GACLIP__INT8_STEP };

struct GaclipInt8Kernel {
    GaclipInt8Kernel *next;
    GaclipInt8Products *products;
    int columns, depth;
    dnnl_memory_desc_t plain, packed;   /* of the weights */
    dnnl_primitive_t primitives[SIZES]; /* for GACLIP__INT8_STEP * (i + 1) rows */
    dnnl_memory_desc_t scratch[SIZES];  /* what each needs while it runs */
    dnnl_primitive_t reorder;           /* from plain to packed */
};

struct GaclipInt8Products {
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    GaclipInt8Kernel *kernels;
};

int gaclip__int8_supported(void)
{
    int isa = (int)dnnl_get_effective_cpu_isa(), needed = (int)dnnl_cpu_isa_avx512_core_vnni;
    return isa != (int)dnnl_cpu_isa_all && (isa & needed) == needed;
}

int gaclip__int8_products_new(GaclipInt8Products **out, GaclipError *err)
{
    *out = NULL;
    if (!gaclip__int8_supported())
        return gaclip_error_set(
            err, GACLIP_ERROR_UNSUPPORTED,
            "this processor cannot multiply int8 exactly (AVX512-VNNI or AMX); use f32 or bf16");
    GaclipInt8Products *products = calloc(1, sizeof *products);
    if (!products) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    dnnl_status_t status = dnnl_engine_create(&products->engine, dnnl_cpu, 0);
    if (!status)
        status = dnnl_stream_create(&products->stream, products->engine, dnnl_stream_default_flags);
    if (status) {
        gaclip__int8_products_free(products);
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "oneDNN cannot multiply int8 here (its status %d); use f32",
                                (int)status);
    }
    *out = products;
    return GACLIP_OK;
}

static void free_kernel(GaclipInt8Kernel *kernel)
{
    for (int i = 0; i < SIZES; i++) dnnl_primitive_destroy(kernel->primitives[i]);
    dnnl_primitive_destroy(kernel->reorder);
    free(kernel);
}

void gaclip__int8_products_free(GaclipInt8Products *products)
{
    if (!products) return;
    for (GaclipInt8Kernel *kernel = products->kernels, *next; kernel; kernel = next) {
        next = kernel->next;
        free_kernel(kernel);
    }
    dnnl_stream_destroy(products->stream);
    dnnl_engine_destroy(products->engine);
    free(products);
}

static dnnl_status_t describe(dnnl_memory_desc_t *out, dnnl_data_type_t type, int rows, int columns)
{
    dnnl_dims_t dims = {rows, columns};
    return dnnl_memory_desc_init_by_tag(out, 2, dims, type, dnnl_ab);
}

/* With weights in any form that suits oneDNN, which *weights then tells, or in that form. */
/* Its scratch memory is the caller's: workers run one primitive at the same time, and that of the
 * library is not theirs alone. */
static dnnl_status_t create_product(dnnl_primitive_t *out, dnnl_memory_desc_t *scratch,
                                    dnnl_memory_desc_t *weights, const GaclipInt8Kernel *kernel,
                                    int rows)
{
    dnnl_primitive_attr_t attributes = NULL;
    dnnl_memory_desc_t in, c;
    dnnl_matmul_desc_t product;
    dnnl_primitive_desc_t description = NULL;
    dnnl_status_t status = describe(&in, dnnl_u8, rows, kernel->depth);
    if (!status) status = describe(&c, dnnl_s32, rows, kernel->columns);
    if (!status) status = dnnl_matmul_desc_init(&product, &in, weights, NULL, &c);
    if (!status) status = dnnl_primitive_attr_create(&attributes);
    if (!status)
        status = dnnl_primitive_attr_set_scratchpad_mode(attributes, dnnl_scratchpad_mode_user);
    if (!status)
        status = dnnl_primitive_desc_create(&description, &product, attributes,
                                            kernel->products->engine, NULL);
    if (!status) {
        *scratch = *dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
        *weights = *dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0);
        status = dnnl_primitive_create(out, description);
    }
    dnnl_primitive_desc_destroy(description);
    dnnl_primitive_attr_destroy(attributes);
    return status;
}

static dnnl_status_t create_reorder(GaclipInt8Kernel *kernel)
{
    dnnl_engine_t engine = kernel->products->engine;
    dnnl_primitive_desc_t description = NULL;
    dnnl_status_t status = dnnl_reorder_primitive_desc_create(&description, &kernel->plain, engine,
                                                              &kernel->packed, engine, NULL);
    if (!status) status = dnnl_primitive_create(&kernel->reorder, description);
    dnnl_primitive_desc_destroy(description);
    return status;
}

static dnnl_status_t build_kernel(GaclipInt8Kernel *kernel)
{
    dnnl_dims_t dims = {kernel->depth, kernel->columns}, strides = {1, kernel->depth};
    dnnl_status_t status =
        dnnl_memory_desc_init_by_strides(&kernel->plain, 2, dims, dnnl_s8, strides);
    if (!status)
        status =
            dnnl_memory_desc_init_by_tag(&kernel->packed, 2, dims, dnnl_s8, dnnl_format_tag_any);
    for (int i = SIZES - 1; i >= 0 && !status; i--)
        status = create_product(&kernel->primitives[i], &kernel->scratch[i], &kernel->packed,
                                kernel, GACLIP__INT8_STEP * (i + 1));
    return status ? status : create_reorder(kernel);
}

int gaclip__int8_kernel(const GaclipInt8Kernel **out, GaclipInt8Products *products, int columns,
                        int depth, GaclipError *err)
{
    for (*out = products->kernels; *out; *out = (*out)->next)
        if ((*out)->columns == columns && (*out)->depth == depth) return GACLIP_OK;
    GaclipInt8Kernel *kernel = calloc(1, sizeof *kernel);
    if (!kernel) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    kernel->products = products;
    kernel->columns = columns;
    kernel->depth = depth;
    int before =
        gaclip__blas_single_thread(); /* a primitive keeps the number that it is made with */
    dnnl_status_t status = build_kernel(kernel);
    gaclip__blas_restore_threads(before);
    if (status) {
        free_kernel(kernel);
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "oneDNN cannot multiply int8 weights of %d x %d (its status %d); "
                                "use f32 or bf16",
                                columns, depth, (int)status);
    }
    kernel->next = products->kernels;
    products->kernels = kernel;
    *out = kernel;
    return GACLIP_OK;
}

size_t gaclip__int8_packed_bytes(const GaclipInt8Kernel *kernel)
{
    return dnnl_memory_desc_get_size(&kernel->packed);
}

int gaclip__int8_pack(const GaclipInt8Kernel *kernel, void *packed, const int8_t *weight)
{
    dnnl_memory_t from = NULL, to = NULL;
    dnnl_engine_t engine = kernel->products->engine;
    dnnl_status_t status = dnnl_memory_create(&from, &kernel->plain, engine, (void *)weight);
    if (!status) status = dnnl_memory_create(&to, &kernel->packed, engine, packed);
    if (!status) {
        dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}};
        status = dnnl_primitive_execute(kernel->reorder, kernel->products->stream, 2, arguments);
    }
    dnnl_memory_destroy(from);
    dnnl_memory_destroy(to);
    return status != dnnl_success;
}

int gaclip__int8_multiply(const GaclipInt8Kernel *kernel, int32_t *c, const uint8_t *in, int rows,
                          const void *packed)
{
    int size = rows / GACLIP__INT8_STEP - 1;
    dnnl_engine_t engine = kernel->products->engine;
    dnnl_memory_desc_t in_description, c_description;
    dnnl_memory_t wrapped[4] = {NULL, NULL, NULL, NULL};
    dnnl_status_t status = describe(&in_description, dnnl_u8, rows, kernel->depth);
    if (!status) status = describe(&c_description, dnnl_s32, rows, kernel->columns);
    if (!status) status = dnnl_memory_create(&wrapped[0], &in_description, engine, (void *)in);
    if (!status) status = dnnl_memory_create(&wrapped[1], &kernel->packed, engine, (void *)packed);
    if (!status) status = dnnl_memory_create(&wrapped[2], &c_description, engine, c);
    if (!status)
        status =
            dnnl_memory_create(&wrapped[3], &kernel->scratch[size], engine, DNNL_MEMORY_ALLOCATE);
    if (!status) {
        dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, wrapped[0]},
                                       {DNNL_ARG_WEIGHTS, wrapped[1]},
                                       {DNNL_ARG_DST, wrapped[2]},
                                       {DNNL_ARG_SCRATCHPAD, wrapped[3]}};
        status = dnnl_primitive_execute(kernel->primitives[size], kernel->products->stream, 4,
                                        arguments);
    }
    for (int i = 0; i < 4; i++) dnnl_memory_destroy(wrapped[i]);
    return status != dnnl_success;
}

#else

int gaclip__int8_supported(void)
{
    return 0;
}

int gaclip__int8_products_new(GaclipInt8Products **out, GaclipError *err)
{
    *out = NULL;
    return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                            "this build has no oneDNN, which int8 needs; use f32");
}

void gaclip__int8_products_free(GaclipInt8Products *products)
{
    (void)products;
}

int gaclip__int8_kernel(const GaclipInt8Kernel **out, GaclipInt8Products *products, int columns,
                        int depth, GaclipError *err)
{
    (void)products, (void)columns, (void)depth;
    *out = NULL;
    return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED, "this build has no oneDNN");
}

size_t gaclip__int8_packed_bytes(const GaclipInt8Kernel *kernel)
{
    (void)kernel;
    return 0;
}

int gaclip__int8_pack(const GaclipInt8Kernel *kernel, void *packed, const int8_t *weight)
{
    (void)kernel, (void)packed, (void)weight;
    return -1;
}

int gaclip__int8_multiply(const GaclipInt8Kernel *kernel, int32_t *c, const uint8_t *in, int rows,
                          const void *packed)
{
    (void)kernel, (void)c, (void)in, (void)rows, (void)packed;
    return -1;
}

#endif
