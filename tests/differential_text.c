/* What the differential test prints: calls, answers, and the history of an object. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/differential_driver.h"

enum { KEPT = 1 << 16, SHOWN = 30 };

static const char *const op_names[DIFF_OP_COUNT] = {
    "hello",           "fork",
    "waiters",         "left",
    "shmget",          "shmat",
    "shmdt",           "read",
    "write",           "mprotect",
    "shmctl STAT",     "shmctl SET",
    "shmctl RMID",     "shmctl LOCK",
    "shmctl UNLOCK",   "shmctl SHM_STAT",
    "shmctl bad",      "semget",
    "semop",           "semctl STAT",
    "semctl SET",      "semctl RMID",
    "semctl SEM_STAT", "semctl bad",
    "semctl GETVAL",   "semctl GETPID",
    "semctl GETNCNT",  "semctl GETZCNT",
    "semctl GETALL",   "semctl SETVAL",
    "semctl SETALL",   "msgget",
    "msgsnd",          "msgrcv",
    "msgctl STAT",     "msgctl SET",
    "msgctl RMID",     "msgctl MSG_STAT",
    "msgctl bad",
};

static const struct {
    int error;
    const char *name;
} errnos[] = {
    {E2BIG, "E2BIG"},   {EACCES, "EACCES"}, {EAGAIN, "EAGAIN"}, {EEXIST, "EEXIST"},
    {EFAULT, "EFAULT"}, {EFBIG, "EFBIG"},   {EIDRM, "EIDRM"},   {EINTR, "EINTR"},
    {EINVAL, "EINVAL"}, {ENOENT, "ENOENT"}, {ENOMEM, "ENOMEM"}, {ENOSPC, "ENOSPC"},
    {ENOMSG, "ENOMSG"}, {EPERM, "EPERM"},   {ERANGE, "ERANGE"}, {0, "errno 0"},
};

struct record {
    long number;
    int object;
    bool answered, sleeps;
    struct diff_step step;
    struct diff_answer answers[FAMILIES];
};

static struct record *kept;
static long remembered;

const char *diff_op_name(int op)
{
    return op_names[op];
}

const char *diff_errno_name(int error)
{
    static char text[32];
    for (size_t i = 0; i < sizeof errnos / sizeof *errnos; i++)
        if (errnos[i].error == error)
            return errnos[i].name;
    snprintf(text, sizeof text, "errno %d", error);
    return text;
}

/* A call on an attach concerns the segment that is attached there. */
static int object_of(const struct diff_step *step)
{
    const struct diff_call *c = &step->call;
    if (step->event == DIFF_CALL && (c->op == DIFF_SHMDT || c->op == DIFF_LOAD ||
                                     c->op == DIFF_STORE || c->op == DIFF_PROTECT))
        return world.workers[step->slot].spots[c->spot].object;
    return step->event == DIFF_CALL ? c->object : -1;
}

/* Shared memory, of which a fork copies nothing: workers are started all the time. */
static void make_memory(void)
{
    kept = mmap(NULL, KEPT * sizeof *kept, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
                -1, 0);
    if (kept == MAP_FAILED)
        diff_die("no memory");
}

void diff_remember(const struct diff_step *step, const struct diff_answer answers[FAMILIES])
{
    if (kept == NULL)
        make_memory();
    struct record *r = &kept[remembered++ % KEPT];
    *r = (struct record){.number = world.number,
                         .object = object_of(step),
                         .answered = answers != NULL,
                         .sleeps = answers == NULL && step->event == DIFF_CALL,
                         .step = *step};
    if (answers != NULL)
        memcpy(r->answers, answers, sizeof r->answers);
}

static void print_ops(const struct diff_call *c)
{
    printf(" %d operations:", c->nops);
    for (int i = 0; i < c->nops && i < DIFF_OPS; i++)
        printf(" {%u,%d%s%s}", c->ops[i].sem_num, c->ops[i].sem_op,
               c->ops[i].sem_flg & LIBSHM_IPC_NOWAIT ? ",NOWAIT" : "",
               c->ops[i].sem_flg & LIBSHM_SEM_UNDO ? ",UNDO" : "");
    if (c->timed)
        printf(" timeout %lld.%09lld s", (long long)c->seconds, (long long)c->nanoseconds);
}

