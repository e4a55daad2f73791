/*
 * The pairs of a call and an errno that doc/semantics.md names, and how each is brought about. All
 * pairs that occur are counted; one of the table that is too rare fails the test.
 */
#include "config.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "tests/differential_driver.h"

typedef bool recipe(struct diff_step *step);

/* ---- Recipes: a call that is meant to fail. False: not now --------------------------------- */

static enum diff_op wanted;

static int kind_of(enum diff_op op)
{
    if (op >= DIFF_MSGGET)
        return QUEUE;
    return op >= DIFF_SEMGET ? SET : SEGMENT;
}

static bool any(struct diff_step *step)
{
    *step = diff_call_step(diff_idle_slot(), wanted, diff_pick(kind_of(wanted)));
    return step->call.object >= 0;
}

/* By root, so that no permission is in the way. */
static bool by_master(struct diff_step *step)
{
    if (!any(step))
        return false;
    for (int slot = FIRST_SLOT; slot < DIFF_SLOTS; slot++)
        if (world.workers[slot].asleep < 0 &&
            (world.workers[slot].uid == 0 || !world.strangers)) {
            step->slot = slot;
            return true;
        }
    return false;
}

static void no_object(struct diff_step *step)
{
    step->call.object = -1;
    step->call.id = diff_chance(50) ? -1 - (int)diff_below(3) : INT_MAX - (int)diff_below(99);
}

static bool bad_id(struct diff_step *step)
{
    if (!any(step))
        return false;
    no_object(step);
    step->call.nops = 1;
    return true;
}

static bool free_key(struct diff_step *step)
{
    *step = diff_call_step(diff_idle_slot(), wanted, -1);
    step->call.key = 0x40000000 + (int32_t)diff_below(0x1000000);
    step->call.flags = 0600;
    step->call.size = 1;
    return true;
}

/* A keyed object of this kind is asked for in a way that does not fit. */
static bool keyed(struct diff_step *step)
{
    if (!any(step))
        return false;
    const struct diff_object *o = diff_object(step->call.object);
    step->call.object = -1;
    step->call.key = o->key;
    step->call.size = o->size;
    return o->key != LIBSHM_IPC_PRIVATE;
}

static bool existing(struct diff_step *step)
{
    step->call.flags = 0;
    if (!keyed(step))
        return false;
    step->call.flags = LIBSHM_IPC_CREAT | LIBSHM_IPC_EXCL | 0600;
    step->call.size += diff_below(2);
    return true;
}

static bool larger(struct diff_step *step)
{
    if (!keyed(step))
        return false;
    step->call.size += 1;
    return true;
}

static bool new_size(struct diff_step *step, uint64_t size)
{
    free_key(step);
    step->call.flags |= LIBSHM_IPC_CREAT;
    step->call.size = size;
    return true;
}

static bool bad_size(struct diff_step *step)
{
    if (diff_chance(30))
        return larger(step);
    if (diff_chance(50))
        return new_size(step, 0);
    if (wanted == DIFF_SHMGET)
        return new_size(step, SIZE_MAX - diff_below(5000));
    return new_size(step, diff_chance(50) ? LIBSHM_SEMMSL + 1 : (uint64_t)-1);
}

static bool absurd_size(struct diff_step *step)
{
    return new_size(step, UINT64_C(1) << 47);
}

/* Somebody who is neither owner nor creator, and an object that the others may not use. */
static bool denied(struct diff_step *step)
{
    for (int tries = 0; tries < 20; tries++) {
        if (!any(step))
            return false;
        const struct diff_object *o = diff_object(step->call.object);
        unsigned uid = world.workers[step->slot].uid;
        step->call.nops = 1;
        step->call.ops[0].sem_op = 1;
        step->call.ops[0].sem_flg = LIBSHM_IPC_NOWAIT;
        step->call.uid = o->uid;
        step->call.gid = o->cgid;
        step->call.mode = o->mode;
        if (uid != 0 && uid != o->uid && uid != o->cuid && (o->mode & 7) == 0)
            return true;
    }
    return false;
}

static bool denied_key(struct diff_step *step)
{
    if (!denied(step))
        return false;
    step->call.key = diff_object(step->call.object)->key;
    step->call.object = -1;
    step->call.flags = diff_chance(50) ? 0400 : 0600;
    return step->call.key != LIBSHM_IPC_PRIVATE;
}

static bool no_pointer(struct diff_step *step)
{
    if (!by_master(step))
        return false;
    step->call.no_pointer = 1;
    step->call.nops = 1;
    return true;
}

