/* msgget, msgsnd, msgrcv. */
#include "config.h"

#include "compat/sysv/dropin.h"

#include <sys/msg.h>

_Static_assert(MSG_NOERROR == LIBSHM_MSG_NOERROR, "flags are passed on unchanged");
_Static_assert(MSG_EXCEPT == LIBSHM_MSG_EXCEPT, "flags are passed on unchanged");

DROPIN_NAME int msgget(key_t key, int flags)
{
    return shm_backend_msgget(key, flags);
}

DROPIN_NAME int msgsnd(int msqid, const void *message, size_t size, int flags)
{
    return shm_backend_msgtimedsnd(msqid, message, size, flags, NULL);
}

DROPIN_NAME ssize_t msgrcv(int msqid, void *message, size_t size, long type, int flags)
{
    return shm_backend_msgtimedrcv(msqid, message, size, type, flags, NULL);
}
