/*
 * differential_worker SLOT UID: does the calls of tests/prog_differential.c, one after the other,
 * as a process of its own. Linked once with each backend, and once with the drop-in library.
 */
#include "config.h"

#include <errno.h>
#include <grp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/differential.h"
#include "tests/user_space_names.h"

struct spot {
    char *address;
    size_t length;
    int in_arena;
};

static struct spot spots[DIFF_SPOTS];
static char *arena;
static size_t page, room;
static int channel;
static sigjmp_buf access_failed;

/* ---- The arena: what is not attached there is mapped without any rights -------------------- */

static char *room_of(int spot)
{
    return arena + (size_t)spot * room;
}

static void fill_room(int spot)
{
    mmap(room_of(spot), room, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

/*
 * Far from where the system puts mappings by itself, so that none of those comes into a hole. The
 * second place is for programs with a sanitizer that has the first for itself.
 */
static void make_arena(void)
{
    static const int bits[] = {sizeof(void *) > 4 ? 45 : 29, sizeof(void *) > 4 ? 38 : 28};
    page = (size_t)sysconf(_SC_PAGESIZE);
    room = DIFF_SPOT_PAGES * page;
    for (int i = 0; i < 2; i++) {
        void *far = (void *)((uintptr_t)1 << bits[i]);
        if (arena != NULL)
            munmap(arena, room * DIFF_SPOTS);
        arena = mmap(far, room * DIFF_SPOTS, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (arena == MAP_FAILED)
            _exit(3);
        if (arena == far)
            break;
    }
}

/* ---- Attaches ------------------------------------------------------------------------------ */

static const void *address_of(const struct diff_call *c)
{
    switch (c->where) {
    case DIFF_ANYWHERE:
        return NULL;
    case DIFF_LOW:
        return (const void *)(uintptr_t)c->offset;
    default:
        return room_of(c->spot) + c->offset;
    }
}

static struct rlimit old_limit;

static void limit_addresses(void)
{
    getrlimit(RLIMIT_AS, &old_limit);
    setrlimit(RLIMIT_AS, &(struct rlimit){page, old_limit.rlim_max});
}

/* What is attached anywhere has no address to compare; elsewhere it is that within the arena. */
static int64_t do_attach(const struct diff_call *c)
{
    if (c->where == DIFF_HOLE)
        munmap(room_of(c->spot), room);
    if (c->limited)
        limit_addresses();
    char *p = shm_backend_shmat(c->id, address_of(c), c->flags);
    int error = errno;
    if (c->limited)
        setrlimit(RLIMIT_AS, &old_limit);
    if (p == (char *)-1) {
        if (c->where == DIFF_HOLE)
            fill_room(c->spot);
        errno = error;
        return -1;
    }
    size_t length = (size_t)((c->size + page - 1) / page * page);
    spots[c->spot] = (struct spot){p, length, c->where != DIFF_ANYWHERE};
    return c->where == DIFF_ANYWHERE ? (int64_t)((uintptr_t)p % page)
                                     : (int64_t)(p - room_of(c->spot));
}

static int64_t do_detach(const struct diff_call *c)
{
    struct spot *s = &spots[c->spot];
    if (shm_backend_shmdt(c->no_pointer ? NULL : s->address + c->offset) != 0)
        return -1;
    if (s->in_arena)
        fill_room(c->spot);
    memset(s, 0, sizeof *s);
    return 0;
}

static void on_access_failed(int number)
{
    siglongjmp(access_failed, number);
}

static int64_t do_access(const struct diff_call *c, struct diff_answer *a)
{
    char *volatile at = spots[c->spot].address + c->offset;
    if (sigsetjmp(access_failed, 1) != 0) {
        errno = EFAULT;
        return -1;
    }
    if (c->op == DIFF_LOAD)
        memcpy(a->bytes, at, DIFF_BYTES);
    else
        memcpy(at, c->bytes, DIFF_BYTES);
    return 0;
}

static int64_t do_protect(const struct diff_call *c)
{
    struct spot *s = &spots[c->spot];
    return mprotect(s->address, s->length, PROT_READ | PROT_WRITE);
}

static int command_of(int op)
{
    static const int commands[DIFF_OP_COUNT] = {
        [DIFF_SHM_STAT] = LIBSHM_IPC_STAT,
        [DIFF_SHM_SET] = LIBSHM_IPC_SET,
        [DIFF_SHM_RMID] = LIBSHM_IPC_RMID,
        [DIFF_SHM_LOCK] = LIBSHM_SHM_LOCK,
        [DIFF_SHM_UNLOCK] = LIBSHM_SHM_UNLOCK,
        [DIFF_SHM_INDEX] = LIBSHM_SHM_STAT,
        [DIFF_SHM_BAD] = 12345,
        [DIFF_SEM_STAT] = LIBSHM_IPC_STAT,
        [DIFF_SEM_SET] = LIBSHM_IPC_SET,
        [DIFF_SEM_RMID] = LIBSHM_IPC_RMID,
        [DIFF_SEM_INDEX] = LIBSHM_SEM_STAT,
        [DIFF_SEM_BAD] = 12345,
        [DIFF_GETVAL] = LIBSHM_GETVAL,
        [DIFF_GETPID] = LIBSHM_GETPID,
        [DIFF_GETNCNT] = LIBSHM_GETNCNT,
        [DIFF_GETZCNT] = LIBSHM_GETZCNT,
        [DIFF_GETALL] = LIBSHM_GETALL,
        [DIFF_SETVAL] = LIBSHM_SETVAL,
        [DIFF_SETALL] = LIBSHM_SETALL,
        [DIFF_MSG_STAT] = LIBSHM_IPC_STAT,
        [DIFF_MSG_SET] = LIBSHM_IPC_SET,
        [DIFF_MSG_RMID] = LIBSHM_IPC_RMID,
        [DIFF_MSG_INDEX] = LIBSHM_MSG_STAT,
        [DIFF_MSG_BAD] = 12345,
    };
    return commands[op];
}

static struct shm_backend_perm perm_of(const struct diff_call *c)
{
    return (struct shm_backend_perm){
        .key = 77, .uid = c->uid, .gid = c->gid, .cuid = 1, .cgid = 1, .mode = c->mode};
}

static int64_t do_shmctl(const struct diff_call *c, struct diff_answer *a)
{
    a->segment.perm = perm_of(c);
    return shm_backend_shmctl(c->id, command_of(c->op), c->no_pointer ? NULL : &a->segment);
}

/* ---- Semaphores ---------------------------------------------------------------------------- */

/* More operations than the call has room for are the same ones over again. */
static int64_t do_semop(const struct diff_call *c)
{
    static struct shm_backend_sembuf ops[LIBSHM_SEMOPM + 1];
    struct timespec timeout = {.tv_sec = (time_t)c->seconds, .tv_nsec = (long)c->nanoseconds};
    for (int i = 0; i < c->nops; i++)
        ops[i] = c->ops[i % DIFF_OPS];
    return shm_backend_semtimedop(c->id, c->no_pointer ? NULL : ops, (size_t)c->nops,
                                  c->timed ? &timeout : NULL);
}

static int64_t do_semctl(const struct diff_call *c, struct diff_answer *a)
{
    union shm_backend_semun arg = {.val = c->value};
    a->set.perm = perm_of(c);
    memcpy(a->values, c->values, sizeof a->values);
    switch (c->op) {
    case DIFF_SETVAL:
        break;
    case DIFF_GETALL:
    case DIFF_SETALL:
        arg.array = c->no_pointer ? NULL : a->values;
        break;
    default:
        arg.buf = c->no_pointer ? NULL : &a->set;
    }
    return shm_backend_semctl(c->id, c->num, command_of(c->op), arg);
}

/* ---- Message queues ------------------------------------------------------------------------ */

static struct {
    long type;
    unsigned char bytes[LIBSHM_MSGMAX + 1];
} letter;

static int64_t do_msgsnd(const struct diff_call *c)
{
    struct timespec timeout = {.tv_sec = (time_t)c->seconds, .tv_nsec = (long)c->nanoseconds};
    size_t size = (size_t)c->size;
    letter.type = (long)c->type;
    for (size_t i = 0; i < sizeof letter.bytes; i++)
        letter.bytes[i] = (unsigned char)(c->bytes[i % DIFF_BYTES] + i / DIFF_BYTES);
    return shm_backend_msgtimedsnd(c->id, c->no_pointer ? NULL : &letter, size, c->flags,
                                   c->timed ? &timeout : NULL);
}

static int64_t do_msgrcv(const struct diff_call *c, struct diff_answer *a)
{
    struct timespec timeout = {.tv_sec = (time_t)c->seconds, .tv_nsec = (long)c->nanoseconds};
    ssize_t n = shm_backend_msgtimedrcv(c->id, c->no_pointer ? NULL : &letter, (size_t)c->size,
                                        (long)c->type, c->flags, c->timed ? &timeout : NULL);
    a->type = n < 0 ? 0 : letter.type;
    for (ssize_t i = 0; i < n; i++)
        a->sum = a->sum * 31 + letter.bytes[i];
    return n;
}

static int64_t do_msgctl(const struct diff_call *c, struct diff_answer *a)
{
    a->queue.perm = perm_of(c);
    a->queue.qbytes = (uint64_t)c->value;
    return shm_backend_msgctl(c->id, command_of(c->op), c->no_pointer ? NULL : &a->queue);
}

/* ---- Looking at all of it ------------------------------------------------------------------ */

/* A call sleeps at exactly one semaphore, for it to become larger or to become zero. */
static int64_t count_waiters(const struct diff_call *c)
{
    union shm_backend_semun none = {.val = 0};
    int64_t sum = 0;
    for (int i = 0; i < c->nsems; i++) {
        int n = shm_backend_semctl(c->id, i, LIBSHM_GETNCNT, none);
        int z = n < 0 ? -1 : shm_backend_semctl(c->id, i, LIBSHM_GETZCNT, none);
        if (z < 0)
            return -1;
        sum += n + z;
    }
    return sum;
}

/* A removed segment goes with its last attach; a killed process leaves the file to the next look. */
static void remove_all(void)
{
    union shm_backend_semun none = {.val = 0};
    int ids[64];
    ssize_t n = shm_backend_shm_list(ids, 64);
    for (ssize_t i = 0; i < n && i < 64; i++)
        shm_backend_shmctl(ids[i], LIBSHM_IPC_RMID, NULL);
    n = shm_backend_sem_list(ids, 64);
    for (ssize_t i = 0; i < n && i < 64; i++)
        shm_backend_semctl(ids[i], 0, LIBSHM_IPC_RMID, none);
    n = shm_backend_msg_list(ids, 64);
    for (ssize_t i = 0; i < n && i < 64; i++)
        shm_backend_msgctl(ids[i], LIBSHM_IPC_RMID, NULL);
}

/* Nobody waits for a forked worker, but somebody for the program that looks for debris. */
static int collect(void)
{
    if (user_space_collect == NULL)
        return shm_backend_collect(NULL, NULL);
    signal(SIGCHLD, SIG_DFL);
    int result = user_space_collect();
    signal(SIGCHLD, SIG_IGN);
    return result;
}

static int64_t count_left(const struct diff_call *c)
{
    if (c->value)
        remove_all();
    if (collect() < 0)
        return -1;
    return shm_backend_shm_list(NULL, 0) + shm_backend_sem_list(NULL, 0) +
           shm_backend_msg_list(NULL, 0);
}

/* ---- The process --------------------------------------------------------------------------- */

static void answer(struct diff_answer *a)
{
    a->pid = (int)getpid();
    if (send(channel, a, sizeof *a, MSG_NOSIGNAL) != (ssize_t)sizeof *a)
        _exit(0);
}

/* Both answer: the parent what fork returned, the child that it is there. */
static int64_t do_fork(const struct diff_call *c)
{
    struct diff_answer hello = {.op = DIFF_HELLO};
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    channel = DIFF_FIRST_FD + c->value;
    answer(&hello);
    return 0;
}

static int64_t perform(const struct diff_call *c, struct diff_answer *a)
{
    switch (c->op) {
    case DIFF_WAITERS:
        return count_waiters(c);
    case DIFF_LEFT:
        return count_left(c);
    case DIFF_SHMGET:
        return shm_backend_shmget(c->key, (size_t)c->size, c->flags);
    case DIFF_SHMAT:
        return do_attach(c);
    case DIFF_SHMDT:
        return do_detach(c);
    case DIFF_LOAD:
    case DIFF_STORE:
        return do_access(c, a);
    case DIFF_PROTECT:
        return do_protect(c);
    case DIFF_SEMGET:
        return shm_backend_semget(c->key, (int)c->size, c->flags);
    case DIFF_SEMOP:
        return do_semop(c);
    case DIFF_MSGGET:
        return shm_backend_msgget(c->key, c->flags);
    case DIFF_MSGSND:
        return do_msgsnd(c);
    case DIFF_MSGRCV:
        return do_msgrcv(c, a);
    default:
        if (c->op > DIFF_MSGGET)
            return do_msgctl(c, a);
        return c->op < DIFF_SEMGET ? do_shmctl(c, a) : do_semctl(c, a);
    }
}

enum { UNTOUCHED = 4711 };

/* A successful call leaves errno alone. */
static void serve(const struct diff_call *c)
{
    struct diff_answer a;
    memset(&a, 0, sizeof a);
    a.op = c->op;
    errno = UNTOUCHED;
    a.result = c->op == DIFF_FORK ? do_fork(c) : perform(c, &a);
    a.error = errno == UNTOUCHED ? 0 : errno;
    if (c->op == DIFF_FORK && a.result == 0)
        return;
    if (c->op == DIFF_FORK || c->op == DIFF_LOAD || c->op == DIFF_STORE)
        a.error = a.result == -1 ? a.error : 0;
    answer(&a);
}

static void on_signal(int number)
{
    (void)number;
}

static void set_handlers(void)
{
    struct sigaction interrupt = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    struct sigaction failed = {.sa_handler = on_access_failed};
    sigaction(SIGUSR1, &interrupt, NULL);
    sigaction(SIGSEGV, &failed, NULL);
    sigaction(SIGBUS, &failed, NULL);
    signal(SIGCHLD, SIG_IGN); /* nobody waits for a forked worker */
}

static void become(uid_t uid)
{
    if (uid == geteuid())
        return;
    if (setgroups(0, NULL) != 0 || setresgid(uid, uid, uid) != 0 ||
        setresuid(uid, uid, uid) != 0)
        _exit(4);
}

int main(int argc, char **argv)
{
    struct diff_answer hello = {.op = DIFF_HELLO};
    struct diff_call call;
    if (argc != 3)
        return 2;
    channel = DIFF_FIRST_FD + atoi(argv[1]);
    become((uid_t)atol(argv[2]));
    set_handlers();
    make_arena();
    answer(&hello);
    while (recv(channel, &call, sizeof call, 0) == (ssize_t)sizeof call)
        serve(&call);
    return 0;
}
