/* msgctl, for one width of time_t. */
#include "config.h"

#include "compat/sysv/dropin.h"

#include <string.h>
#include <sys/msg.h>

_Static_assert(MSG_INFO == LIBSHM_MSG_INFO, "commands are passed on unchanged");
_Static_assert((MSG_STAT & ~(IPC_STAT & ~LIBSHM_IPC_STAT)) == LIBSHM_MSG_STAT,
               "commands are passed on without the C library's own bits");

static void to_system(struct msqid_ds *to, const struct shm_backend_msqid_ds *from)
{
    memset(to, 0, sizeof *to);
    dropin_perm_to_system(&to->msg_perm, &from->perm);
    to->msg_stime = (time_t)from->stime;
    to->msg_rtime = (time_t)from->rtime;
    to->msg_ctime = (time_t)from->ctime;
    to->__msg_cbytes = dropin_at_most_ulong(from->cbytes);
    to->msg_qnum = dropin_at_most_ulong(from->qnum);
    to->msg_qbytes = dropin_at_most_ulong(from->qbytes);
    to->msg_lspid = from->lspid;
    to->msg_lrpid = from->lrpid;
}

static int stat_by(int msqid, int command, struct msqid_ds *buf)
{
    struct shm_backend_msqid_ds ds = {0};
    int result = shm_backend_msgctl(msqid, command, buf ? &ds : NULL);
    if (result >= 0 && buf)
        to_system(buf, &ds);
    return result;
}

static int set(int msqid, const struct msqid_ds *buf)
{
    struct shm_backend_msqid_ds ds = {0};
    if (buf) {
        dropin_perm_from_system(&ds.perm, &buf->msg_perm);
        ds.qbytes = buf->msg_qbytes;
    }
    return shm_backend_msgctl(msqid, LIBSHM_IPC_SET, buf ? &ds : NULL);
}

static int info(int msqid, int command, struct msginfo *buf)
{
    struct shm_backend_msginfo from = {0};
    int highest = shm_backend_msgctl(msqid, command, buf ? &from : NULL);
    if (highest < 0 || !buf)
        return highest;
    *buf = (struct msginfo){
        .msgpool = from.msgpool,
        .msgmap = from.msgmap,
        .msgmax = from.msgmax,
        .msgmnb = from.msgmnb,
        .msgmni = from.msgmni,
        .msgssz = from.msgssz,
        .msgtql = from.msgtql,
        .msgseg = from.msgseg,
    };
    return highest;
}

/* The standard's prototype has one type of buffer for all commands. */
DROPIN_NAME int msgctl(int msqid, int system_command, struct msqid_ds *buf)
{
    int command = dropin_command(system_command);
    switch (command) {
    case LIBSHM_IPC_STAT:
    case LIBSHM_MSG_STAT:
    case LIBSHM_MSG_STAT_ANY:
        return stat_by(msqid, command, buf);
    case LIBSHM_IPC_SET:
        return set(msqid, buf);
    case LIBSHM_IPC_INFO:
    case LIBSHM_MSG_INFO:
        return info(msqid, command, (struct msginfo *)(void *)buf);
    default:
        return shm_backend_msgctl(msqid, command, NULL);
    }
}
