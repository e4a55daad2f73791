/* What segments, sets and queues have in common in the kernel: permissions, listing, sentences. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libshm/fail.h"
#include "sysv/sysv_private.h"

_Static_assert(IPC_PRIVATE == LIBSHM_IPC_PRIVATE, "flags are passed on unchanged");
_Static_assert(IPC_CREAT == LIBSHM_IPC_CREAT, "flags are passed on unchanged");
_Static_assert(IPC_EXCL == LIBSHM_IPC_EXCL, "flags are passed on unchanged");
_Static_assert(IPC_NOWAIT == LIBSHM_IPC_NOWAIT, "flags are passed on unchanged");

/* The kernel wakes the sleeper itself. */
void shm_backend_setinterrupt(int (*check)(void))
{
    (void)check;
}

const char *shm_backend_name(void)
{
    return "sysv";
}

void shm_backend_describe(char *text, size_t size)
{
    char link[64];
    int saved = errno;
    ssize_t length = readlink("/proc/self/ns/ipc", link, sizeof link - 1);
    link[length < 0 ? 0 : length] = '\0';
    snprintf(text, size, "System V IPC of the kernel%s%s", length < 0 ? "" : ", namespace ",
             link);
    errno = saved; /* the namespace is not known then: no failure */
}

/* The kernel itself drops what dead processes leave; objects that were made are never touched.
 */
int shm_backend_collect(void (*report)(const char *line, void *context), void *context)
{
    (void)report;
    (void)context;
    return 0;
}

void sysv_perm_to_system(struct ipc_perm *to, const struct shm_backend_perm *from)
{
    to->uid = from->uid;
    to->gid = from->gid;
    to->mode = from->mode & 0777;
}

void sysv_perm_from_system(struct shm_backend_perm *to, const struct ipc_perm *from)
{
    to->key = from->__key;
    to->uid = from->uid;
    to->gid = from->gid;
    to->cuid = from->cuid;
    to->cgid = from->cgid;
    to->mode = from->mode & (0777 | LIBSHM_MODE_DEST | LIBSHM_MODE_LOCKED);
}

static int ascending(const void *left, const void *right)
{
    int a = *(const int *)left, b = *(const int *)right;
    return (a > b) - (a < b);
}

static void free_keeping_errno(void *block)
{
    int error = errno;
    free(block);
    errno = error;
}

/* Ids do not ascend with the index, so all are collected before the smallest are handed out. */
ssize_t sysv_list(int highest, int (*id_at)(int index), int *ids, size_t capacity)
{
    size_t count = 0;
    int saved = errno;
    int *all = malloc(((size_t)highest + 1) * sizeof *all);
    if (!all)
        return shm_fail(ENOMEM, "no memory to list the objects of the kernel");
    for (int index = 0; index <= highest; index++) {
        int id = id_at(index);
        if (id >= 0)
            all[count++] = id;
        else if (errno != EINVAL && errno != EIDRM && errno != EACCES) {
            /* neither unused nor gone meanwhile nor hidden: the list would lack an object */
            free_keeping_errno(all);
            return shm_failf(errno, "the kernel does not list its objects: errno %d", errno);
        }
    }
    qsort(all, count, sizeof *all, ascending);
    if (capacity > 0)
        memcpy(ids, all, (count < capacity ? count : capacity) * sizeof *ids);
    free(all);
    errno = saved; /* an unused index is no failure */
    return (ssize_t)count;
}

int sysv_fail_pointer(void)
{
    return shm_fail(EFAULT, "a buffer is needed, and a null pointer was given");
}

int sysv_fail_get(const char *what, key_t key)
{
    unsigned number = (unsigned)key;
    switch (errno) {
    case EEXIST:
        return shm_failf(EEXIST,
                         "a %s with key %u (0x%x) exists already and a new one was asked for; "
                         "remove it first or choose another key",
                         what, number, number);
    case ENOENT:
        return shm_failf(ENOENT,
                         "there is no %s with key %u (0x%x); it has to be created first", what,
                         number, number);
    case EACCES:
        return shm_failf(EACCES,
                         "the %s with key %u (0x%x) does not give this user the permissions "
                         "asked for; its owner can change them",
                         what, number, number);
    case ENOMEM:
        return shm_failf(ENOMEM, "the kernel has no memory for the %s with key %u (0x%x)", what,
                         number, number);
    case ENOSYS:
        return shm_fail(ENOSYS, "this kernel has no System V IPC; libshm configured with "
                                "--with-backend=posix does without it");
    default:
        return shm_failf(errno, "the kernel refused the %s with key %u (0x%x) with errno %d",
                         what, number, number, errno);
    }
}

int sysv_fail_id(const char *what, int id)
{
    switch (errno) {
    case EACCES:
        return shm_failf(EACCES,
                         "the %s with id %d does not give this user the permission needed; its "
                         "owner can change that",
                         what, id);
    case EPERM:
        return shm_failf(EPERM,
                         "only the owner, the creator or root may do this to the %s with id %d",
                         what, id);
    case EIDRM:
        return shm_failf(EIDRM, "the %s with id %d was removed meanwhile", what, id);
    case EINVAL:
        return shm_failf(EINVAL, "there is no %s with id %d; it may have been removed", what,
                         id);
    case ENOMEM:
        return shm_failf(ENOMEM,
                         "the kernel has no memory for this operation on the %s with id %d",
                         what, id);
    case ENOSYS:
        return sysv_fail_get(what, 0);
    default:
        return shm_failf(errno,
                         "the kernel refused the operation on the %s with id %d with errno %d",
                         what, id, errno);
    }
}

int sysv_fail_set(const char *what, int id, const struct shm_backend_perm *wanted)
{
    if (errno == EINVAL && wanted && (wanted->uid == (uid_t)-1 || wanted->gid == (gid_t)-1))
        return shm_failf(EINVAL, "-1 is no user and no group that the %s with id %d could have",
                         what, id);
    return sysv_fail_id(what, id);
}
