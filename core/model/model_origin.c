/* How the weights of an opened model lie on disk. */
#include <sys/stat.h>

#include "model/model.h"
#include "weights/weights.h"

const char *gaclip_model_dtype(const GaclipModel *model)
{
    static const struct {
        GaclipDtype dtype;
        const char *name;
    } TYPES[] = {{GACLIP_DTYPE_F32, "f32"},
                 {GACLIP_DTYPE_F16, "f16"},
                 {GACLIP_DTYPE_BF16, "bf16"},
                 {GACLIP_DTYPE_F64, "f64"}};
    for (size_t k = 0; model->weights && k < model->weights->count; k++)
        if (model->weights->tensors[k].dtype == GACLIP_DTYPE_I8) return "int8";
    size_t most = 0, found = 0;
    for (size_t i = 0; i < sizeof TYPES / sizeof *TYPES && model->weights; i++) {
        size_t count = 0;
        for (size_t k = 0; k < model->weights->count; k++)
            if (model->weights->tensors[k].dtype == TYPES[i].dtype)
                count += model->weights->tensors[k].count;
        if (count > most) {
            most = count;
            found = i;
        }
    }
    return TYPES[found].name;
}

uint64_t gaclip_model_file_bytes(const GaclipModel *model)
{
    uint64_t bytes = 0;
    for (size_t i = 0; model->weights && i < model->weights->file_count; i++) {
        struct stat info;
        if (!stat(model->weights->files[i].path, &info)) bytes += (uint64_t)info.st_size;
    }
    return bytes;
}
