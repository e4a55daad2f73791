/* Message queues: making, removing and describing them. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libshm/backend.h"
#include "libshm/fail.h"
#include "posix/posix_control.h"
#include "posix/posix_get.h"
#include "posix/posix_io.h"
#include "posix/posix_limits.h"
#include "posix/posix_list.h"
#include "posix/posix_perm.h"
#include "posix/posix_process.h"
#include "posix/posix_queue_serve.h"
#include "posix/posix_rows.h"
#include "posix/posix_set_lock.h"
#include "posix/posix_sleep.h"

int shm_backend_msgget(key_t key, int flags)
{
    const struct px_refusal none = {0};
    struct px_set_layout l;
    if (px_store_check() != 0)
        return -1;
    px_queue_layout(&l);
    struct px_request request = {
        .kind = PX_QUEUE,
        .key = key,
        .flags = flags,
        .file_size = l.file_size,
        .reserve = {{0, l.rows_offset + l.rows_initial * l.row_stride},
                    {l.waiters_offset,
                     l.waiters_offset + l.waiters_initial * sizeof(struct px_waiter)}},
        .start = {PX_QUEUE_OFFSET + offsetof(struct px_queue, qbytes_more),
                  (int64_t)px_limit(PX_MSGMNB) - LIBSHM_MSGMNB},
    };
    return px_get(&request, &none);
}

/*
 * IPC_SET
 */

/* Part of the kernel's interface, whose headers are not everywhere where a C library is. */
enum { CAPABILITY_VERSION_3 = 0x20080522, CAP_SYS_RESOURCE_NUMBER = 24 };

static int may_exceed_limits(void)
{
    struct {
        uint32_t version;
        int pid;
    } header = {CAPABILITY_VERSION_3, 0};
    struct {
        uint32_t effective, permitted, inheritable;
    } data[2];
    return syscall(SYS_capget, &header, data) == 0 &&
           (data[0].effective >> CAP_SYS_RESOURCE_NUMBER & 1);
}

static int set_qbytes(struct px_set *s, uint64_t qbytes, const struct px_mask *mask)
{
    struct px_patience patience = {.deadline = INT64_MAX, .mask = mask};
    if (px_set_lock(s, &patience) != 0)
        return shm_fail(errno, "the message queue cannot be locked");
    PX_PUT(px_queue_of(s)->qbytes_more, (int64_t)qbytes - LIBSHM_MSGMNB);
    px_queue_serve(s);
    px_set_unlock(s);
    return 0;
}

static int set(int msqid, const struct shm_backend_msqid_ds *ds)
{
    struct px_mask old;
    px_block_signals(&old);
    struct px_set *s = px_set_take(PX_QUEUE, msqid);
    int result = s ? -1 : px_control_refused(PX_QUEUE, msqid);
    if (s && ds->qbytes > px_limit(PX_MSGMNB) && !may_exceed_limits())
        shm_failf(EPERM,
                  "%llu bytes in a message queue; more than %llu (LIBSHM_MSGMNB) need "
                  "CAP_SYS_RESOURCE",
                  (unsigned long long)ds->qbytes, (unsigned long long)px_limit(PX_MSGMNB));
    else if (s && ds->qbytes > INT_MAX)
        shm_failf(EINVAL, "%llu bytes in a message queue; the most is %d",
                  (unsigned long long)ds->qbytes, INT_MAX);
    else if (s && (result = px_control_set(PX_QUEUE, msqid, &ds->perm)) == 0)
        result = set_qbytes(s, ds->qbytes, &old);
    if (s)
        px_set_release(s);
    px_restore_signals(&old);
    return result;
}

/*
 * IPC_STAT
 */

static int needs_a_buffer(void)
{
    return shm_fail(EFAULT, "this command needs a buffer");
}

static void fill_ds(const struct px_set *s, struct shm_backend_msqid_ds *ds)
{
    const struct px_header *h = px_set_header(s);
    struct px_queue *q = px_queue_of(s);
    uint64_t room = atomic_load(&q->room);
    *ds = (struct shm_backend_msqid_ds){
        .perm = px_header_perm(h),
        .stime = PX_GET(q->stime),
        .rtime = PX_GET(q->rtime),
        .ctime = PX_GET(h->ctime),
        .cbytes = px_room_bytes(room),
        .qnum = px_room_messages(room),
        .qbytes = px_queue_qbytes(s),
        .lspid = (pid_t)PX_GET(q->lspid),
        .lrpid = (pid_t)PX_GET(q->lrpid),
    };
}

/* Who was killed in the middle of a call may have taken room. */
static int look_locked(struct px_set *s, const struct px_mask *mask,
                       struct shm_backend_msqid_ds *ds)
{
    struct px_patience patience = {.deadline = INT64_MAX, .mask = mask};
    if (px_set_lock(s, &patience) != 0)
        return shm_fail(errno, "the message queue cannot be locked");
    px_rows_reap(s, NULL, NULL);
    fill_ds(s, ds);
    px_set_unlock(s);
    return 0;
}

