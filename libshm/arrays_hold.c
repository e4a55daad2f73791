/* Which partitions this thread has locked, innermost first; the entries lie on its stack. */
#include "config.h"

#include <errno.h>
#include <unistd.h>

#include "libshm/arrays_private.h"
#include "libshm/fail.h"

static _Thread_local const struct shm_hold *innermost;

void shm_hold_enter(struct shm_hold *hold, const struct shm_arrays *a, int shmid)
{
    *hold = (struct shm_hold){.arrays = a, .shmid = shmid, .pid = getpid(), .outer = innermost};
    innermost = hold;
}

void shm_hold_leave(const struct shm_hold *hold)
{
    innermost = hold->outer;
}

bool shm_hold_is_mine(const struct shm_hold *hold)
{
    return hold->pid == getpid();
}

/* In a child that was forked by a callback the entries are the parent's: they lock out nobody.
 */
int shm_hold_check(const struct shm_partition *p)
{
    for (const struct shm_hold *h = innermost; h; h = h->outer)
        if (h->shmid == p->shmid && shm_hold_is_mine(h))
            return shm_failf(EDEADLK,
                             "partition %u is locked by the update whose callback asks for "
                             "it: use the pointers that the callback is given",
                             (unsigned)p->checked.partition);
    return 0;
}

int shm_hold_check_handle(const struct shm_arrays *a)
{
    for (const struct shm_hold *h = innermost; h; h = h->outer)
        if (h->arrays == a)
            return shm_fail(EDEADLK, "a callback cannot close the handle it is called by");
    return 0;
}
