/* The mapping of a memory handle, and the bytes in it. */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "libshm/fail.h"
#include "libshm/keep.h"
#include "libshm/memory_private.h"

/* The flags of an attach that mean something, shifted down into the free bits of an address. */
enum {
    HOW_SHIFT = 12,
    HOW_BITS = 15,
};
_Static_assert((LIBSHM_ATTACH_RDONLY | LIBSHM_ATTACH_RND | LIBSHM_ATTACH_REMAP |
                LIBSHM_ATTACH_EXEC) == HOW_BITS << HOW_SHIFT,
               "all flags have room in a mapping word");
_Static_assert(LIBSHM_RDONLY == LIBSHM_ATTACH_RDONLY && LIBSHM_RND == LIBSHM_ATTACH_RND,
               "the public flags are those of the contract");

static uintptr_t pack(const void *address, int how)
{
    return (uintptr_t)address | (((unsigned)how >> HOW_SHIFT) & HOW_BITS);
}

void *shm_mapping_address(uintptr_t mapping)
{
    return (void *)(mapping & ~(uintptr_t)HOW_BITS);
}

int shm_mapping_how(uintptr_t mapping)
{
    return (int)((mapping & HOW_BITS) << HOW_SHIFT);
}

/* With the remap flag the new mapping may lie exactly where the old one was. */
static int release(uintptr_t old, const void *start)
{
    if (!old || shm_mapping_address(old) == start)
        return 0;
    return shm_backend_shmdt(shm_mapping_address(old));
}

/* The old mapping could not be released: it is the handle's again, unless a thread has changed it.
 */
static int keep_old(struct shm_memory *m, uintptr_t fresh, uintptr_t old)
{
    struct shm_kept kept;
    shm_keep(&kept);
    if (atomic_compare_exchange_strong(&m->mapping, &fresh, old))
        shm_backend_shmdt(shm_mapping_address(fresh));
    shm_keep_restore(&kept);
    return -1;
}

static bool suits(uintptr_t mapping, const void *address, int how)
{
    return mapping && shm_mapping_how(mapping) == how &&
           (!address || address == shm_mapping_address(mapping));
}

int shm_memory_attach(struct shm_memory *m, void *address, int how)
{
    struct shm_backend_shmid_ds ds;
    if (shm_memory_check(m, &ds) < 0)
        return -1;
    how &= HOW_BITS << HOW_SHIFT;
    uintptr_t old = m->mapping;
    while (!suits(old, address, how)) {
        void *start = shm_backend_shmat(m->handle.id, address, how);
        if (start == (void *)-1)
            return -1;
        if (atomic_compare_exchange_strong(&m->mapping, &old, pack(start, how))) {
            if (release(old, start) == 0 || errno == EINVAL) /* gone by other means */
                return 0;
            return keep_old(m, pack(start, how), old);
        }
        /* Another thread was faster, and `old` is its mapping now: perhaps that will do. */
        shm_backend_shmdt(start);
    }
    return 0;
}

/* No check: what was removed by others has to be let go as well. */
int shm_memory_detach(struct shm_memory *m)
{
    uintptr_t old = atomic_exchange(&m->mapping, 0), none = 0;
    if (!old || shm_backend_shmdt(shm_mapping_address(old)) == 0)
        return 0;
    if (errno != EINVAL) /* it is still there */
        atomic_compare_exchange_strong(&m->mapping, &none, old);
    return -1;
}

static int fail_detached(void)
{
    return shm_fail(EINVAL, "R/W operation on detached memory");
}

/* The sum of the two may overflow, so it is never formed. */
static bool inside(size_t size, size_t nbytes, size_t offset)
{
    return offset <= size && nbytes <= size - offset;
}

int shm_memory_read(struct shm_memory *m, void *buf, size_t nbytes, size_t offset)
{
    if (shm_memory_is_there(m) < 0)
        return -1;
    uintptr_t mapping = m->mapping;
    if (!mapping)
        return fail_detached();
    if (!inside(m->size, nbytes, offset))
        return shm_fail(EINVAL, offset ? "read() arguments exceed upper memory limit"
                                       : "read() argument exceeds upper memory limit");
    if (nbytes > 0)
        memcpy(buf, (const char *)shm_mapping_address(mapping) + offset, nbytes);
    return 0;
}

int shm_memory_write(struct shm_memory *m, const void *data, size_t nbytes, size_t offset)
{
    if (shm_memory_is_there(m) < 0)
        return -1;
    uintptr_t mapping = m->mapping;
    if (!mapping)
        return fail_detached();
    if (shm_mapping_how(mapping) & LIBSHM_ATTACH_RDONLY)
        return shm_fail(EACCES, "can't write on read-only attached memory");
    if (!inside(m->size, nbytes, offset))
        return shm_fail(EINVAL, offset ? "write() arguments exceed upper memory limit"
                                       : "write() argument exceeds upper memory limit");
    if (nbytes > 0)
        memcpy((char *)shm_mapping_address(mapping) + offset, data, nbytes);
    return 0;
}
