/* Sending and receiving messages. */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>

#include "libshm/backend.h"
#include "libshm/fail.h"
#include "libshm/keep.h"
#include "posix/posix_call.h"
#include "posix/posix_clock.h"
#include "posix/posix_get.h"
#include "posix/posix_queue_fast.h"
#include "posix/posix_queue_serve.h"
#include "posix/posix_queue_sweep.h"
#include "posix/posix_rows.h"
#include "posix/posix_semop.h"
#include "posix/posix_set_lock.h"
#include "posix/posix_sleep.h"
#include "posix/posix_waiters.h"

/*
 * A message in the memory of the process: the caller's is not touched while the lock is held, because that
 * may fault, and so end the process, or keep it for long.
 */
struct letter {
    int64_t type;
    size_t size;
    unsigned char bytes[LIBSHM_MSGMAX];
};

/* What the caller of msgrcv wants. */
struct order {
    int64_t type;
    size_t room;
    int flags;
};

/* Ends the part of a call that has the lock. */
static int unlock_with(struct px_set *s, int result)
{
    px_set_unlock(s);
    return result;
}

static int check_open(const struct px_call *call, unsigned wanted)
{
    const struct px_set *s = call->s;
    if (px_may_operate(s, wanted))
        return 0;
    return shm_failf(EACCES, "the permissions %03o of message queue %d refuse the operation",
                     px_set_header(s)->mode & 0777, s->id);
}

/* With the lock, and the queue still there. `slept`: it was, and the call has waited meanwhile. */
static int lock_living(struct px_call *call, int slept)
{
    if (px_call_lock(call) != 0)
        return -1;
    if (!px_set_is_dead(call->s))
        return 0;
    px_set_unlock(call->s);
    return slept ? px_call_removed(call->s) : px_object_missing(PX_QUEUE, call->s->id);
}

/*
 * Waiting
 */

/* Joins the queue of sleepers; entries of the dead are only looked for when there are no others. */
static uint32_t enqueue(struct px_call *call, const struct px_wish *wish, uint64_t *ticket)
{
    static const struct shm_backend_sembuf none;
    struct px_set *s = call->s;
    uint32_t number = px_waiter_append(s, &none, 1, ticket);
    if (number == 0 && px_rows_reap(s, NULL, NULL) > 0)
        number = px_waiter_append(s, &none, 1, ticket);
    if (number == 0)
        return 0;
    struct px_wish *place = &px_waiter(s, number)->wish;
    PX_PUT(place->type, PX_GET(wish->type));
    PX_PUT(place->size, PX_GET(wish->size));
    PX_PUT(place->flags, PX_GET(wish->flags));
    PX_PUT(place->sends, PX_GET(wish->sends));
    PX_PUT(place->message, 0);
    /* What came before it was awaited, nobody has been told of. */
    px_queue_await(s, number);
    px_queue_serve(s);
    return number;
}

/* Gives the lock back and sleeps: the number of the entry, which this call gives back; 0: -1 and errno. */
static uint32_t wait_for(struct px_call *call, const struct px_wish *wish, int error)
{
    uint64_t ticket;
    uint32_t number = call->may_wait ? enqueue(call, wish, &ticket) : 0;
    px_set_unlock(call->s);
    if (number == 0) {
        px_call_refuse(call->s, call->may_wait ? ENOSPC : error);
        return 0;
    }
    return px_sleep(call, number, ticket) == 0 ? number : 0;
}

/*
 * Sending
 */

static int no_space(const struct letter *letter)
{
    return shm_failf(ENOMEM, "no space for a message of %zu bytes in %s", letter->size,
                     px_store_folder());
}

/* What the dead have left to nobody may be enough. */
static int take_room(struct px_set *s, size_t size)
{
    if (px_queue_take_room(s, size))
        return 1;
    px_rows_reap(s, NULL, NULL);
    return px_queue_take_room(s, size);
}

static uint32_t alloc(struct px_set *s, size_t size)
{
    uint32_t count = px_blocks_for(size), first = px_queue_alloc(s, count);
    if (first != 0)
        return first;
    px_rows_reap(s, NULL, NULL);
    return px_queue_alloc(s, count);
}

static enum px_sent append(struct px_set *s, uint32_t block)
{
    enum px_sent sent = px_queue_append(s, block, 1);
    return sent == PX_RING_FULL && px_queue_move(s) ? px_queue_append(s, block, 1) : sent;
}

/* To be tried again: at once, for room was promised; or in a while. */
enum { AGAIN = 1, LATER = 2 };

/* Somebody who is stopped in the middle of a call keeps the ring from being changed: later. */
static int give_up(struct px_set *s, const struct letter *letter, uint32_t first,
                   enum px_sent sent)
{
    px_queue_free(s, first, px_blocks_for(letter->size));
    px_queue_give_room(s, letter->size);
    return sent == PX_RING_FULL ? LATER : no_space(letter);
}

