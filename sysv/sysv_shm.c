/* Shared memory on the kernel's shmget, shmat, shmdt and shmctl. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/shm.h>

#include "libshm/fail.h"
#include "sysv/sysv_private.h"

_Static_assert(SHM_HUGETLB == LIBSHM_HUGETLB, "flags are passed on unchanged");
_Static_assert(SHM_NORESERVE == LIBSHM_NORESERVE, "flags are passed on unchanged");
_Static_assert(SHM_RDONLY == LIBSHM_ATTACH_RDONLY, "flags are passed on unchanged");
_Static_assert(SHM_RND == LIBSHM_ATTACH_RND, "flags are passed on unchanged");
_Static_assert(SHM_REMAP == LIBSHM_ATTACH_REMAP, "flags are passed on unchanged");
_Static_assert(SHM_EXEC == LIBSHM_ATTACH_EXEC, "flags are passed on unchanged");
_Static_assert(SHM_DEST == LIBSHM_MODE_DEST, "modes are passed on unchanged");
_Static_assert(SHM_LOCKED == LIBSHM_MODE_LOCKED, "modes are passed on unchanged");

/* Other bits would reach the kernel too, and some of them mean something there. */
enum {
    GET_FLAGS = 0777 | IPC_CREAT | IPC_EXCL | SHM_HUGETLB | SHM_NORESERVE,
};

static const char what[] = "segment";

/* The two INFO calls have buffers of other types than the prototype of shmctl names. */
static int read_limits(struct shminfo *limits)
{
    return shmctl(0, IPC_INFO, (struct shmid_ds *)(void *)limits);
}

static int read_usage(struct shm_info *usage)
{
    return shmctl(0, SHM_INFO, (struct shmid_ds *)(void *)usage);
}

static int fail_no_space(size_t size)
{
    struct shminfo limits = {0};
    struct shm_info usage = {0};
    if (read_limits(&limits) < 0 || read_usage(&usage) < 0)
        return shm_fail(ENOSPC,
                        "a limit of the kernel (SHMMNI or SHMALL) is reached, not one of "
                        "a disk; remove segments that nobody needs");
    return shm_failf(
        ENOSPC,
        "no room for another segment of %zu bytes: %d of at most SHMMNI=%lu segments "
        "exist, with %lu of at most SHMALL=%lu pages. These are limits of the kernel, "
        "not of a disk: remove segments that nobody needs, or raise kernel.shmmni or "
        "kernel.shmall",
        size, usage.used_ids, (unsigned long)limits.shmmni, (unsigned long)usage.shm_tot,
        (unsigned long)limits.shmall);
}

static int fail_size(key_t key, size_t size)
{
    struct shminfo limits = {0};
    read_limits(&limits);
    return shm_failf(
        EINVAL,
        "%zu bytes are not possible for the segment with key %u: a new one has 1 to "
        "SHMMAX=%lu bytes, an existing one at most the size it was created with",
        size, (unsigned)key, (unsigned long)limits.shmmax);
}

static int fail_get(key_t key, size_t size)
{
    switch (errno) {
    case ENOSPC:
        return fail_no_space(size);
    case EINVAL:
        return fail_size(key, size);
    case ENOMEM:
        return shm_failf(
            ENOMEM,
            "the kernel has no memory for a segment of %zu bytes (or no huge pages, "
            "if those were asked for)",
            size);
    case EPERM:
        return shm_fail(EPERM, "this user may not ask for huge pages");
    default:
        return sysv_fail_get(what, key);
    }
}

/*
 * A 64-bit kernel makes segments for 32-bit processes that none of them could attach, and tells
 * them a lower SHMMAX.
 */
static bool is_new_and_too_large(key_t key, size_t size, int flags)
{
    int first_error = errno;
    if (size <= PTRDIFF_MAX)
        return false;
    bool is_new =
        key == IPC_PRIVATE || (flags & IPC_CREAT && shmget(key, 0, 0) < 0 && errno == ENOENT);
    errno = is_new ? EINVAL : first_error;
    return is_new;
}

int shm_backend_shmget(key_t key, size_t size, int flags)
{
    if (is_new_and_too_large(key, size, flags))
        return fail_size(key, size);
    int id = shmget(key, size, flags & GET_FLAGS);
    return id < 0 ? fail_get(key, size) : id;
}

static void fail_attach(int shmid, const void *address)
{
    if (errno == EINVAL)
        shm_failf(EINVAL,
                  "there is no segment with id %d, or address %p is not a multiple of the page "
                  "size or not free for it",
                  shmid, address);
    else if (errno == ENOMEM)
        shm_failf(ENOMEM,
                  "no address space or memory to attach the segment with id %d; see "
                  "RLIMIT_AS and vm.max_map_count",
                  shmid);
    else
        sysv_fail_id(what, shmid);
}

