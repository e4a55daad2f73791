#include "config.h"

#include "posix/posix_store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "libshm/fail.h"
#include "posix/posix_io.h"
#include "posix/posix_limits.h"
#include "posix/posix_process.h"

#define DEFAULT_FOLDER "/dev/shm"

enum { NAMESPACE_MAX = 32, FOLDER_MAX = PX_PATH_SIZE - 80 };

/* Written once under the store lock, then only read; `ready` publishes the rest. */
static struct {
    _Atomic int ready;
    char folder[FOLDER_MAX];
    char namespace[NAMESPACE_MAX + 1];
    uint8_t boot_id[16];
} store;

static int namespace_is_valid(const char *name)
{
    size_t length = strlen(name);
    return length >= 1 && length <= NAMESPACE_MAX &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-") ==
               length;
}

/*
 * Only a folder in which nobody else can rename or replace our files will do: root's with the
 * sticky bit, or the user's own.
 */
static int folder_is_trusted(const char *folder)
{
    struct stat st;
    if (stat(folder, &st) != 0)
        return shm_failf(errno, "the store's folder %s cannot be used: %s%s", folder,
                         strerror(errno), px_store_advice(errno));
    if (!S_ISDIR(st.st_mode))
        return shm_failf(ENOTDIR, "the store's place %s is not a folder", folder);
    int safe = st.st_uid == 0 && ((st.st_mode & S_ISVTX) || !(st.st_mode & 022));
    if (!safe && (st.st_uid != geteuid() || ((st.st_mode & 022) && !(st.st_mode & S_ISVTX))))
        return shm_failf(EACCES,
                         "the store's folder %s is refused: it must belong to root and "
                         "be sticky, or belong to this user alone; set LIBSHM_DIR to "
                         "such a folder",
                         folder);
    return 0;
}

/*
 * A store on disk outlives a boot and its objects do not: each carries the boot it belongs to.
 */
static void read_boot_id(uint8_t id[16])
{
    char text[64] = {0};
    int fd = px_open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC, 0);
    if (fd < 0)
        return;
    ssize_t n = px_read(fd, text, sizeof text - 1);
    px_close(fd);
    int digits = 0;
    for (ssize_t i = 0; i < n && digits < 32; i++) {
        const char *hex = "0123456789abcdef";
        const char *at = text[i] ? strchr(hex, text[i]) : NULL;
        if (!at)
            continue;
        id[digits / 2] = (uint8_t)(id[digits / 2] << 4 | (at - hex));
        digits++;
    }
}

static int settle_store(void)
{
    const char *folder = secure_getenv("LIBSHM_DIR");
    const char *name = secure_getenv("LIBSHM_NAMESPACE");
    if (!folder)
        folder = DEFAULT_FOLDER;
    if (!name)
        name = "default";
    if (!namespace_is_valid(name))
        return shm_fail(EINVAL, "LIBSHM_NAMESPACE must be 1 to 32 letters, digits, '_' or '-'");
    if (folder[0] != '/' || strlen(folder) >= sizeof store.folder)
        return shm_failf(EINVAL, "LIBSHM_DIR must be an absolute path of at most %zu bytes",
                         sizeof store.folder - 1);
    if (px_limits_settle() != 0 || folder_is_trusted(folder) != 0)
        return -1;
    strcpy(store.folder, folder);
    strcpy(store.namespace, name);
    read_boot_id(store.boot_id);
    atomic_store_explicit(&store.ready, 1, memory_order_release);
    return 0;
}

int px_store_check(void)
{
    if (atomic_load_explicit(&store.ready, memory_order_acquire))
        return 0;
    struct px_mask old;
    int first_error = errno;
    px_store_lock(&old);
    int result = atomic_load(&store.ready) ? 0 : settle_store();
    px_store_unlock(&old);
    if (result == 0)
        errno = first_error;
    return result;
}

const char *px_store_folder(void)
{
    return store.folder;
}

const char *px_store_namespace(void)
{
    return store.namespace;
}

const uint8_t *px_boot_id(void)
{
    return store.boot_id;
}

static char *append(char *at, const char *text)
{
    size_t length = strlen(text);
    memcpy(at, text, length);
    return at + length;
}

/* By hand: a name is built on every slow call, also in signal handlers. */
static void build_path(char path[PX_PATH_SIZE], const char *type, uint32_t number)
{
    char *at = append(path, store.folder);
    at = append(at, "/libshm.");
    at = append(at, store.namespace);
    at = append(at, type);
    for (int shift = 28; shift >= 0; shift -= 4)
        *at++ = "0123456789abcdef"[number >> shift & 15];
    *at = '\0';
}