/* There is room for it. */
static int post(struct px_set *s, const struct letter *letter)
{
    enum px_sent sent = PX_NO_SPACE;
    uint32_t first = alloc(s, letter->size);
    if (first != 0 && px_queue_write(s, first, letter->type, letter->bytes, letter->size) == 0)
        sent = append(s, first);
    if (sent != PX_SENT)
        return give_up(s, letter, first, sent);
    PX_PUT(px_queue_of(s)->lspid, (int32_t)px_pid());
    PX_PUT(px_queue_of(s)->stime, (int64_t)time(NULL));
    px_queue_serve(s);
    px_queue_provide(s);
    return 0;
}

static int try_to_send(struct px_call *call, const struct letter *letter, int slept)
{
    struct px_wish wish = {.size = (uint32_t)letter->size, .sends = 1};
    if (lock_living(call, slept) != 0)
        return -1;
    if (take_room(call->s, letter->size))
        return unlock_with(call->s, post(call->s, letter));
    uint32_t number = wait_for(call, &wish, EAGAIN);
    if (number == 0)
        return -1;
    px_waiter_free(call->s, number);
    return AGAIN;
}

enum { LATER_ATTEMPT = 6 }; /* of px_pause: a millisecond */

static int send_letter(struct px_call *call, const struct letter *letter)
{
    int result, slept = 0;
    if (check_open(call, 2) != 0)
        return -1;
    while ((result = try_to_send(call, letter, slept)) > 0) {
        slept = 1;
        if (!call->may_wait || (call->deadline != INT64_MAX && px_now() >= call->deadline))
            return px_call_refuse(call->s, EAGAIN);
        if (px_let_signals_through(call->mask))
            return px_call_refuse(call->s, EINTR);
        if (result == LATER)
            px_pause(LATER_ATTEMPT);
    }
    return result;
}

/*
 * Receiving
 */

static int too_long(const struct order *order, const struct px_message *m)
{
    if (m->size <= order->room)
        return 0;
    if (!(order->flags & LIBSHM_MSG_NOERROR))
        return shm_fail(E2BIG, "the message is longer than the room for it");
    if (order->flags & LIBSHM_MSG_COPY)
        return shm_fail(EINVAL, "a copy of a message is not cut");
    return 0;
}

static void read_message(struct px_set *s, const struct order *order,
                         const struct px_message *m, struct letter *letter)
{
    letter->type = m->type;
    letter->size = m->size < order->room ? m->size : order->room;
    px_queue_copy(s, m->block, letter->bytes, letter->size);
}

enum { TAKEN_BY_ANOTHER = 1 };

static int take(struct px_set *s, const struct order *order, const struct px_message *m,
                struct letter *letter)
{
    if (too_long(order, m) != 0)
        return -1;
    if (order->flags & LIBSHM_MSG_COPY) {
        read_message(s, order, m, letter);
        return px_queue_has(s, m) ? 0 : TAKEN_BY_ANOTHER;
    }
    if (!px_queue_take(s, m, 0))
        return TAKEN_BY_ANOTHER;
    read_message(s, order, m, letter);
    px_queue_free(s, m->block, px_blocks_for(m->size));
    PX_PUT(px_queue_of(s)->lrpid, (int32_t)px_pid());
    PX_PUT(px_queue_of(s)->rtime, (int64_t)time(NULL));
    if (px_queue_give_room(s, m->size))
        px_queue_serve(s);
    px_queue_provide(s);
    return 0;
}

/* The message is this call's already: what a death leaves of it is swept. */
static int take_given(struct px_set *s, const struct order *order, uint32_t number,
                      struct letter *letter)
{
    struct px_patience patience = {.deadline = INT64_MAX};
    struct px_message m;
    if (!px_queue_look(s, PX_GET(px_waiter(s, number)->wish.message), &m)) {
        px_waiter_free(s, number);
        return shm_fail(EINVAL, "the message is not one: somebody has written into the queue");
    }
    read_message(s, order, &m, letter);
    if (px_set_lock(s, &patience) != 0)
        return px_call_refuse(s, errno);
    PX_PUT(px_waiter(s, number)->wish.message, 0);
    px_queue_free(s, m.block, px_blocks_for(m.size));
    px_waiter_free(s, number);
    px_queue_provide(s);
    return unlock_with(s, 0);
}

/* 1: there was one, and `result` is the call's; 0: there is none. The lock is held. */
static int find_and_take(struct px_set *s, const struct order *order, struct letter *letter,
                         int *result)
{
    struct px_message m;
    while (px_queue_find(s, order->type, order->flags, &m)) {
        *result = take(s, order, &m, letter);
        if (*result != TAKEN_BY_ANOTHER)
            return 1;
    }
    return 0;
}

static int receive(struct px_call *call, const struct order *order, struct letter *letter)
{
    struct px_wish wish = {.type = order->type,
                           .size =
                               (uint32_t)(order->room < UINT32_MAX ? order->room : UINT32_MAX),
                           .flags = (uint32_t)order->flags};
    int result;
    if (check_open(call, 4) != 0 || lock_living(call, 0) != 0)
        return -1;
    px_queue_tidy(call->s);
    if (find_and_take(call->s, order, letter, &result))
        return unlock_with(call->s, result);
    /* A timeout of zero is one that is over at once. */
    int none = order->flags & LIBSHM_IPC_NOWAIT ? ENOMSG : EAGAIN;
    uint32_t number = wait_for(call, &wish, none);
    return number ? take_given(call->s, order, number, letter) : -1;
}