static void print_call(const struct diff_call *c, int object)
{
    printf("%s object %d", diff_op_name(c->op), object);
    if (c->op == DIFF_SHMGET || c->op == DIFF_SEMGET || c->op == DIFF_MSGGET)
        printf(" key %d size %llu flags %#o", (int)c->key, (unsigned long long)c->size,
               (unsigned)c->flags);
    else if (c->op == DIFF_SEMOP)
        print_ops(c);
    else if (c->op == DIFF_MSGSND || c->op == DIFF_MSGRCV)
        printf(" type %lld size %llu flags %#o%s", (long long)c->type,
               (unsigned long long)c->size, (unsigned)c->flags, c->timed ? " timed" : "");
    else if (c->op == DIFF_SETALL)
        printf(" values %u %u %u %u", c->values[0], c->values[1], c->values[2], c->values[3]);
    else if (c->op == DIFF_SHM_SET || c->op == DIFF_SEM_SET || c->op == DIFF_MSG_SET)
        printf(" uid %u gid %u mode %#o qbytes %d", c->uid, c->gid, c->mode, c->value);
    else if (c->op < DIFF_SHM_STAT)
        printf(" spot %d where %d offset %ld flags %#o size %llu", c->spot, c->where, c->offset,
               (unsigned)c->flags, (unsigned long long)c->size);
    else
        printf(" num %d value %d", c->num, c->value);
    printf("%s%s", c->no_pointer ? " NULL" : "", c->limited ? " limited" : "");
}

static void print_answer(const struct diff_answer *a)
{
    if (a->result < 0)
        printf("%s", diff_errno_name(a->error));
    else
        printf("%lld", (long long)a->result);
    for (int i = 0; a->op == DIFF_GETALL && a->result >= 0 && i < DIFF_SEMS; i++)
        printf(" %u", a->values[i]);
}

static void print_record(const struct record *r)
{
    static const char *const events[] = {"", "SIGKILL and a new one", "SIGUSR1", "fork into"};
    const struct diff_step *s = &r->step;
    printf("  #%ld worker %d: ", r->number, s->slot);
    if (s->event != DIFF_CALL) {
        printf("%s", events[s->event]);
        if (s->event == DIFF_FORK_INTO)
            printf(" worker %d", s->target);
    } else {
        print_call(&s->call, r->object);
    }
    if (r->answered) {
        printf(" -> ");
        print_answer(&r->answers[KERNEL]);
        printf(" | ");
        print_answer(&r->answers[POSIX]);
    } else if (r->sleeps) {
        printf(" -> sleeps");
    }
    putchar('\n');
}

void diff_forget_history(void)
{
    remembered = 0;
}

void diff_print_step(const struct diff_step *step, long number)
{
    struct record r = {.number = number, .object = step->call.object, .step = *step};
    print_record(&r);
}

/* The last calls on the object, and all that happened to processes in between. */
void diff_history(int object, int slot)
{
    long oldest = remembered > KEPT ? remembered - KEPT : 0, shown = 0, from = remembered;
    for (long i = remembered - 1; i >= oldest && shown < SHOWN; i--) {
        const struct record *r = &kept[i % KEPT];
        if (r->step.event != DIFF_CALL || r->object != object)
            continue;
        shown++;
        from = i;
    }
    printf("the last calls on object %d, and what happened to workers meanwhile:\n", object);
    for (; from < remembered; from++) {
        const struct record *r = &kept[from % KEPT];
        if (r->object == object || (r->step.event != DIFF_CALL && object >= 0) ||
            (object < 0 && r->step.slot == slot))
            print_record(r);
    }
}

static void print_sleepers(void)
{
    for (int slot = FIRST_SLOT; slot < DIFF_SLOTS; slot++)
        if (world.workers[slot].asleep >= 0) {
            printf("  worker %d sleeps: ", slot);
            print_call(&world.workers[slot].sleeping.call, world.workers[slot].asleep);
            putchar('\n');
        }
}

void diff_differs(const struct diff_step *step, const struct diff_answer *answers,
                  const char *text)
{
    int object = object_of(step);
    struct record r = {
        .number = world.number, .object = object, .answered = answers != NULL, .step = *step};
    if (answers != NULL)
        memcpy(r.answers, answers, sizeof r.answers);
    printf("DIFFERENCE: seed %llu, call %ld: %s\n", (unsigned long long)world.seed,
           world.number, text);
    diff_history(object, step->slot);
    print_sleepers();
    printf("the call, kernel | user space:\n");
    print_record(&r);
    printf("again: LIBSHM_TEST_SEED=%llu LIBSHM_TEST_CALLS=%ld%s\n",
           (unsigned long long)world.seed, world.number + 1,
           world.names ? " LIBSHM_TEST_USER_SPACE=names" : "");
    fflush(stdout);
    diff_left(true);
    diff_families_end();
    diff_shrink(object);
    exit(1);
}

void diff_die(const char *text)
{
    printf("seed %llu, call %ld: %s\n", (unsigned long long)world.seed, world.number, text);
    exit(1);
}