static int spot_that_is(int slot, bool used)
{
    for (int i = 0; i < DIFF_SPOTS; i++)
        if ((world.workers[slot].spots[i].object >= 0) == used)
            return i;
    return -1;
}

static bool bad_address(struct diff_step *step)
{
    if (!by_master(step) || (step->call.spot = spot_that_is(step->slot, false)) < 0)
        return false;
    step->call.where = diff_chance(50) ? DIFF_TAKEN : DIFF_ANYWHERE;
    if (step->call.where == DIFF_ANYWHERE)
        step->call.flags = LIBSHM_ATTACH_REMAP;
    else if (diff_chance(50))
        step->call.offset = 1 + (long)diff_below(1000);
    return true;
}

static bool attach_denied(struct diff_step *step)
{
    if (!denied(step))
        return false;
    return (step->call.spot = spot_that_is(step->slot, false)) >= 0;
}

/* An address that rounds to 0: root would really get it. */
static bool page_zero(struct diff_step *step)
{
    if (!any(step) || world.workers[step->slot].uid == 0 ||
        (diff_object(step->call.object)->mode & 6) != 6)
        return false;
    step->call.where = DIFF_LOW;
    step->call.offset = 1 + (long)diff_below(1000);
    step->call.flags = LIBSHM_ATTACH_RND;
    return (step->call.spot = spot_that_is(step->slot, false)) >= 0;
}

static bool no_space(struct diff_step *step)
{
    if (!by_master(step))
        return false;
    step->call.limited = 1;
    return (step->call.spot = spot_that_is(step->slot, false)) >= 0;
}

static bool bad_detach(struct diff_step *step)
{
    if (!any(step))
        return false;
    step->call.spot = spot_that_is(step->slot, true);
    step->call.object = -1;
    step->call.no_pointer = step->call.spot < 0 || diff_chance(50);
    step->call.spot = step->call.spot < 0 ? 0 : step->call.spot;
    step->call.offset = diff_chance(50) ? 1 : sysconf(_SC_PAGESIZE) / 2;
    return true;
}

static bool readonly(struct diff_step *step)
{
    for (int tries = 0; tries < 50; tries++) {
        int slot = diff_idle_slot(), spot = (int)diff_below(DIFF_SPOTS);
        const struct diff_attach *a = &world.workers[slot].spots[spot];
        *step = diff_call_step(slot, wanted, a->object);
        step->call.spot = spot;
        if (a->object >= 0 && a->readonly)
            return true;
    }
    return false;
}

static bool minus_one(struct diff_step *step)
{
    if (diff_chance(40))
        return bad_id(step);
    if (!by_master(step))
        return false;
    step->call.mode = 0600;
    step->call.uid = diff_chance(50) ? (unsigned)-1 : 0;
    step->call.gid = step->call.uid == 0 ? (unsigned)-1 : 0;
    return true;
}

static bool bad_index(struct diff_step *step)
{
    *step = diff_call_step(diff_idle_slot(), wanted, -1);
    step->call.id = 30000 + (int)diff_below(1000);
    return true;
}

static bool too_many(struct diff_step *step)
{
    if (!any(step))
        return false;
    if (diff_chance(50))
        no_object(step);
    step->call.nops = LIBSHM_SEMOPM + 1;
    return true;
}

static bool bad_semop(struct diff_step *step)
{
    if (diff_chance(40))
        return bad_id(step);
    if (!any(step))
        return false;
    step->call.nops = diff_chance(50);
    step->call.timed = step->call.nops;
    step->call.seconds = diff_chance(50) ? -1 : 0;
    step->call.nanoseconds = diff_chance(50) ? -1 : 1000000000;
    return true;
}

static bool too_big(struct diff_step *step)
{
    if (!by_master(step))
        return false;
    step->call.nops = 2;
    step->call.ops[1].sem_num = (unsigned short)(step->call.nsems + (int)diff_below(1000));
    step->call.ops[0].sem_op = 1;
    return true;
}

/* Above the largest value, or beyond the range of an adjustment. */
static bool out_of_range(struct diff_step *step)
{
    if (!by_master(step))
        return false;
    step->call.nops = 2;
    for (int i = 0; i < 2; i++)
        step->call.ops[i] = (struct shm_backend_sembuf){
            .sem_op = LIBSHM_SEMVMX, .sem_flg = diff_chance(50) ? LIBSHM_SEM_UNDO : 0};
    if (diff_chance(30)) {
        step->call.ops[1].sem_op = -LIBSHM_SEMVMX;
        step->call.nops = 3;
        step->call.ops[2] = (struct shm_backend_sembuf){.sem_op = -LIBSHM_SEMVMX - 1,
                                                        .sem_flg = LIBSHM_IPC_NOWAIT};
    }
    return true;
}