static const struct {
    char letter;
    const char *noun, *object, *key;
} kinds[] = {
    [PX_SEGMENT] = {'m', "segment", ".m.", ".mk."},
    [PX_SET] = {'s', "semaphore set", ".s.", ".sk."},
    [PX_QUEUE] = {'q', "message queue", ".q.", ".qk."},
};

const char *px_noun(enum px_kind kind)
{
    return kinds[kind].noun;
}

void px_object_path(char path[PX_PATH_SIZE], enum px_kind kind, int id)
{
    build_path(path, kinds[kind].object, (uint32_t)id);
}

void px_key_path(char path[PX_PATH_SIZE], enum px_kind kind, uint32_t key)
{
    build_path(path, kinds[kind].key, key);
}

/* The rest of a name behind the namespace: a type and eight lower-case hexadecimal digits. */
static int parse_name(const char *rest, struct px_name *name)
{
    name->kind = PX_SEGMENT;
    while (kinds[name->kind].letter != rest[0])
        if (++name->kind > PX_KINDS)
            return 0;
    name->is_key = rest[1] == 'k';
    rest += 1 + name->is_key;
    if (rest[0] != '.' || strlen(rest + 1) != 8 || strspn(rest + 1, "0123456789abcdef") != 8)
        return 0;
    name->number = (uint32_t)strtoul(rest + 1, NULL, 16);
    return name->is_key || name->number <= INT32_MAX;
}

int px_store_each(void (*each)(const struct px_name *name, void *context), void *context)
{
    int first_error = errno;
    DIR *folder = opendir(store.folder);
    if (!folder)
        return shm_failf(errno, "the store's folder %s cannot be listed: %s%s", store.folder,
                         strerror(errno), px_store_advice(errno));
    char prefix[NAMESPACE_MAX + 16];
    int length = snprintf(prefix, sizeof prefix, "libshm.%s.", store.namespace);
    errno = 0; /* readdir tells the end from a failure by it alone */
    for (struct dirent *entry; (entry = readdir(folder)); errno = 0) {
        struct px_name name;
        if (strncmp(entry->d_name, prefix, (size_t)length) == 0 &&
            parse_name(entry->d_name + length, &name))
            each(&name, context);
    }
    int error = errno;
    closedir(folder);
    if (error)
        return shm_failf(error, "the store's folder %s cannot be read to its end: %s",
                         store.folder, strerror(error));
    errno = first_error;
    return 0;
}

uint64_t px_store_free(void)
{
    struct statvfs fs;
    if (statvfs(store.folder, &fs) != 0 || fs.f_blocks == 0) /* no limit */
        return UINT64_MAX;
    return (uint64_t)fs.f_bavail * fs.f_frsize;
}

const char *px_store_advice(int error)
{
    switch (error) {
    case EMFILE:
        return "; a call needs a few descriptors for a moment: close some, or raise this "
               "process's limit (ulimit -n)";
    case ENFILE:
        return "; the whole system is out of descriptors: raise fs.file-max";
    case EROFS:
        return "; mount it writable, or set LIBSHM_DIR to another folder";
    case ENOENT:
        return "; mount a tmpfs there or set LIBSHM_DIR to another folder";
    default:
        return "";
    }
}

/* "12.3 MB": bytes as people say them. */
static void say_bytes(char text[32], uint64_t bytes)
{
    static const char *const units[] = {"bytes", "kB", "MB", "GB", "TB", "PB", "EB"};
    unsigned unit = 0;
    uint64_t tenths = bytes > UINT64_MAX / 10 ? UINT64_MAX : bytes * 10;
    while (tenths >= 10000 && unit < 6) {
        tenths /= 1000;
        unit++;
    }
    if (unit == 0)
        snprintf(text, 32, "%" PRIu64 " bytes", bytes);
    else
        snprintf(text, 32, "%" PRIu64 ".%u %s", tenths / 10, (unsigned)(tenths % 10),
                 units[unit]);
}

int px_store_full(const char *what, uint64_t wanted)
{
    struct statvfs fs;
    char need[32], room[32] = "unknown", total[32] = "unknown";
    say_bytes(need, wanted);
    if (statvfs(store.folder, &fs) == 0) {
        say_bytes(room, (uint64_t)fs.f_bavail * fs.f_frsize);
        say_bytes(total, (uint64_t)fs.f_blocks * fs.f_frsize);
        if (fs.f_files && !fs.f_favail)
            return shm_failf(ENOSPC,
                             "no file left for a new %s on %s: all %lu are in use; "
                             "remove unused objects (shmtool ls, shmtool rm)",
                             what, store.folder, (unsigned long)fs.f_files);
    }
    return shm_failf(ENOSPC,
                     "no space for a %s of %s on %s: %s free of %s; remove unused "
                     "objects (shmtool ls, shmtool gc), enlarge the mount, or set "
                     "LIBSHM_DIR to a folder with more room",
                     what, need, store.folder, room, total);
}
