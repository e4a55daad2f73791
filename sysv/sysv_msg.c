/* Message queues on the kernel's msgget, msgsnd, msgrcv and msgctl. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/msg.h>

#include "libshm/fail.h"
#include "sysv/sysv_private.h"

/* Part of the kernel's interface; not every C library has all of them. */
#ifndef MSG_COPY
#define MSG_COPY 040000
#endif
#ifndef MSG_STAT_ANY
#define MSG_STAT_ANY 13
#endif

_Static_assert(MSG_NOERROR == LIBSHM_MSG_NOERROR && MSG_EXCEPT == LIBSHM_MSG_EXCEPT &&
                   MSG_COPY == LIBSHM_MSG_COPY,
               "flags are passed on unchanged");

static const char what[] = "message queue";

static int fail_no_space(void)
{
    struct msginfo limits;
    if (msgctl(0, IPC_INFO, (struct msqid_ds *)(void *)&limits) < 0)
        return shm_fail(ENOSPC, "the kernel's limit MSGMNI on message queues is reached");
    return shm_failf(
        ENOSPC,
        "no room for another message queue: MSGMNI=%d exist, a limit of the kernel, not "
        "of a disk. Remove queues that nobody needs, or raise kernel.msgmni",
        limits.msgmni);
}

int shm_backend_msgget(key_t key, int flags)
{
    int id = msgget(key, flags & (0777 | IPC_CREAT | IPC_EXCL));
    if (id >= 0)
        return id;
    return errno == ENOSPC ? fail_no_space() : sysv_fail_get(what, key);
}

/*
 * Waiting with a timeout, which the kernel does not have for messages: it is asked again and again, after
 * 50 us, 100 us, ... 3.2 ms.
 */

struct wait {
    struct timespec end;
    unsigned attempts;
    sigset_t mask; /* the caller's */
};

/* Longer than any clock runs, and far from where seconds end. */
enum { LONG_ENOUGH = 1 << 30 };

/* Signals come through in the pauses only, and end them: none is missed between two questions. */
static void begin_wait(struct wait *w, const struct timespec *timeout)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &w->mask);
    clock_gettime(CLOCK_MONOTONIC, &w->end);
    w->attempts = 0;
    w->end.tv_sec += timeout->tv_sec < LONG_ENOUGH ? timeout->tv_sec : LONG_ENOUGH;
    w->end.tv_nsec += timeout->tv_nsec;
    if (w->end.tv_nsec >= 1000000000) {
        w->end.tv_nsec -= 1000000000;
        w->end.tv_sec++;
    }
}

static bool is_over(const struct wait *w)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec > w->end.tv_sec ||
           (now.tv_sec == w->end.tv_sec && now.tv_nsec >= w->end.tv_nsec);
}

/* Leaves errno alone. */
static ssize_t end_wait(const struct wait *w, ssize_t result)
{
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &w->mask, NULL);
    errno = error;
    return result;
}

/* 0: ask again. */
static int pause_in(struct wait *w)
{
    if (is_over(w))
        return shm_fail(EAGAIN,
                        "the timeout is over, and the message queue has not allowed the call");
    long microseconds = 50L << (w->attempts < 6 ? w->attempts : 6);
    struct timespec t = {.tv_nsec = microseconds * 1000};
    w->attempts++;
    if (ppoll(NULL, 0, &t, &w->mask) < 0 && errno == EINTR)
        return shm_fail(EINTR, "a signal ended the wait for a message queue");
    return 0;
}

/* Also of a call that will not wait, as semtimedop has it. */
static int check_timeout(const struct timespec *timeout)
{
    if (!timeout ||
        (timeout->tv_sec >= 0 && timeout->tv_nsec >= 0 && timeout->tv_nsec < 1000000000))
        return 0;
    return shm_fail(EINVAL, "the timeout is negative or its nanoseconds exceed a second");
}

static int fail_operation(int msqid)
{
    switch (errno) {
    case EAGAIN:
        return shm_fail(EAGAIN, "the message queue has no room now");
    case ENOMSG:
        return shm_fail(ENOMSG, "the message queue has no such message now");
    case E2BIG:
        return shm_fail(E2BIG, "the message is longer than the room for it");
    case EINTR:
        return shm_fail(EINTR, "a signal ended the wait for a message queue");
    case EFAULT:
        return sysv_fail_pointer();
    case EINVAL:
        return shm_failf(
            EINVAL,
            "there is no message queue with id %d (it may have been removed), or the "
            "message has a type below 1, or is longer than the kernel's MSGMAX, or the "
            "flags contradict each other",
            msqid);
    default:
        return sysv_fail_id(what, msqid);
    }
}

/*
 * Sending
 */

static int send_until(int msqid, const void *message, size_t size, int flags,
                      const struct timespec *timeout)
{
    struct wait w;
    int result;
    begin_wait(&w, timeout);
    while ((result = msgsnd(msqid, message, size, flags | IPC_NOWAIT)) < 0 && errno == EAGAIN)
        if (pause_in(&w) < 0)
            return (int)end_wait(&w, -1);
    return (int)end_wait(&w, result < 0 ? fail_operation(msqid) : 0);
}

