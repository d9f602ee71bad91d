#include "weights/torch_file.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zip.h>

enum { ALIGNMENT = 64, LONGEST_PREFIX = 512, LONGEST_WORD = 64 };

struct GaclipTorchFile {
    zip_t *archive;
    char prefix[LONGEST_PREFIX]; /* "NAME/" */
    GaclipPickle pickle;
    unsigned char **storages; /* (pickle.storage_count) NULL until loaded */
    uint64_t unread;          /* bytes that may still be read: the file has no more */
};

/* Whether the name leaves its own folder or could be taken for doing so. */
static int is_tricky(const char *name)
{
    int has_drive = isalpha((unsigned char)*name) && name[1] == ':';
    if (*name == '/' || strchr(name, '\\') || has_drive) return 1;
    for (const char *part = name; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
        if (!strncmp(part, "..", 2) && (part[2] == '/' || part[2] == '\0')) return 1;
    return 0;
}

/* The size of an entry that lies in the archive as it is, of no more than what may still be read.
 */
static int measure_entry(uint64_t *size, const GaclipTorchFile *file, const char *name,
                         GaclipError *err)
{
    zip_stat_t info;
    zip_uint64_t wanted =
        ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    if (zip_stat(file->archive, name, 0, &info) || (info.valid & wanted) != wanted)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "has no entry \"%.100s\"", name);
    if (info.comp_method != ZIP_CM_STORE || info.encryption_method != ZIP_EM_NONE ||
        info.size != info.comp_size)
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "entry \"%.100s\" is compressed or encrypted, which torch.save "
                                "never does",
                                name);
    if (info.size > file->unread)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                "entry \"%.100s\" is larger than the file", name);
    *size = info.size;
    return GACLIP_OK;
}

/* Reads a whole entry of at most largest bytes; *out (size bytes) is the caller's to free. */
static int read_entry(unsigned char **out, size_t *size, GaclipTorchFile *file, const char *name,
                      uint64_t largest, GaclipError *err)
{
    uint64_t stored = 0;
    *out = NULL;
    int status = measure_entry(&stored, file, name, err);
    if (status) return status;
    if (stored > largest)
        return gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                "entry \"%.100s\" has %llu bytes, more than a state dict needs; "
                                "save the state dict alone: torch.save(model.state_dict(), FILE)",
                                name, (unsigned long long)stored);
    *size = (size_t)stored;
    size_t room = *size / ALIGNMENT * ALIGNMENT + ALIGNMENT;
    unsigned char *bytes = aligned_alloc(ALIGNMENT, room);
    zip_file_t *entry = bytes ? zip_fopen(file->archive, name, 0) : NULL;
    unsigned char more; /* the checksum is compared at the end, which one byte more reaches */
    int whole = entry && zip_fread(entry, bytes, *size) == (zip_int64_t)*size &&
                zip_fread(entry, &more, 1) == 0;
    if (entry && zip_fclose(entry)) whole = 0;
    if (!whole) {
        free(bytes);
        return bytes ? gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                        "entry \"%.100s\" is damaged or cut short", name)
                     : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    }
    file->unread -= stored;
    *out = bytes;
    return GACLIP_OK;
}

/* Finds NAME/data.pkl and looks at every other name on the way. */
static int find_prefix(GaclipTorchFile *file, GaclipError *err)
{
    static const char PICKLE[] = "data.pkl", CODE[] = "constants.pkl";
    zip_int64_t count = zip_get_num_entries(file->archive, 0);
    int found = 0;
    for (zip_int64_t i = 0; i < count; i++) {
        const char *name = zip_get_name(file->archive, (zip_uint64_t)i, 0);
        if (!name || is_tricky(name))
            return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                    "its entry %lld has a name that leaves the archive",
                                    (long long)i);
        const char *slash = strchr(name, '/');
        if (!slash) continue;
        if (!strcmp(slash + 1, CODE))
            return gaclip_error_set(
                err, GACLIP_ERROR_UNSUPPORTED,
                "is a TorchScript archive, as OpenAI published; its state dict is needed: "
                "torch.save(torch.jit.load(FILE, map_location=\"cpu\").state_dict(), NEW_FILE)");
        if (strcmp(slash + 1, PICKLE)) continue;
        if (slash - name + 2 > LONGEST_PREFIX)
            return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                    "keeps its data.pkl in a folder with a name of %zu bytes",
                                    (size_t)(slash - name));
        if (found++)
            return gaclip_error_set(err, GACLIP_ERROR_FORMAT, "has more than one data.pkl");
        snprintf(file->prefix, sizeof file->prefix, "%.*s", (int)(slash - name + 1), name);
    }
    if (!found)
        return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                "is a zip archive without a data.pkl: not written by torch.save");
    return GACLIP_OK;
}

static void name_entry(char name[LONGEST_PREFIX + 64], const GaclipTorchFile *file,
                       const char *folder, const char *rest)
{
    snprintf(name, LONGEST_PREFIX + 64, "%s%s%s", file->prefix, folder, rest);
}