static bool would_wait(struct diff_step *step)
{
    if (!by_master(step))
        return false;
    step->call.nops = 1;
    step->call.ops[0].sem_op = -30000;
    step->call.ops[0].sem_flg = diff_chance(90) ? LIBSHM_IPC_NOWAIT : 0;
    step->call.timed = step->call.ops[0].sem_flg == 0;
    step->call.nanoseconds = 300000;
    return true;
}

static bool bad_number(struct diff_step *step)
{
    if (diff_chance(50))
        return bad_id(step);
    if (!by_master(step))
        return false;
    step->call.num = diff_chance(50) ? -1 : step->call.nsems + (int)diff_below(3);
    return true;
}

static bool bad_value(struct diff_step *step)
{
    if (!by_master(step))
        return false;
    step->call.value = diff_chance(50) ? -1 : LIBSHM_SEMVMX + 1;
    step->call.values[diff_below((unsigned)step->call.nsems)] = LIBSHM_SEMVMX + 1;
    return true;
}

static bool bad_message(struct diff_step *step)
{
    if (diff_chance(40))
        return bad_id(step);
    if (!any(step))
        return false;
    if (diff_chance(50))
        step->call.type = -(int64_t)diff_below(2);
    else
        step->call.size = diff_chance(50) ? LIBSHM_MSGMAX + 1 : SIZE_MAX - diff_below(99);
    return true;
}

static bool no_room(struct diff_step *step)
{
    if (!by_master(step))
        return false;
    step->call.size = LIBSHM_MSGMAX;
    return true;
}

static bool bad_order(struct diff_step *step)
{
    if (diff_chance(40))
        return bad_id(step);
    if (!any(step))
        return false;
    step->call.size = SIZE_MAX - diff_below(99);
    return true;
}

/* Of any message but an empty one: it is too long. */
static bool little_room(struct diff_step *step)
{
    if (!by_master(step))
        return false;
    step->call.type = 0;
    step->call.size = 0;
    return true;
}

static bool no_such(struct diff_step *step)
{
    if (!by_master(step))
        return false;
    step->call.type = 99;
    return true;
}

static bool no_place(struct diff_step *step)
{
    if (!no_pointer(step))
        return false;
    step->call.type = 0;
    step->call.size = LIBSHM_MSGMAX;
    return true;
}

/* ---- The table ----------------------------------------------------------------------------- */

