/* The calls of queue.h. */
#include "config.h"

#include <unistd.h>

#include "libshm/queue.h"
#include "tests/backend_support.h"
#include "tests/nth.h"

static const int create_errors[] = {EACCES, EEXIST, EINVAL, ENOMEM, ENOSPC, 0};
static const int use_errors[] = {EACCES, EAGAIN, EIDRM,  EINTR, EINVAL,
                                 ENOENT, ENOMEM, ENOSPC, EPERM, 0};

static key_t key;
static struct shm_queue *q;
static int id, found;
static struct shm_queue_status status;
static struct {
    long type;
    char bytes[8];
} message;

static void choose_key(void)
{
    key = 0x5eed0000 + (getpid() & 0xffff);
}

/* A child has made it, so that this process has not opened it yet. */
static void make_and_exit(void *context)
{
    (void)context;
    EXPECT(shm_create_queue(key, 0600) != NULL);
}

static void make_bare(void)
{
    choose_key();
    EXPECT_INT(run(make_and_exit, NULL), 0);
    id = (int)EXPECT_OK(shm_getmsqid(key));
}

static void make(void)
{
    make_bare();
    q = shm_queue(id);
    EXPECT(q != NULL);
}

static void make_filled(void)
{
    make();
    message.type = 1;
    EXPECT_OK(shm_queue_send(q, &message, 5));
    EXPECT_OK(shm_queue_send(q, &message, 6));
}

static void release(void)
{
    if (q)
        shm_queue_free(q);
}

static int have(struct shm_queue *made)
{
    q = made;
    return made ? 0 : -1;
}

static int create(void)
{
    return have(shm_create_queue(key, 0640));
}

static int open_handle(void)
{
    return have(shm_queue(id));
}

static int send_one(void)
{
    message.type = 2;
    return shm_queue_send(q, &message, 3);
}

static int send_timed(void)
{
    message.type = 2;
    return shm_queue_send_timed(q, &message, 3, 0);
}

static int got(ssize_t received)
{
    found = (int)received;
    return received < 0 ? -1 : 0;
}

static int receive_one(void)
{
    return got(shm_queue_receive(q, &message, sizeof message.bytes, 0, 0));
}

static int receive_timed(void)
{
    return got(shm_queue_receive_timed(q, &message, sizeof message.bytes, 7, 0, 1));
}

static int look(void)
{
    return shm_queue_stat(q, &status);
}

static void tell_status(void)
{
    nth_say("%zu messages, %zu bytes, %o", status.qnum, status.cbytes, (unsigned)status.perm);
}

static int set_perm(void)
{
    return shm_queue_setperm(q, 0644);
}

static int set_qbytes(void)
{
    return shm_queue_setqbytes(q, 100);
}

static int get_id(void)
{
    return got(shm_getmsqid(key));
}

static void tell_same_id(void)
{
    nth_say("%s", found == id ? "the id" : "another id");
}

static void tell_found(void)
{
    nth_say("%d", found);
}

static int remove_it(void)
{
    return shm_remove_queue(id);
}

#define NONE NULL

/* In their order: name, documented, prepare, call, tell, finish, flags. */
const struct nth_case nth_cases_queue[] = {
    {"shm_create_queue", create_errors, choose_key, create, NONE, release, 0},
    {"shm_queue", use_errors, make_bare, open_handle, NONE, release, 0},
    {"shm_queue_send, the first", use_errors, make, send_one, NONE, release, 0},
    {"shm_queue_send", use_errors, make_filled, send_one, NONE, release, 0},
    {"shm_queue_send_timed", use_errors, make_filled, send_timed, NONE, release, 0},
    {"shm_queue_receive", use_errors, make_filled, receive_one, tell_found, release, 0},
    {"shm_queue_receive_timed, none", use_errors, make_filled, receive_timed, NONE, release,
     NTH_VARIES},
    {"shm_queue_stat", use_errors, make_filled, look, tell_status, release, 0},
    {"shm_queue_setperm", use_errors, make, set_perm, NONE, release, 0},
    {"shm_queue_setqbytes", use_errors, make_filled, set_qbytes, NONE, release, 0},
    {"shm_getmsqid", use_errors, make, get_id, tell_same_id, release, 0},
    {"shm_remove_queue", use_errors, make_filled, remove_it, NONE, release, 0},
    {.name = NULL}};
