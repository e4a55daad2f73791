/* What is known of objects in use without a system call. */
#include "config.h"

#include "libshm/backend.h"
#include "posix/posix_borrow.h"
#include "posix/posix_glance.h"
#include "posix/posix_perm.h"
#include "posix/posix_process.h"
#include "posix/posix_semop.h"

int shm_backend_sem_is(int semid, key_t key, size_t nsems)
{
    px_pid(); /* a forked child has no set open */
    struct px_set *s = px_borrow(PX_SET, semid);
    if (!s)
        return 0;
    int is = !px_set_is_dead(s) && px_set_header(s)->key == key && s->layout.nsems == nsems &&
             px_may_operate(s, 4);
    px_give_back(PX_SET, semid);
    return is;
}

int shm_backend_shm_is(int shmid, key_t key, size_t size)
{
    px_pid();
    struct px_glance *g = px_borrow(PX_SEGMENT, shmid);
    if (!g)
        return 0;
    const volatile struct px_header *h =
        g->header; /* the others' doing: each field is read once */
    unsigned mode = h->mode;
    int is = !atomic_load_explicit(&g->stale, memory_order_acquire) && h->state == PX_LIVE &&
             h->key == key && h->size == size && h->uid == g->of_uid && h->gid == g->of_gid &&
             px_perm_class_grants(g->class_bit, mode, 4);
    px_give_back(PX_SEGMENT, shmid);
    return is;
}