/*
 * The calls
 */

static int check_call(int msqid, const struct timespec *timeout)
{
    if (!px_timeout_is_valid(timeout))
        return shm_fail(EINVAL, "the timeout is negative or its nanoseconds exceed a second");
    if (msqid < 0)
        return px_object_missing(PX_QUEUE, msqid);
    return px_store_check();
}

static void begin(struct px_call *call, struct px_mask *old, int msqid, int flags,
                  const struct timespec *timeout)
{
    px_block_signals(old);
    px_sleep_cancel_abandoned(old);
    *call = (struct px_call){
        .s = px_set_take(PX_QUEUE, msqid), .deadline = px_deadline_of(timeout), .mask = old};
    call->may_wait = call->deadline != 0 && !(flags & LIBSHM_IPC_NOWAIT);
}

static void end(struct px_call *call)
{
    if (call->s)
        px_set_release(call->s);
    px_restore_signals(call->mask);
}

static int read_letter(struct letter *letter, const void *message, size_t size)
{
    long type;
    if (!message)
        return shm_fail(EFAULT, "the message is NULL");
    if (size > LIBSHM_MSGMAX)
        return shm_failf(EINVAL, "a message of %zu bytes; the most is %d", size, LIBSHM_MSGMAX);
    memcpy(&type, message, sizeof type);
    if (type < 1)
        return shm_failf(EINVAL, "a message of type %ld; types are positive", type);
    letter->type = type;
    letter->size = size;
    memcpy(letter->bytes, (const char *)message + sizeof type, size);
    return 0;
}

static int has_type(const void *message)
{
    long type;
    memcpy(&type, message, sizeof type);
    return type >= 1;
}

int shm_backend_msgtimedsnd(int msqid, const void *message, size_t size, int flags,
                            const struct timespec *timeout)
{
    struct letter letter;
    struct px_call call;
    struct px_mask old;
    if (message && size <= LIBSHM_MSGMAX && has_type(message) && px_timeout_is_valid(timeout) &&
        px_queue_send_fast(msqid, message, size, __builtin_frame_address(0)))
        return 0;
    int first_error = errno;
    if (read_letter(&letter, message, size) != 0 || check_call(msqid, timeout) != 0)
        return -1;
    begin(&call, &old, msqid, flags, timeout);
    int result = call.s ? send_letter(&call, &letter) : -1;
    end(&call);
    if (result == 0)
        errno = first_error;
    return result;
}

static ssize_t write_letter(const struct letter *letter, void *message)
{
    long type = (long)letter->type;
    if (!message)
        return shm_fail(EFAULT, "there is no room for the message, which is lost");
    memcpy(message, &type, sizeof type);
    memcpy((char *)message + sizeof type, letter->bytes, letter->size);
    return (ssize_t)letter->size;
}

static int check_order(const struct order *order)
{
    if (order->room > LONG_MAX)
        return shm_fail(EINVAL, "the room for the message is negative");
    if ((order->flags & LIBSHM_MSG_COPY) &&
        (order->flags & (LIBSHM_MSG_EXCEPT | LIBSHM_IPC_NOWAIT)) != LIBSHM_IPC_NOWAIT)
        return shm_fail(EINVAL, "MSG_COPY goes with IPC_NOWAIT, and not with MSG_EXCEPT");
    return 0;
}

/* They would look for themselves in a while. */
static void call_senders(int msqid)
{
    struct px_call call;
    struct px_mask old;
    struct shm_kept kept;
    shm_keep(&kept);
    begin(&call, &old, msqid, 0, NULL);
    if (call.s && lock_living(&call, 0) == 0) {
        px_queue_serve(call.s);
        px_set_unlock(call.s);
    }
    end(&call);
    shm_keep_restore(&kept);
}

ssize_t shm_backend_msgtimedrcv(int msqid, void *message, size_t size, long type, int flags,
                                const struct timespec *timeout)
{
    struct order order = {.type = type, .room = size, .flags = flags};
    size_t received;
    if (size <= LONG_MAX && px_timeout_is_valid(timeout)) {
        int done = px_queue_receive_fast(msqid, message, size, type, flags, &received,
                                         __builtin_frame_address(0));
        if (done == PX_CALL_SENDERS)
            call_senders(msqid);
        if (done)
            return (ssize_t)received;
    }
    int first_error = errno;
    struct letter letter;
    struct px_call call;
    struct px_mask old;
    if (check_order(&order) != 0 || check_call(msqid, timeout) != 0)
        return -1;
    if (type == LONG_MIN)
        order.type = INT64_MIN;
    begin(&call, &old, msqid, flags, timeout);
    int result = call.s ? receive(&call, &order, &letter) : -1;
    end(&call);
    if (result != 0)
        return -1;
    errno = first_error;
    return write_letter(&letter, message);
}
