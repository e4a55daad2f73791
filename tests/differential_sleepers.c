/*
 * Calls of the differential test that sleep: who does, and whom a step has let go on.
 *
 * On a set both are recognised by its counts of waiting calls, which the observer reads; on a queue by what
 * differential_queues.c sees from outside. Nothing here depends on how long anything takes.
 */
#include "config.h"

#include <string.h>

#include "tests/differential_driver.h"

int64_t diff_waiters(int family, int set)
{
    struct diff_call call = {
        .op = DIFF_WAITERS, .object = set, .nsems = (int)diff_object(set)->size};
    struct diff_answer answer;
    diff_send(family, OBSERVER, &call);
    if (!diff_receive(family, OBSERVER, &answer, DIFF_ANSWER_SECONDS))
        diff_die("the observer does not answer");
    return answer.result;
}

static int sleepers_on(int object)
{
    int count = 0;
    for (int slot = FIRST_SLOT; slot < DIFF_SLOTS; slot++)
        count += object >= 0 && world.workers[slot].asleep == object;
    return count;
}

/* ---- Falling asleep ------------------------------------------------------------------------ */

/* Only a call without a timeout may be found asleep: a short one is over when it answers. */
static bool may_sleep(const struct diff_call *c)
{
    const struct diff_object *o = diff_object(c->object);
    if (o == NULL)
        return false;
    if (c->op == DIFF_MSGSND || c->op == DIFF_MSGRCV)
        return !c->timed && !(c->flags & LIBSHM_IPC_NOWAIT);
    return c->op == DIFF_SEMOP && !(c->timed && c->seconds == 0) && o->size <= DIFF_SEMS;
}

static bool is_asleep(int family, const struct diff_step *step)
{
    int object = step->call.object;
    if (diff_object(object)->kind == QUEUE)
        return diff_queue_sleeps(family, step->slot, object);
    return diff_waiters(family, object) > sleepers_on(object);
}

bool diff_await(int family, const struct diff_step *step, struct diff_answer *answer)
{
    double end = diff_now() + DIFF_ANSWER_SECONDS;
    if (!may_sleep(&step->call)) {
        if (!diff_receive(family, step->slot, answer, DIFF_ANSWER_SECONDS))
            diff_differs(step, NULL,
                         family == KERNEL ? "no answer on the kernel"
                                          : "no answer in user space");
        return true;
    }
    while (diff_now() < end) {
        if (diff_receive(family, step->slot, answer, 0))
            return true;
        if (is_asleep(family, step))
            return diff_receive(family, step->slot, answer, 0);
    }
    diff_differs(step, NULL, "neither an answer nor asleep");
}

void diff_fell_asleep(const struct diff_step *step)
{
    static long fallen;
    struct diff_worker *w = &world.workers[step->slot];
    w->asleep = step->call.object;
    w->since = ++fallen;
    w->sleeping = *step;
}

/* ---- Going on ------------------------------------------------------------------------------ */

void diff_wake(const struct diff_step *cause, int slot, struct diff_answer answers[FAMILIES])
{
    struct diff_step step = world.workers[slot].sleeping;
    if (!diff_receive(POSIX, slot, &answers[POSIX], DIFF_ANSWER_SECONDS))
        diff_differs(&step, NULL, "the sleeper goes on sleeping in user space");
    world.workers[slot].asleep = -1;
    diff_conclude(&step, answers);
    diff_count_woken(cause, &step.call, &answers[KERNEL]);
}

void diff_interrupt(const struct diff_step *cause, int slot)
{
    struct diff_answer answers[FAMILIES];
    diff_worker_signal(slot);
    if (!diff_receive(KERNEL, slot, &answers[KERNEL], DIFF_ANSWER_SECONDS))
        diff_differs(cause, NULL, "a signal does not wake the sleeper on the kernel");
    diff_wake(cause, slot, answers);
}

/* One sleeper of the set whose call has ended on the kernel; NOBODY: none has answered yet. */
static int answered(int set, struct diff_answer *answer)
{
    for (int slot = FIRST_SLOT; slot < DIFF_SLOTS; slot++)
        if (world.workers[slot].asleep == set && diff_receive(KERNEL, slot, answer, 0))
            return slot;
    return NOBODY;
}

static void settle_set(const struct diff_step *step, int set)
{
    struct diff_answer answers[FAMILIES];
    int64_t still = diff_waiters(KERNEL, set);
    double end = diff_now() + DIFF_ANSWER_SECONDS;
    while (sleepers_on(set) > (still < 0 ? 0 : still)) {
        int slot = answered(set, &answers[KERNEL]);
        if (slot != NOBODY)
            diff_wake(step, slot, answers);
        else if (diff_now() > end)
            diff_differs(step, NULL, "a sleeper does not end on the kernel");
    }
    if (diff_waiters(POSIX, set) != still)
        diff_differs(step, NULL, "more sleepers went on in user space than on the kernel");
}

void diff_settle(const struct diff_step *step, int object)
{
    if (diff_object(object)->kind == QUEUE)
        diff_queue_settle(step, object);
    else
        settle_set(step, object);
}

void diff_settle_all(const struct diff_step *step)
{
    for (int slot = FIRST_SLOT; slot < DIFF_SLOTS; slot++)
        if (world.workers[slot].asleep >= 0)
            diff_settle(step, world.workers[slot].asleep);
}

/* S3.13: the message is lost, but its room is free. */
static bool loses_message(const struct diff_call *c, const struct diff_answer *answer)
{
    return c->op == DIFF_MSGRCV && answer->result < 0 && c->no_pointer;
}

/* A call that wakes whom it must not is found out at the next one that may wake. */
bool diff_may_wake(const struct diff_call *c, const struct diff_answer *answer)
{
    if (sleepers_on(c->object) == 0 || (answer->result < 0 && !loses_message(c, answer)))
        return false;
    switch (c->op) {
    case DIFF_SEMOP:
    case DIFF_SETVAL:
    case DIFF_SETALL:
    case DIFF_SEM_RMID:
    case DIFF_MSGSND:
    case DIFF_MSGRCV:
    case DIFF_MSG_SET:
    case DIFF_MSG_RMID:
        return true;
    default:
        return false;
    }
}