void *shm_backend_shmat(int shmid, const void *address, int flags)
{
    void *start = shmat(shmid, address, flags);
    if (start == (void *)-1)
        fail_attach(shmid, address);
    return start;
}

int shm_backend_shmdt(const void *address)
{
    if (shmdt(address) == 0)
        return 0;
    return shm_failf(errno, "no segment is attached at address %p of this process", address);
}

static void from_system(struct shm_backend_shmid_ds *to, const struct shmid_ds *from)
{
    sysv_perm_from_system(&to->perm, &from->shm_perm);
    to->segsz = from->shm_segsz;
    to->atime = from->shm_atime;
    to->dtime = from->shm_dtime;
    to->ctime = from->shm_ctime;
    to->cpid = from->shm_cpid;
    to->lpid = from->shm_lpid;
    to->nattch = from->shm_nattch;
}

static int stat_by(int shmid, int system_command, struct shm_backend_shmid_ds *buf)
{
    struct shmid_ds ds;
    int result = shmctl(shmid, system_command, &ds);
    if (result < 0)
        return sysv_fail_id(what, shmid);
    if (!buf)
        return sysv_fail_pointer();
    from_system(buf, &ds);
    return result;
}

static int set(int shmid, const struct shm_backend_shmid_ds *buf)
{
    struct shmid_ds ds = {0};
    if (!buf && shmid >= 0)
        return sysv_fail_pointer();
    if (buf)
        sysv_perm_to_system(&ds.shm_perm, &buf->perm);
    if (shmctl(shmid, IPC_SET, &ds) < 0)
        return sysv_fail_set(what, shmid, buf ? &buf->perm : NULL);
    return 0;
}

static int simple(int shmid, int system_command)
{
    if (shmctl(shmid, system_command, NULL) == 0)
        return 0;
    if (system_command == SHM_LOCK && (errno == EPERM || errno == ENOMEM))
        return shm_failf(errno,
                         "this user may not lock the segment with id %d into memory; see "
                         "RLIMIT_MEMLOCK",
                         shmid);
    return sysv_fail_id(what, shmid);
}

static int limits_of_system(struct shm_backend_shminfo *buf)
{
    struct shminfo limits;
    int highest = read_limits(&limits);
    if (highest < 0)
        return sysv_fail_id(what, 0);
    if (!buf)
        return sysv_fail_pointer();
    buf->shmmax = limits.shmmax;
    buf->shmmin = limits.shmmin;
    buf->shmmni = limits.shmmni;
    buf->shmseg = limits.shmseg;
    buf->shmall = limits.shmall;
    return highest;
}

static int usage_of_system(struct shm_backend_shmusage *buf)
{
    struct shm_info usage;
    int highest = read_usage(&usage);
    if (highest < 0)
        return sysv_fail_id(what, 0);
    if (!buf)
        return sysv_fail_pointer();
    buf->used_ids = usage.used_ids;
    buf->shm_tot = usage.shm_tot;
    return highest;
}

int shm_backend_shmctl(int shmid, int command, void *buf)
{
    switch (command) {
    case LIBSHM_IPC_RMID:
        return simple(shmid, IPC_RMID);
    case LIBSHM_IPC_SET:
        return set(shmid, buf);
    case LIBSHM_IPC_STAT:
        return stat_by(shmid, IPC_STAT, buf);
    case LIBSHM_IPC_INFO:
        return limits_of_system(buf);
    case LIBSHM_SHM_LOCK:
        return simple(shmid, SHM_LOCK);
    case LIBSHM_SHM_UNLOCK:
        return simple(shmid, SHM_UNLOCK);
    case LIBSHM_SHM_STAT:
        return stat_by(shmid, SHM_STAT, buf);
    case LIBSHM_SHM_INFO:
        return usage_of_system(buf);
    case LIBSHM_SHM_STAT_ANY:
        return stat_by(shmid, SHM_STAT_ANY, buf);
    default:
        return shm_failf(EINVAL, "shmctl knows no command %d", command);
    }
}

/* SHM_STAT refuses foreign segments; kernels before 4.17 lack the other and miss those. */
static int id_at(int index)
{
    struct shmid_ds ds;
    int id = shmctl(index, SHM_STAT, &ds);
    return id < 0 && errno == EACCES ? shmctl(index, SHM_STAT_ANY, &ds) : id;
}

/* Only the kernel knows. */
int shm_backend_shm_is(int shmid, key_t key, size_t size)
{
    (void)shmid, (void)key, (void)size;
    return 0;
}

/* One system call for each index up to the highest in use: 0.1 us each, used or not. */
ssize_t shm_backend_shm_list(int *ids, size_t capacity)
{
    struct shm_info usage;
    int highest = read_usage(&usage);
    if (highest < 0)
        return sysv_fail_id(what, 0);
    return sysv_list(highest, id_at, ids, capacity);
}