static const struct pair {
    enum diff_op op;
    int error;
    recipe *make; /* NULL: comes about by itself */
    const char *rules;
} pairs[] = {
    {DIFF_SHMGET, ENOENT, free_key, "S0.9, S1.41"},
    {DIFF_SHMGET, EEXIST, existing, "S0.8, S0.13"},
    {DIFF_SHMGET, EINVAL, bad_size, "S1.1, S1.2, S1.7"},
    {DIFF_SHMGET, EACCES, denied_key, "S0.12"},
    {DIFF_SHMGET, ENOMEM, absurd_size, "S1.4"},
    {DIFF_SHMAT, EINVAL, bad_address, "S1.11, S1.14, S1.15, S1.17"},
    {DIFF_SHMAT, EACCES, attach_denied, "S1.19"},
    {DIFF_SHMAT, EPERM, page_zero, "S1.18"},
    {DIFF_SHMAT, ENOMEM, no_space, "S1.23"},
    {DIFF_SHMDT, EINVAL, bad_detach, "S1.26, S1.28"},
    {DIFF_STORE, EFAULT, readonly, "S1.22 (SIGSEGV)"},
    {DIFF_PROTECT, EACCES, readonly, "S1.20"},
    {DIFF_SHM_STAT, EINVAL, bad_id, "S0.5, S1.39"},
    {DIFF_SHM_STAT, EACCES, denied, "S0.20"},
    {DIFF_SHM_STAT, EFAULT, no_pointer, "S0.25"},
    {DIFF_SHM_SET, EINVAL, minus_one, "S0.23, S0.26"},
    {DIFF_SHM_SET, EPERM, denied, "S0.19"},
    {DIFF_SHM_SET, EFAULT, no_pointer, "S0.25, S0.26"},
    {DIFF_SHM_RMID, EINVAL, bad_id, "S0.5"},
    {DIFF_SHM_RMID, EPERM, denied, "S0.19"},
    {DIFF_SHM_LOCK, EINVAL, bad_id, "S0.5"},
    {DIFF_SHM_LOCK, EPERM, denied, "S1.47"},
    {DIFF_SHM_UNLOCK, EINVAL, bad_id, "S0.5"},
    {DIFF_SHM_UNLOCK, EPERM, denied, "S1.47"},
    {DIFF_SHM_INDEX, EINVAL, bad_index, "S0.28"},
    {DIFF_SHM_BAD, EINVAL, any, "S0.25"},
    {DIFF_SEMGET, ENOENT, free_key, "S0.9"},
    {DIFF_SEMGET, EEXIST, existing, "S0.8, S0.13"},
    {DIFF_SEMGET, EINVAL, bad_size, "S2.1, S2.2, S2.3"},
    {DIFF_SEMGET, EACCES, denied_key, "S0.12"},
    {DIFF_SEMOP, E2BIG, too_many, "S2.7"},
    {DIFF_SEMOP, EINVAL, bad_semop, "S2.8, S2.10, S2.11"},
    {DIFF_SEMOP, EFAULT, no_pointer, "S2.9"},
    {DIFF_SEMOP, EFBIG, too_big, "S2.12"},
    {DIFF_SEMOP, EACCES, denied, "S2.13"},
    {DIFF_SEMOP, EAGAIN, would_wait, "S2.14, S2.17"},
    {DIFF_SEMOP, ERANGE, out_of_range, "S2.18, S2.19, S2.35"},
    {DIFF_SEMOP, EIDRM, NULL, "S2.25"},
    {DIFF_SEMOP, EINTR, NULL, "S0.29"},
    {DIFF_SEM_STAT, EINVAL, bad_id, "S2.48"},
    {DIFF_SEM_STAT, EACCES, denied, "S0.20"},
    {DIFF_SEM_STAT, EFAULT, no_pointer, "S0.25"},
    {DIFF_SEM_SET, EINVAL, minus_one, "S0.23, S0.26"},
    {DIFF_SEM_SET, EPERM, denied, "S0.19"},
    {DIFF_SEM_SET, EFAULT, no_pointer, "S0.25, S0.26"},
    {DIFF_SEM_RMID, EINVAL, bad_id, "S2.48"},
    {DIFF_SEM_RMID, EPERM, denied, "S0.19"},
    {DIFF_SEM_INDEX, EINVAL, bad_index, "S0.28"},
    {DIFF_SEM_BAD, EINVAL, any, "S0.25"},
    {DIFF_GETVAL, EINVAL, bad_number, "S2.44, S2.48"},
    {DIFF_GETVAL, EACCES, denied, "S2.44"},
    {DIFF_GETPID, EINVAL, bad_number, "S2.44, S2.48"},
    {DIFF_GETPID, EACCES, denied, "S2.44"},
    {DIFF_GETNCNT, EINVAL, bad_number, "S2.44, S2.48"},
    {DIFF_GETNCNT, EACCES, denied, "S2.44"},
    {DIFF_GETZCNT, EINVAL, bad_number, "S2.44, S2.48"},
    {DIFF_GETZCNT, EACCES, denied, "S2.44"},
    {DIFF_GETALL, EINVAL, bad_id, "S2.48"},
    {DIFF_GETALL, EACCES, denied, "S2.13"},
    {DIFF_GETALL, EFAULT, no_pointer, "S0.25"},
    {DIFF_SETVAL, EINVAL, bad_number, "S2.41, S2.48"},
    {DIFF_SETVAL, ERANGE, bad_value, "S2.41"},
    {DIFF_SETVAL, EACCES, denied, "S2.41"},
    {DIFF_SETALL, EINVAL, bad_id, "S2.48"},
    {DIFF_SETALL, ERANGE, bad_value, "S2.46"},
    {DIFF_SETALL, EACCES, denied, "S2.13"},
    {DIFF_SETALL, EFAULT, no_pointer, "S0.25"},
    {DIFF_MSGGET, ENOENT, free_key, "S0.9"},
    {DIFF_MSGGET, EEXIST, existing, "S0.8, S0.13"},
    {DIFF_MSGGET, EACCES, denied_key, "S0.12"},
    {DIFF_MSGSND, EFAULT, no_pointer, "S3.3"},
    {DIFF_MSGSND, EINVAL, bad_message, "S3.3"},
    {DIFF_MSGSND, EACCES, denied, "S3.3"},
    {DIFF_MSGSND, EAGAIN, no_room, "S3.4, S3.5"},
    {DIFF_MSGSND, EIDRM, NULL, "S3.5, S3.18"},
    {DIFF_MSGSND, EINTR, NULL, "S0.29, S3.5"},
    {DIFF_MSGRCV, EINVAL, bad_order, "S3.7"},
    {DIFF_MSGRCV, EACCES, denied, "S3.7"},
    {DIFF_MSGRCV, E2BIG, little_room, "S3.11"},
    {DIFF_MSGRCV, ENOMSG, no_such, "S3.12"},
    {DIFF_MSGRCV, EFAULT, no_place, "S3.13"},
    {DIFF_MSGRCV, EIDRM, NULL, "S3.12, S3.18"},
    {DIFF_MSGRCV, EINTR, NULL, "S0.29, S3.12"},
    {DIFF_MSG_STAT, EINVAL, bad_id, "S0.5"},
    {DIFF_MSG_STAT, EACCES, denied, "S0.20"},
    {DIFF_MSG_STAT, EFAULT, no_pointer, "S0.25"},
    {DIFF_MSG_SET, EINVAL, minus_one, "S0.23, S0.26"},
    {DIFF_MSG_SET, EPERM, denied, "S0.19"},
    {DIFF_MSG_SET, EFAULT, no_pointer, "S0.25, S0.26"},
    {DIFF_MSG_RMID, EINVAL, bad_id, "S0.5"},
    {DIFF_MSG_RMID, EPERM, denied, "S0.19"},
    {DIFF_MSG_INDEX, EINVAL, bad_index, "S0.28"},
    {DIFF_MSG_BAD, EINVAL, any, "S0.25"},
};
enum { PAIRS = sizeof pairs / sizeof *pairs };