/* PyTorch 2 says in an entry of its own which byte order it wrote. */
static int check_byte_order(GaclipTorchFile *file, GaclipError *err)
{
    char name[LONGEST_PREFIX + 64];
    unsigned char *bytes;
    size_t size;
    name_entry(name, file, "", "byteorder");
    if (zip_name_locate(file->archive, name, 0) < 0) return GACLIP_OK;
    int status = read_entry(&bytes, &size, file, name, LONGEST_WORD, err);
    if (!status && (size != 6 || memcmp(bytes, "little", 6)))
        status = gaclip_error_set(err, GACLIP_ERROR_UNSUPPORTED,
                                  "was written by a big-endian machine; save it on another one");
    free(bytes);
    return status;
}

static int read_pickle(GaclipTorchFile *file, GaclipError *err)
{
    char name[LONGEST_PREFIX + 64];
    unsigned char *bytes;
    size_t size = 0;
    name_entry(name, file, "", "data.pkl");
    int status = read_entry(&bytes, &size, file, name, GACLIP__LARGEST_PICKLE, err);
    if (!status) status = gaclip__pickle_read(&file->pickle, bytes, size, err);
    free(bytes);
    if (status) return status;
    file->storages = calloc(file->pickle.storage_count + 1, sizeof *file->storages);
    return file->storages ? GACLIP_OK : gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
}

/* Every storage must be there in the size that the pickle says, and all together must fit into the
 * file: entries that share their bytes do not. */
static int check_storages(const GaclipTorchFile *file, GaclipError *err)
{
    uint64_t size = 0, all = 0;
    for (size_t i = 0; i < file->pickle.storage_count; i++) {
        const GaclipTorchStorage *s = &file->pickle.storages[i];
        char name[LONGEST_PREFIX + 64];
        name_entry(name, file, "data/", s->key);
        int status = measure_entry(&size, file, name, err);
        if (status) return status;
        if (size != s->count * gaclip__dtype_size(s->dtype))
            return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                    "entry \"%.100s\" has another size than the pickle says", name);
        all += size;
        if (all > file->unread)
            return gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                    "its entries are larger than the file: some share their bytes");
    }
    return GACLIP_OK;
}

static int open_archive(GaclipTorchFile *file, const char *path, GaclipError *err)
{
    int code;
    struct stat info;
    if (stat(path, &info)) return gaclip_error_set(err, GACLIP_ERROR_IO, "cannot be opened");
    file->unread = (uint64_t)info.st_size;
    file->archive = zip_open(path, ZIP_RDONLY | ZIP_CHECKCONS, &code);
    if (file->archive) return GACLIP_OK;
    zip_error_t reason;
    zip_error_init_with_code(&reason, code);
    int status = gaclip_error_set(err, GACLIP_ERROR_FORMAT,
                                  "is no sound PyTorch file: its zip archive is damaged (%s), "
                                  "or was not copied to its end",
                                  zip_error_strerror(&reason));
    zip_error_fini(&reason);
    return status;
}

int gaclip__torch_open(GaclipTorchFile **out, const char *path, GaclipError *err)
{
    *out = NULL;
    GaclipTorchFile *file = calloc(1, sizeof *file);
    if (!file) return gaclip_error_set(err, GACLIP_ERROR_MEMORY, "out of memory");
    int status = open_archive(file, path, err);
    if (!status) status = find_prefix(file, err);
    if (!status) status = check_byte_order(file, err);
    if (!status) status = read_pickle(file, err);
    if (!status) status = check_storages(file, err);
    if (status) {
        gaclip__torch_close(file);
        gaclip_error_prefix(err, "%s", path);
        return status;
    }
    *out = file;
    return GACLIP_OK;
}

void gaclip__torch_close(GaclipTorchFile *file)
{
    if (!file) return;
    for (size_t i = 0; file->storages && i < file->pickle.storage_count; i++)
        free(file->storages[i]);
    free(file->storages);
    gaclip__pickle_clear(&file->pickle);
    if (file->archive) zip_discard(file->archive);
    free(file);
}

size_t gaclip__torch_count(const GaclipTorchFile *file)
{
    return file->pickle.count;
}

const GaclipTorchTensor *gaclip__torch_at(const GaclipTorchFile *file, size_t index)
{
    return &file->pickle.tensors[index];
}

int gaclip__torch_load(const unsigned char **bytes, GaclipTorchFile *file, size_t storage,
                       GaclipError *err)
{
    if (!file->storages[storage]) {
        char name[LONGEST_PREFIX + 64];
        size_t size;
        name_entry(name, file, "data/", file->pickle.storages[storage].key);
        int status = read_entry(&file->storages[storage], &size, file, name, UINT64_MAX, err);
        if (status) return status;
    }
    *bytes = file->storages[storage];
    return GACLIP_OK;
}

void gaclip__torch_unload(GaclipTorchFile *file)
{
    for (size_t i = 0; i < file->pickle.storage_count; i++) {
        const GaclipTorchStorage *s = &file->pickle.storages[i];
        if (!file->storages[i]) continue;
        file->unread += s->count * gaclip__dtype_size(s->dtype);
        free(file->storages[i]);
        file->storages[i] = NULL;
    }
}
