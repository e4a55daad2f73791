/* Message queues and the handles to them. */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "libshm/backend.h"
#include "libshm/fail.h"
#include "libshm/handles.h"
#include "libshm/keep.h"
#include "libshm/queue.h"
#include "libshm/timeout.h"

struct shm_queue {
    struct shm_handle handle;
};

static struct shm_handle_table handles;

static int id_of(struct shm_queue *q)
{
    assert(q && shm_handle_alive(&handles, &q->handle));
    return q->handle.id;
}

int shm_getmsqid(key_t key)
{
    if (key == LIBSHM_IPC_PRIVATE)
        return shm_fail(ENOENT,
                        "no queue can be found under key 0, which always makes a new one");
    return shm_backend_msgget(key, 0);
}

/*
 * Making and removing
 */

static struct shm_queue *new_handle(int msqid)
{
    struct shm_queue *fresh = calloc(1, sizeof *fresh);
    if (!fresh) {
        shm_fail(ENOMEM, "no memory for a handle");
        return NULL;
    }
    fresh->handle.id = msqid;
    struct shm_handle *entered = shm_handle_enter(&handles, &fresh->handle);
    if (entered != &fresh->handle)
        free(fresh);
    return (struct shm_queue *)entered;
}

static struct shm_queue *handle_of(int msqid)
{
    struct shm_queue *q = (struct shm_queue *)shm_handle_take(&handles, msqid);
    return q ? q : new_handle(msqid);
}

struct shm_queue *shm_queue(int msqid)
{
    struct shm_backend_msqid_ds ds;
    if (shm_backend_msgctl(msqid, LIBSHM_IPC_STAT, &ds) < 0)
        return NULL;
    return handle_of(msqid);
}

struct shm_queue *shm_create_queue(key_t key, mode_t perm)
{
    struct shm_kept first;
    if (perm & ~(mode_t)0777) {
        shm_fail(EINVAL, "permissions of a new message queue are at most 0777");
        return NULL;
    }
    int msqid = shm_backend_msgget(key, LIBSHM_IPC_CREAT | LIBSHM_IPC_EXCL | (int)perm);
    struct shm_queue *q = msqid < 0 ? NULL : handle_of(msqid);
    if (msqid >= 0 && !q) {
        shm_keep(&first);
        shm_remove_queue(msqid);
        shm_keep_restore(&first);
    }
    return q;
}

void shm_queue_free(struct shm_queue *q)
{
    assert(q && shm_handle_alive(&handles, &q->handle));
    if (shm_handle_drop(&handles, &q->handle))
        free(q);
}

int shm_remove_queue(int msqid)
{
    return shm_backend_msgctl(msqid, LIBSHM_IPC_RMID, NULL);
}

/* The backend says EINVAL of an id that is none any more, and of arguments. */
static int explain(struct shm_queue *q)
{
    struct shm_kept first;
    struct shm_backend_msqid_ds ds;
    shm_keep(&first);
    int gone = errno == EINVAL && shm_backend_msgctl(id_of(q), LIBSHM_IPC_STAT, &ds) < 0 &&
               errno == EINVAL;
    shm_keep_restore(&first);
    return gone ? shm_failf(EIDRM, "message queue %d was removed", id_of(q)) : -1;
}

/*
 * Messages
 */

int shm_queue_send_timed(struct shm_queue *q, const void *message, size_t nbytes,
                         long timeout_ms)
{
    struct timespec ts;
    int result =
        shm_backend_msgtimedsnd(id_of(q), message, nbytes, 0, shm_timeout(timeout_ms, &ts));
    return result < 0 ? explain(q) : 0;
}

int shm_queue_send(struct shm_queue *q, const void *message, size_t nbytes)
{
    return shm_queue_send_timed(q, message, nbytes, -1);
}

ssize_t shm_queue_receive_timed(struct shm_queue *q, void *message, size_t room, long type,
                                int how, long timeout_ms)
{
    struct timespec ts;
    if (how & ~(LIBSHM_CUT | LIBSHM_EXCEPT))
        return shm_failf(EINVAL, "%#o are not only LIBSHM_CUT and LIBSHM_EXCEPT",
                         (unsigned)how);
    if (!message)
        return shm_fail(EFAULT, "there is no room for a message");
    ssize_t received = shm_backend_msgtimedrcv(id_of(q), message, room, type, how,
                                               shm_timeout(timeout_ms, &ts));
    return received < 0 ? explain(q) : received;
}

ssize_t shm_queue_receive(struct shm_queue *q, void *message, size_t room, long type, int how)
{
    return shm_queue_receive_timed(q, message, room, type, how, -1);
}

/*
 * Status
 */

static int read_status(struct shm_queue *q, struct shm_backend_msqid_ds *ds)
{
    if (shm_backend_msgctl(id_of(q), LIBSHM_IPC_STAT, ds) == 0)
        return 0;
    return errno == EINVAL ? shm_failf(EIDRM, "message queue %d was removed", id_of(q)) : -1;
}

int shm_queue_stat(struct shm_queue *q, struct shm_queue_status *out)
{
    struct shm_backend_msqid_ds ds;
    if (read_status(q, &ds) < 0)
        return -1;
    *out = (struct shm_queue_status){
        .msqid = id_of(q),
        .key = (uint32_t)ds.perm.key,
        .perm = ds.perm.mode & 0777,
        .qnum = (size_t)ds.qnum,
        .cbytes = (size_t)ds.cbytes,
        .qbytes = (size_t)ds.qbytes,
        .uid = ds.perm.uid,
        .gid = ds.perm.gid,
        .cuid = ds.perm.cuid,
        .cgid = ds.perm.cgid,
        .lspid = ds.lspid,
        .lrpid = ds.lrpid,
        .stime = ds.stime,
        .rtime = ds.rtime,
        .ctime = ds.ctime,
    };
    return 0;
}

int shm_queue_setperm(struct shm_queue *q, mode_t perm)
{
    struct shm_backend_msqid_ds ds;
    if (read_status(q, &ds) < 0)
        return -1;
    ds.perm.mode = perm & 0777;
    return shm_backend_msgctl(id_of(q), LIBSHM_IPC_SET, &ds);
}

int shm_queue_setqbytes(struct shm_queue *q, size_t qbytes)
{
    struct shm_backend_msqid_ds ds;
    if (read_status(q, &ds) < 0)
        return -1;
    ds.qbytes = qbytes;
    return shm_backend_msgctl(id_of(q), LIBSHM_IPC_SET, &ds);
}