/* What else happens to calls that sleep: who lets them go on, and how they end. */
enum { KILLED = -1 };
static struct waking {
    int cause, op;
    int error; /* 0: none */
    const char *rules;
    long count;
} wakings[] = {
    {DIFF_SEMOP, DIFF_SEMOP, 0, "S2.22", 0},       {DIFF_SETVAL, DIFF_SEMOP, 0, "S2.43", 0},
    {DIFF_SETALL, DIFF_SEMOP, 0, "S2.43", 0},      {KILLED, DIFF_SEMOP, 0, "S0.33", 0},
    {DIFF_MSGRCV, DIFF_MSGSND, 0, "S3.5", 0},      {DIFF_MSG_SET, DIFF_MSGSND, 0, "S3.17", 0},
    {KILLED, DIFF_MSGSND, 0, "S0.33", 0},          {DIFF_MSGSND, DIFF_MSGRCV, 0, "S3.15", 0},
    {DIFF_MSGSND, DIFF_MSGRCV, E2BIG, "S3.15", 0}, {KILLED, DIFF_MSGRCV, 0, "S0.33", 0},
};
enum { WAKINGS = sizeof wakings / sizeof *wakings };

/* Pairs that the document names and this setting cannot reach. */
static const struct {
    const char *pair, *rules, *reason;
} unreachable[] = {
    {"shmget ENOSPC", "S1.3", "the limits of the two differ; prog_full has a full mount"},
    {"shmget ENOMEM, EPERM with SHM_HUGETLB", "S1.5",
     "depends on the system's huge pages; check_backend_shm"},
    {"SHM_STAT, SEM_STAT EACCES", "S0.20",
     "the index is no contract (S5.31); check_backend_list"},
    {"semget ENOSPC", "S2.4", "user space has no limit of sets (S5.31)"},
    {"EFAULT for pointers that are not NULL", "S2.6, S2.9", "not seen in user space (S5.4)"},
    {"msgget ENOSPC", "S3.1", "user space has no limit of queues (S5.31)"},
    {"msgctl EPERM for qbytes", "S3.17", "depends on a capability; check_backend_msg"},
    {"ftok ENOENT", "S4.2", "no call of a backend; check_key"},
};

/* ---- Choosing and counting ----------------------------------------------------------------- */

enum { ERRNOS = 140 };
static long counts[DIFF_OP_COUNT][ERRNOS], succeeded[DIFF_OP_COUNT];

static bool needs_strangers(const struct pair *p)
{
    return p->make == denied || p->make == denied_key || p->make == attach_denied ||
           p->make == page_zero;
}

