/*
 * Calls of the differential test that sleep on message queues. Nobody counts them: of the kernel's, /proc
 * tells who sleeps, and of those in user space the queue's file.
 *
 * On the kernel some steps wake more than one call, and who is quickest has the room, or the better place
 * among the sleepers: a receive wakes every sender whose message would fit by itself, an IPC_SET wakes all.
 * The order of arrival comes about there when the sleepers are stopped, which takes them out of their places,
 * and continued after the step, one after the other in that order. In user space they keep their places, and
 * those that the step has told to go on would do so side by side: they are stopped and continued as well.
 */
#include "config.h"

#include "tests/backend_files.h"
#include "tests/differential_driver.h"
#include "tests/kernel_sleepers.h"

bool diff_queue_sleeps(int family, int slot, int queue)
{
    int id = diff_object(queue)->id[family], pid = diff_worker_pid(family, slot);
    if (family == KERNEL)
        return sleeps_in_kernel(id, pid);
    return file_sleepers_from_outside((unsigned)id, pid) > 0;
}

static bool is_awaited(int slot, int queue)
{
    return world.workers[slot].asleep == queue && !world.workers[slot].held;
}

/* True when the sleeper has answered, false when it goes on sleeping. */
static bool has_answered(int family, const struct diff_step *step, int slot,
                         struct diff_answer *answer)
{
    double end = diff_now() + DIFF_ANSWER_SECONDS;
    while (diff_now() < end) {
        if (diff_receive(family, slot, answer, 0))
            return true;
        if (diff_queue_sleeps(family, slot, world.workers[slot].asleep))
            return false;
    }
    diff_differs(step, NULL, "a sleeper neither ends nor sleeps on");
}

/*
 * Whether a step lets the sleeper go on by itself, and not by a sender that it has let go on. Then it has done
 * so when it returns: later, the sleeper would look for itself.
 */
static bool tells(const struct diff_step *step, int slot)
{
    int op = world.workers[slot].sleeping.call.op;
    if (step->call.op == DIFF_MSGSND)
        return op == DIFF_MSGRCV;
    return op == DIFF_MSGSND && (step->call.op == DIFF_MSGRCV || step->call.op == DIFF_MSG_SET);
}

static void wake(const struct diff_step *step, int slot, struct diff_answer answers[FAMILIES],
                 bool by_step)
{
    if (by_step && diff_queue_sleeps(POSIX, slot, world.workers[slot].asleep))
        diff_differs(&world.workers[slot].sleeping, NULL,
                     "the sleeper was not told to go on in user space");
    diff_wake(step, slot, answers);
}

/* Whether any has gone on. */
static bool wake_those(const struct diff_step *step, int queue, bool continued)
{
    struct diff_answer answers[FAMILIES];
    bool any = false;
    for (int slot = FIRST_SLOT; slot < DIFF_SLOTS; slot++)
        if (is_awaited(slot, queue) && has_answered(KERNEL, step, slot, &answers[KERNEL])) {
            wake(step, slot, answers, !continued && tells(step, slot));
            any = true;
        }
    return any;
}

/* A sender that goes on may let a receiver go on. */
static void settle(const struct diff_step *step, int queue, bool continued)
{
    struct diff_answer answer;
    while (wake_those(step, queue, continued))
        ;
    for (int slot = FIRST_SLOT; slot < DIFF_SLOTS; slot++)
        if (is_awaited(slot, queue) && has_answered(POSIX, step, slot, &answer))
            diff_differs(&world.workers[slot].sleeping, NULL,
                         "the sleeper goes on in user space only");
}

void diff_queue_settle(const struct diff_step *step, int queue)
{
    settle(step, queue, false);
}

/* ---- Steps that wake several --------------------------------------------------------------- */

static bool may_be_woken(const struct diff_step *step, int slot)
{
    const struct diff_worker *w = &world.workers[slot];
    if (w->asleep < 0 || w->asleep != step->call.object)
        return false;
    return step->call.op == DIFF_MSG_SET ||
           (step->call.op == DIFF_MSGRCV && w->sleeping.call.op == DIFF_MSGSND);
}

/* Who is stopped in user space must not have the lock. */
static void hold(const struct diff_step *step, int slot)
{
    double end = diff_now() + DIFF_ANSWER_SECONDS;
    diff_worker_stop(KERNEL, slot);
    diff_worker_stop(POSIX, slot);
    while (!diff_queue_sleeps(POSIX, slot, world.workers[slot].asleep)) {
        diff_worker_continue(POSIX, slot);
        if (diff_now() > end)
            diff_differs(step, NULL, "a sleeper does not sleep on in user space");
        diff_worker_stop(POSIX, slot);
    }
    world.workers[slot].held = true;
}

bool diff_queue_hold(const struct diff_step *step)
{
    int count = 0;
    for (int slot = FIRST_SLOT; slot < DIFF_SLOTS; slot++)
        count += may_be_woken(step, slot);
    if (count < 2)
        return false;
    for (int slot = FIRST_SLOT; slot < DIFF_SLOTS; slot++)
        if (may_be_woken(step, slot))
            hold(step, slot);
    return true;
}

static int first_held(enum diff_op op)
{
    int first = NOBODY;
    for (int slot = FIRST_SLOT; slot < DIFF_SLOTS; slot++) {
        const struct diff_worker *w = &world.workers[slot];
        if (w->held && w->sleeping.call.op == (int)op &&
            (first == NOBODY || w->since < world.workers[first].since))
            first = slot;
    }
    return first;
}

/* True when it has gone on. */
static bool go_on(const struct diff_step *step, int slot)
{
    world.workers[slot].held = false;
    for (int family = 0; family < FAMILIES; family++)
        diff_worker_continue(family, slot);
    settle(step, step->call.object, true);
    return world.workers[slot].asleep < 0;
}

static void see_who_is_told(const struct diff_step *step)
{
    for (int slot = FIRST_SLOT; slot < DIFF_SLOTS; slot++)
        if (world.workers[slot].held)
            world.workers[slot].told = !diff_queue_sleeps(POSIX, slot, step->call.object);
}

/*
 * In user space the step has told the first of those that go on, and maybe more of them. To others a message
 * that a receiver was waiting for has left its room.
 */
static bool sender_goes_on(const struct diff_step *step, int slot, bool first)
{
    struct diff_step sleeping = world.workers[slot].sleeping;
    bool told = world.workers[slot].told, gone = go_on(step, slot);
    if (told && !gone)
        diff_differs(&sleeping, NULL, "the sleeper was told to go on out of its turn");
    if (gone && first && !told)
        diff_differs(&sleeping, NULL, "the sleeper was not told to go on in its turn");
    return gone;
}

/* S5.34: in user space some of those that stay may have been told in vain, and lost their places. */
static void interrupt_senders(const struct diff_step *step)
{
    for (int slot = FIRST_SLOT; slot < DIFF_SLOTS; slot++)
        if (is_awaited(slot, step->call.object) &&
            world.workers[slot].sleeping.call.op == DIFF_MSGSND)
            diff_interrupt(step, slot);
}

/* Receivers first: they are there when a sender goes on. */
void diff_queue_let_go(const struct diff_step *step)
{
    int slot, gone = 0;
    see_who_is_told(step);
    while ((slot = first_held(DIFF_MSGRCV)) != NOBODY)
        (void)go_on(step, slot);
    while ((slot = first_held(DIFF_MSGSND)) != NOBODY)
        gone += sender_goes_on(step, slot, gone == 0);
    if (gone > 1)
        interrupt_senders(step);
}