int shm_backend_msgtimedsnd(int msqid, const void *message, size_t size, int flags,
                            const struct timespec *timeout)
{
    int first_error = errno;
    if (!message)
        return sysv_fail_pointer();
    if (size >
        LONG_MAX / 2) /* sanitizers would read so many bytes before they ask the kernel */
        return shm_fail(EINVAL, "a message of more bytes than there is memory for");
    if (check_timeout(timeout) != 0)
        return -1;
    if (timeout && !(flags & IPC_NOWAIT)) {
        int result = send_until(msqid, message, size, flags, timeout);
        if (result == 0)
            errno = first_error;
        return result;
    }
    return msgsnd(msqid, message, size, flags) < 0 ? fail_operation(msqid) : 0;
}

/*
 * Receiving
 */

static ssize_t receive_until(int msqid, void *message, size_t size, long type, int flags,
                             const struct timespec *timeout)
{
    struct wait w;
    ssize_t received;
    begin_wait(&w, timeout);
    while ((received = msgrcv(msqid, message, size, type, flags | IPC_NOWAIT)) < 0 &&
           errno == ENOMSG)
        if (pause_in(&w) < 0)
            return end_wait(&w, -1);
    return end_wait(&w, received < 0 ? fail_operation(msqid) : received);
}

/* With MSG_COPY the kernel insists on IPC_NOWAIT, which has no timeout. */
ssize_t shm_backend_msgtimedrcv(int msqid, void *message, size_t size, long type, int flags,
                                const struct timespec *timeout)
{
    int first_error = errno;
    ssize_t received;
    if (check_timeout(timeout) != 0)
        return -1;
    if (timeout && !(flags & (IPC_NOWAIT | MSG_COPY))) {
        received = receive_until(msqid, message, size, type, flags, timeout);
        if (received >= 0)
            errno = first_error;
        return received;
    }
    received = msgrcv(msqid, message, size, type, flags);
    return received < 0 ? fail_operation(msqid) : received;
}

/*
 * Control
 */

static int stat_by(int msqid, int system_command, struct shm_backend_msqid_ds *buf)
{
    struct msqid_ds ds;
    int result = msgctl(msqid, system_command, &ds);
    if (result < 0)
        return sysv_fail_id(what, msqid);
    if (!buf)
        return sysv_fail_pointer();
    sysv_perm_from_system(&buf->perm, &ds.msg_perm);
    buf->stime = ds.msg_stime;
    buf->rtime = ds.msg_rtime;
    buf->ctime = ds.msg_ctime;
    buf->cbytes = ds.__msg_cbytes;
    buf->qnum = ds.msg_qnum;
    buf->qbytes = ds.msg_qbytes;
    buf->lspid = ds.msg_lspid;
    buf->lrpid = ds.msg_lrpid;
    return result;
}

static int set(int msqid, const struct shm_backend_msqid_ds *buf)
{
    struct msqid_ds ds = {0};
    if (!buf && msqid >= 0)
        return sysv_fail_pointer();
    if (buf) {
        sysv_perm_to_system(&ds.msg_perm, &buf->perm);
        ds.msg_qbytes = (msglen_t)buf->qbytes;
    }
    if (msgctl(msqid, IPC_SET, &ds) < 0)
        return sysv_fail_set(what, msqid, buf ? &buf->perm : NULL);
    return 0;
}

static int info_of_system(int system_command, struct shm_backend_msginfo *buf)
{
    struct msginfo info;
    int highest = msgctl(0, system_command, (struct msqid_ds *)(void *)&info);
    if (highest < 0)
        return sysv_fail_id(what, 0);
    if (!buf)
        return sysv_fail_pointer();
    buf->msgpool = info.msgpool;
    buf->msgmap = info.msgmap;
    buf->msgmax = info.msgmax;
    buf->msgmnb = info.msgmnb;
    buf->msgmni = info.msgmni;
    buf->msgssz = info.msgssz;
    buf->msgtql = info.msgtql;
    buf->msgseg = info.msgseg;
    return highest;
}

int shm_backend_msgctl(int msqid, int command, void *buf)
{
    switch (command) {
    case LIBSHM_IPC_RMID:
        return msgctl(msqid, IPC_RMID, NULL) < 0 ? sysv_fail_id(what, msqid) : 0;
    case LIBSHM_IPC_SET:
        return set(msqid, buf);
    case LIBSHM_IPC_STAT:
        return stat_by(msqid, IPC_STAT, buf);
    case LIBSHM_MSG_STAT:
        return stat_by(msqid, MSG_STAT, buf);
    case LIBSHM_MSG_STAT_ANY:
        return stat_by(msqid, MSG_STAT_ANY, buf);
    case LIBSHM_IPC_INFO:
        return info_of_system(IPC_INFO, buf);
    case LIBSHM_MSG_INFO:
        return info_of_system(MSG_INFO, buf);
    default:
        return shm_failf(EINVAL, "msgctl knows no command %d", command);
    }
}

/* As for semaphore sets. */
static int id_at(int index)
{
    struct msqid_ds ds;
    int id = msgctl(index, MSG_STAT, &ds);
    return id < 0 && errno == EACCES ? msgctl(index, MSG_STAT_ANY, &ds) : id;
}

ssize_t shm_backend_msg_list(int *ids, size_t capacity)
{
    struct msginfo info;
    int highest = msgctl(0, MSG_INFO, (struct msqid_ds *)(void *)&info);
    if (highest < 0)
        return sysv_fail_id(what, 0);
    return sysv_list(highest, id_at, ids, capacity);
}
