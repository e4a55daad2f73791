/* What is known of an open set without a lock. */
#include "config.h"

#include "libshm/backend.h"
#include "posix/posix_borrow.h"
#include "posix/posix_process.h"
#include "posix/posix_semop.h"

int shm_backend_sem_is(int semid, key_t key, size_t nsems)
{
    px_pid(); /* a forked child has no set open */
    struct px_set *s = px_set_borrow(semid);
    if (!s)
        return 0;
    int is = !px_set_is_dead(s) && px_set_header(s)->key == key && s->layout.nsems == nsems &&
             px_may_operate(s, 4);
    px_set_give_back(semid);
    return is;
}
