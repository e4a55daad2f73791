#include "config.h"

#include <stdatomic.h>
#include <stddef.h>

#include "libshm/backend.h"
#include "posix/posix_sleep.h"

static int (*_Atomic asked)(void);

void shm_backend_setinterrupt(int (*check)(void))
{
    atomic_store(&asked, check);
}

/*
 * A sleeper blocks its signals, so the kernel gives those of the process to other threads, whose
 * handlers may only leave a note for this one. What is asked here may run any code, as a handler may.
 */
int px_asked_to_stop(const struct px_mask *mask)
{
    int (*ask)(void) = atomic_load(&asked);
    struct px_mask blocked;
    if (ask == NULL)
        return 0;
    px_restore_signals(mask);
    int stop = ask();
    px_block_signals(&blocked);
    return stop != 0;
}