static int look(int msqid, struct shm_backend_msqid_ds *ds)
{
    struct px_mask old;
    px_block_signals(&old);
    struct px_set *s = px_set_take(PX_QUEUE, msqid);
    int result = s ? look_locked(s, &old, ds) : -1;
    if (s)
        px_set_release(s);
    px_restore_signals(&old);
    return result;
}

static int stat_queue(int msqid, int check, struct shm_backend_msqid_ds *ds)
{
    struct shm_backend_msqid_ds now;
    if (look(msqid, &now) != 0)
        return -1;
    if (check && !px_perm_class_grants(px_perm_class(&now.perm), now.perm.mode, 4))
        return shm_failf(EACCES, "message queue %d may not be read by this user", msqid);
    if (!ds) /* the id and the permission come first */
        return needs_a_buffer();
    *ds = now;
    return 0;
}

static int stat_rank(int rank, int check, struct shm_backend_msqid_ds *ds)
{
    int id = px_list_rank(PX_QUEUE, rank);
    if (id < 0)
        return -1;
    return stat_queue(id, check, ds) == 0 ? id : -1;
}

/*
 * IPC_INFO, MSG_INFO
 */

static int added(int sum, uint64_t more)
{
    return more < (uint64_t)(INT_MAX - sum) ? sum + (int)more : INT_MAX;
}

struct usage {
    struct shm_backend_msginfo *info;
    int error; /* of a queue that could not be counted */
};

/* From the file: to be counted, a queue need not be opened. */
static void add_usage(const struct px_object *o, void *context)
{
    struct usage *usage = context;
    uint64_t room;
    const off_t at = PX_QUEUE_OFFSET + offsetof(struct px_queue, room);
    ssize_t n = px_read_at(o->fd, &room, sizeof room, at);
    if (n < 0)
        usage->error = errno;
    if (n != (ssize_t)sizeof room)
        return;
    usage->info->msgpool = added(usage->info->msgpool, 1);
    usage->info->msgmap = added(usage->info->msgmap, px_room_messages(room));
    usage->info->msgtql = added(usage->info->msgtql, px_room_bytes(room));
}

static int add_all_usage(struct shm_backend_msginfo *info)
{
    struct usage usage = {.info = info};
    if (px_list_each(PX_QUEUE, add_usage, &usage) != 0)
        return -1;
    if (usage.error)
        return shm_failf(usage.error, "a message queue in %s cannot be read: %s",
                         px_store_folder(), strerror(usage.error));
    return 0;
}

static int info(int command, struct shm_backend_msginfo *result)
{
    *result = (struct shm_backend_msginfo){
        .msgmax = LIBSHM_MSGMAX,
        .msgmnb = (int)px_limit(PX_MSGMNB),
        .msgmni = (int)px_limit(PX_MSGMNI),
        .msgssz = PX_BLOCK_BYTES,
    };
    if (command == LIBSHM_MSG_INFO && add_all_usage(result) != 0)
        return -1;
    return px_list_highest(PX_QUEUE);
}

static int dispatch(int msqid, int command, void *buf)
{
    switch (command) {
    case LIBSHM_IPC_INFO:
    case LIBSHM_MSG_INFO:
        return info(command, buf);
    case LIBSHM_MSG_STAT:
    case LIBSHM_MSG_STAT_ANY:
        return stat_rank(msqid, command == LIBSHM_MSG_STAT, buf);
    case LIBSHM_IPC_STAT:
        return stat_queue(msqid, 1, buf);
    case LIBSHM_IPC_RMID:
        return px_control_remove(PX_QUEUE, msqid);
    case LIBSHM_IPC_SET:
        return set(msqid, buf);
    default:
        return shm_failf(EINVAL, "%d is not a command of msgctl", command);
    }
}

static int is_info(int command)
{
    return command == LIBSHM_IPC_INFO || command == LIBSHM_MSG_INFO;
}

int shm_backend_msgctl(int msqid, int command, void *buf)
{
    int first_error = errno;
    if (msqid < 0 && !is_info(command))
        return px_object_missing(PX_QUEUE, msqid);
    if (!buf && (is_info(command) || command == LIBSHM_IPC_SET))
        return needs_a_buffer();
    if (px_store_check() != 0)
        return -1;
    px_sleep_cancel_unblocked();
    int result = dispatch(msqid, command, buf);
    if (result >= 0)
        errno = first_error;
    return result;
}

ssize_t shm_backend_msg_list(int *ids, size_t capacity)
{
    return px_list_ids(PX_QUEUE, ids, capacity);
}
