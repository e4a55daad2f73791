/*
 * libshm/queue.h: message queues by integer key.
 *
 * A queue passes messages between processes: each has a type, a positive number, and up to a few thousand
 * bytes, and is received whole and by one receiver. They come in the order in which they were sent, of all
 * types or of one. Objects, handles, errors, fork and signals are as in shm.h, except that a handle of a
 * queue needs no status call: an operation itself finds out that the queue was removed, EIDRM.
 *
 * Messages
 *   Sent and received in the form of msgsnd(2): a structure of the program that begins with a long, the
 *   type, after which the bytes follow at once. `nbytes` counts those bytes, not the type.
 *
 *       struct note { long type; char text[64]; } note = {1, "hello"};
 *       shm_queue_send(queue, &note, sizeof note.text);
 *
 * Room
 *   A queue holds so many bytes, and so many messages, as its qbytes say; by default 16384 on Linux. A
 *   sender waits until there is room for its message; senders and receivers that wait are served in the
 *   order in which they came, as far as their wishes allow. Of several senders that there is room for at the
 *   same time, any may be the first.
 *
 * Death
 *   A message is in the queue or it is not, whenever a sender or a receiver is killed. What a receiver had
 *   got from the queue when it was killed is received.
 *
 * Threads: all calls may be made at any time on one handle, shm_queue_free of its last reference excepted.
 *
 * Source: msgget(2), msgop(2) and msgctl(2); the Python module that shm.h is after has no queues.
 */
#ifndef LIBSHM_QUEUE_H
#define LIBSHM_QUEUE_H

#include "libshm/shm.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Bits of `how` in shm_queue_receive. */
#define LIBSHM_CUT    010000 /* cut a message that is longer than the room for it */
#define LIBSHM_EXCEPT 020000 /* with a positive type: the first message of another type */

struct shm_queue;

/* A queue at one moment. Times are seconds since the epoch, 0: never. */
struct shm_queue_status {
    int msqid;
    uint32_t key;  /* 0: private */
    mode_t perm;   /* nine permission bits */
    size_t qnum;   /* messages in it */
    size_t cbytes; /* their bytes, without the types */
    size_t qbytes; /* the most that there may be of both */
    uid_t uid;     /* owner */
    gid_t gid;
    uid_t cuid; /* creator */
    gid_t cgid;
    pid_t lspid;   /* process that sent last; 0: none yet */
    pid_t lrpid;   /* process that received last */
    int64_t stime; /* last send */
    int64_t rtime; /* last receive */
    int64_t ctime; /* creation, or last change of owner, permissions or qbytes */
};

/*
 * shm_getmsqid: the id of the queue that has a key.
 *
 * Returns the id, or -1 and errno:
 *   ENOENT  no queue has this key; always for key 0
 */
LIBSHM_API int shm_getmsqid(key_t key);

/*
 * shm_create_queue: make a new queue under a key that is free.
 *
 * key   LIBSHM_PRIVATE makes one without a key
 * perm  permission bits, at most 0777: to read is to receive, to write is to send; the umask does not count
 *
 * Returns a handle, caller owns; or NULL and errno. Nothing is left behind then.
 *   EEXIST  the key is taken
 *   EINVAL  perm is above 0777
 *   ENOSPC  a limit of the system, or the store, is full
 *   ENOMEM  no memory
 */
LIBSHM_API struct shm_queue *shm_create_queue(key_t key, mode_t perm);

/*
 * shm_queue: the handle of the queue with this id.
 *
 * A handle that this process already has is returned again with one reference more.
 *
 * Returns the handle, caller owns; or NULL and errno:
 *   EINVAL  no queue has this id
 *   EACCES  this user may not read it
 *   ENOMEM  no memory
 */
LIBSHM_API struct shm_queue *shm_queue(int msqid);

/* shm_queue_free: give one reference back; the last one frees the handle, and never removes the queue. */
LIBSHM_API void shm_queue_free(struct shm_queue *q);

/*
 * shm_remove_queue: remove a queue with its messages, for everybody and at once.
 *
 * Whoever waits for it gets EIDRM.
 *
 * Returns 0, or -1 and errno:
 *   EINVAL  no queue has this id
 *   EPERM   neither owner nor creator nor root
 */
LIBSHM_API int shm_remove_queue(int msqid);

/*
 * shm_queue_send, shm_queue_send_timed: put a message behind the others.
 *
 * message     a long, at least 1: the type; then nbytes bytes; borrowed
 * nbytes      may be 0
 * timeout_ms  how long to wait for room; 0: not at all; negative: for ever
 *
 * Returns 0, or -1 and errno, and nothing is sent:
 *   EINVAL  the type is below 1, or nbytes above the system's maximum, 8192 unless it was changed
 *   EAGAIN  there was no room within the timeout
 *   EINTR   a signal handler has run
 *   EACCES  this user may not write to it
 *   EIDRM   it was removed
 *   EFAULT  message is NULL
 *   ENOMEM  the store is full
 */
LIBSHM_API int shm_queue_send(struct shm_queue *q, const void *message, size_t nbytes);
LIBSHM_API int shm_queue_send_timed(struct shm_queue *q, const void *message, size_t nbytes,
                                    long timeout_ms);

/*
 * shm_queue_receive, shm_queue_receive_timed: take a message out.
 *
 * message     room for a long and room bytes; written on success only
 * type        0: the first message; positive: the first of this type; negative: of the types up to -type
 *             the lowest, and of that the first
 * how         0, or LIBSHM_CUT and LIBSHM_EXCEPT
 * timeout_ms  how long to wait for one; 0: not at all; negative: for ever
 *
 * Returns how many bytes followed the type, or -1 and errno, and nothing is received:
 *   E2BIG   the message is longer than room; it stays
 *   EAGAIN  there was none within the timeout
 *   EINTR   a signal handler has run
 *   EACCES  this user may not read it
 *   EIDRM   it was removed
 *   EINVAL  how has other bits
 *   EFAULT  message is NULL
 */
LIBSHM_API ssize_t shm_queue_receive(struct shm_queue *q, void *message, size_t room, long type,
                                     int how);
LIBSHM_API ssize_t shm_queue_receive_timed(struct shm_queue *q, void *message, size_t room,
                                           long type, int how, long timeout_ms);

/*
 * shm_queue_stat: what the queue is like at this moment.
 *
 * Returns 0, or -1 and errno: EIDRM, EACCES
 */
LIBSHM_API int shm_queue_stat(struct shm_queue *q, struct shm_queue_status *out);

/*
 * shm_queue_setperm, shm_queue_setqbytes: change the permissions, or how much it holds.
 *
 * perm    becomes the nine permission bits; higher bits are ignored
 * qbytes  less than what is in it now is possible: senders wait longer then
 *
 * Returns 0, or -1 and errno:
 *   EPERM  neither owner nor creator nor root; or qbytes exceeds the system's limit, and this process
 *          may not exceed it (CAP_SYS_RESOURCE)
 *   EIDRM, EACCES
 */
LIBSHM_API int shm_queue_setperm(struct shm_queue *q, mode_t perm);
LIBSHM_API int shm_queue_setqbytes(struct shm_queue *q, size_t qbytes);

#ifdef __cplusplus
}
#endif

#endif
