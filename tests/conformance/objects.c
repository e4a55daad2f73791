/* Objects of any family: made, looked at, removed. */
#include "config.h"

#include "tests/conformance/conform.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/conformance/objects.h"

/*
 * The families.
 */

static int shm_get(key_t key, int size, int flags)
{
    return shmget(key, (size_t)size, flags);
}

static int shm_control(int id, int command, void *buffer)
{
    return shmctl(id, command, buffer);
}

static time_t shm_changed(const union object_ds *ds)
{
    return ds->shm.shm_ctime;
}

static int sem_control(int id, int command, void *buffer)
{
    return semctl(id, 0, command, (union sem_argument){.buf = buffer});
}

static time_t sem_changed(const union object_ds *ds)
{
    return ds->sem.sem_ctime;
}

static int msg_get(key_t key, int size, int flags)
{
    (void)size;
    return msgget(key, flags);
}

static int msg_control(int id, int command, void *buffer)
{
    return msgctl(id, command, buffer);
}

static time_t msg_changed(const union object_ds *ds)
{
    return ds->msg.msg_ctime;
}

const struct family families[FAMILIES] = {
    {"segments", shm_get, shm_control, shm_changed, SHM_STAT, SHM_STAT_ANY, SHM_INFO},
    {"sets", semget, sem_control, sem_changed, SEM_STAT, SEM_STAT_ANY, SEM_INFO},
    {"queues", msg_get, msg_control, msg_changed, MSG_STAT, MSG_STAT_ANY, MSG_INFO},
};

/*
 * The registry is shared with all children, so that what a killed one made is found.
 */

enum { REGISTRY_SIZE = 8192 };

static struct registry {
    _Atomic unsigned count;
    struct entry {
        int family, id;
    } entries[REGISTRY_SIZE];
} * registry;

void registry_start(void)
{
    registry =
        mmap(NULL, sizeof *registry, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (registry == MAP_FAILED)
        fail_at(__FILE__, __LINE__, "no memory for the registry");
}

void register_object(const struct family *f, int id)
{
    if (id < 0)
        return;
    unsigned i = atomic_fetch_add(&registry->count, 1) % REGISTRY_SIZE;
    registry->entries[i] = (struct entry){(int)(f - families), id};
}

void remove_registered(void)
{
    unsigned count = atomic_exchange(&registry->count, 0);

    for (unsigned i = 0; i < count && i < REGISTRY_SIZE; i++)
        object_remove(&families[registry->entries[i].family], registry->entries[i].id);
}

int object_at(const struct family *f, key_t key, int size, int mode)
{
    int id = f->get(key, size, IPC_CREAT | IPC_EXCL | mode);

    if (id == -1)
        fail_at(__FILE__, __LINE__, "%s: get(%#x, %d, %#o) failed: %s", f->name, (unsigned)key,
                size, (unsigned)mode, strerror(errno));
    register_object(f, id);
    return id;
}

union object_ds object_stat(const struct family *f, int id)
{
    union object_ds ds;

    memset(&ds, 0xa5, sizeof ds);
    if (f->control(id, IPC_STAT, &ds) != 0)
        fail_at(__FILE__, __LINE__, "%s: IPC_STAT of %d failed: %s", f->name, id,
                strerror(errno));
    return ds;
}

int object_set(const struct family *f, int id, union object_ds *ds)
{
    return f->control(id, IPC_SET, ds);
}

int object_remove(const struct family *f, int id)
{
    return f->control(id, IPC_RMID, NULL);
}

key_t key_of(const struct ipc_perm *perm)
{
#if defined HAVE_STRUCT_IPC_PERM___KEY
    return perm->__key;
#elif defined HAVE_STRUCT_IPC_PERM__KEY
    return perm->_key;
#else
    return perm->key;
#endif
}

static bool is_free(key_t key)
{
    EACH_FAMILY (f)
        if (f->get(key, 0, 0) >= 0 || errno != ENOENT)
            return false;
    return key != IPC_PRIVATE;
}

key_t free_key(void)
{
    static unsigned count;
    key_t key;

    do
        key = (key_t)((unsigned)getpid() * 65536u + 7919u * ++count);
    while (!is_free(key));
    return key;
}

/*
 * Segments.
 */

int segment_at(key_t key, size_t size, int mode)
{
    return object_at(&families[SHM], key, (int)size, mode);
}

int new_segment(size_t size, int mode)
{
    return segment_at(IPC_PRIVATE, size, mode);
}

struct shmid_ds segment_stat(int id)
{
    return object_stat(&families[SHM], id).shm;
}

long long nattch(int id)
{
    return (long long)segment_stat(id).shm_nattch;
}

int remove_segment(int id)
{
    return shmctl(id, IPC_RMID, NULL);
}

void *attach_flags(int id, const void *address, int flags)
{
    void *start = shmat(id, address, flags);

    if (start == NOT_ATTACHED)
        fail_at(__FILE__, __LINE__, "shmat(%d, %p, 0%o) failed: %s", id, address,
                (unsigned)flags, strerror(errno));
    return start;
}

void *attach(int id)
{
    return attach_flags(id, NULL, 0);
}