/* A size that is absurd but not above the largest takes an address space of 64 bits. */
static bool is_possible(const struct pair *p)
{
    if (p->make == absurd_size && sizeof(size_t) < 8)
        return false;
    return world.strangers || !needs_strangers(p);
}

/* The rarest of three, so that none stays behind. */
bool diff_recipe(struct diff_step *step)
{
    const struct pair *best = NULL;
    for (int i = 0; i < 3; i++) {
        const struct pair *p = &pairs[diff_below(PAIRS)];
        if (p->make == NULL || !is_possible(p))
            continue;
        if (best == NULL || counts[p->op][p->error] < counts[best->op][best->error])
            best = p;
    }
    if (best == NULL)
        return false;
    wanted = best->op;
    return best->make(step);
}

void diff_count(const struct diff_call *call, const struct diff_answer *answer)
{
    if (answer->result >= 0)
        succeeded[call->op]++;
    else if (answer->error > 0 && answer->error < ERRNOS)
        counts[call->op][answer->error]++;
}

static void count_waking(int cause, int op, int error)
{
    for (int i = 0; i < WAKINGS; i++)
        if (wakings[i].cause == cause && wakings[i].op == op && wakings[i].error == error)
            wakings[i].count++;
}

void diff_count_killed(const struct diff_call *sleeping)
{
    count_waking(KILLED, sleeping->op, 0);
}

void diff_count_woken(const struct diff_step *cause, const struct diff_call *call,
                      const struct diff_answer *answer)
{
    if (cause->event == DIFF_CALL)
        count_waking(cause->call.op, call->op, answer->result < 0 ? answer->error : 0);
}

static const char *waking_text(const struct waking *w)
{
    static char text[80];
    snprintf(text, sizeof text, "%s %s%s", diff_op_name(w->op),
             w->cause == KILLED ? "killed" : diff_op_name(w->cause), w->error ? ", E2BIG" : "");
    return text;
}

static void print_wakings(void)
{
    printf("calls that slept, and what let them go on:\n");
    for (int i = 0; i < WAKINGS; i++)
        printf("  %-32s %8ld\n", waking_text(&wakings[i]), wakings[i].count);
}

static void print_all_pairs(void)
{
    printf("calls and their results, as on the kernel:\n");
    for (int op = DIFF_SHMGET; op < DIFF_OP_COUNT; op++) {
        printf("  %-16s %8ld ok", diff_op_name(op), succeeded[op]);
        for (int error = 1; error < ERRNOS; error++)
            if (counts[op][error] > 0)
                printf(", %ld %s", counts[op][error], diff_errno_name(error));
        putchar('\n');
    }
}

static bool check_wakings(long least)
{
    bool good = true;
    for (int i = 0; i < WAKINGS; i++) {
        const struct waking *w = &wakings[i];
        if (w->count >= least)
            continue;
        printf("TOO RARE: sleeping %s (%s): %ld times, wanted %ld\n", waking_text(w), w->rules,
               w->count, least);
        good = false;
    }
    return good;
}

static bool check_rare(long least)
{
    bool good = true;
    for (int i = 0; i < PAIRS; i++) {
        const struct pair *p = &pairs[i];
        if (!is_possible(p) || counts[p->op][p->error] >= least)
            continue;
        printf("TOO RARE: %s %s (%s): %ld times, wanted %ld\n", diff_op_name(p->op),
               diff_errno_name(p->error), p->rules, counts[p->op][p->error], least);
        good = false;
    }
    return good;
}

static bool check_success(void)
{
    long good = 0, bad = 0;
    for (int op = DIFF_SHMGET; op < DIFF_OP_COUNT; op++) {
        good += succeeded[op];
        for (int error = 1; error < ERRNOS; error++)
            bad += counts[op][error];
    }
    printf("%ld calls answered, %.1f%% with success on the kernel\n", good + bad,
           100.0 * (double)good / (double)(good + bad));
    return good * 10 >= (good + bad) * 6;
}

bool diff_pairs_report(void)
{
    long least = world.calls / 10000;
    print_all_pairs();
    print_wakings();
    printf("%d pairs of the document are wanted; out of reach here:\n", PAIRS);
    for (size_t i = 0; i < sizeof unreachable / sizeof *unreachable; i++)
        printf("  %s (%s): %s\n", unreachable[i].pair, unreachable[i].rules,
               unreachable[i].reason);
    if (!world.strangers)
        printf("left out, since they need root: all pairs between two users\n");
    bool enough = check_wakings(least);
    enough = check_rare(least) && enough;
    return check_success() && enough;
}
