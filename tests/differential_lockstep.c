/*
 * One step of the differential test on both families, and what is known of the objects after it.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "tests/differential_driver.h"

struct diff_world world;

struct diff_object *diff_object(int number)
{
    return number >= 0 && number < world.object_count ? &world.objects[number] : NULL;
}

/* ---- What is known of the objects ---------------------------------------------------------- */

static int find_id(int kind, int family, int64_t id)
{
    for (int i = 0; i < world.live_count[kind]; i++)
        if (diff_object(world.live[kind][i])->id[family] == id)
            return world.live[kind][i];
    return -1;
}

/* Room for an object of this number; what a shrunk replay has left out is there as removed. */
static void make_room(int number)
{
    for (; world.object_count <= number; world.object_count++) {
        if ((world.object_count & (world.object_count - 1)) == 0) {
            size_t room = world.object_count ? 2 * (size_t)world.object_count : 1;
            world.objects = realloc(world.objects, room * sizeof *world.objects);
            if (world.objects == NULL)
                diff_die("no memory");
        }
        world.objects[world.object_count] =
            (struct diff_object){.id = {-1, -1}, .removed = true};
    }
}

static void new_object(const struct diff_step *step, int kind,
                       const struct diff_answer answers[FAMILIES])
{
    const struct diff_call *c = &step->call;
    const struct diff_worker *w = &world.workers[step->slot];
    struct diff_object o = {.kind = kind, .key = c->key, .size = c->size};
    int number = step->creates >= 0 ? step->creates : world.object_count;
    make_room(number);
    if (world.live_count[kind] == DIFF_LIVE)
        diff_die("more objects than the generator may make");
    o.mode = (unsigned)c->flags & 0777;
    o.uid = o.cuid = o.cgid = w->uid;
    for (int family = 0; family < FAMILIES; family++)
        o.id[family] = (int)answers[family].result;
    world.objects[number] = o;
    world.live[kind][world.live_count[kind]++] = number;
    diff_keep_created(number);
}

/* Ids are not compared but must stand for the same object. */
static void got(const struct diff_step *step, int kind, const struct diff_answer *answers)
{
    int on_kernel = find_id(kind, KERNEL, answers[KERNEL].result);
    int on_posix = find_id(kind, POSIX, answers[POSIX].result);
    if (on_kernel != on_posix)
        diff_differs(step, answers, "the ids stand for different objects");
    if (on_kernel < 0)
        new_object(step, kind, answers);
}

void diff_object_gone(int number)
{
    struct diff_object *o = diff_object(number);
    o->removed = true;
    for (int i = 0; i < world.live_count[o->kind]; i++)
        if (world.live[o->kind][i] == number)
            world.live[o->kind][i--] = world.live[o->kind][--world.live_count[o->kind]];
}

static bool may_write(const struct diff_worker *w, const struct diff_object *o)
{
    if (w->uid == 0)
        return true;
    return (w->uid == o->uid || w->uid == o->cuid ? o->mode >> 6 : o->mode) & 2;
}

static void attached(const struct diff_step *step, struct diff_worker *w, struct diff_object *o)
{
    const struct diff_call *c = &step->call;
    struct diff_object *replaced = diff_object(w->spots[c->spot].object);
    if (replaced != NULL)
        replaced->lpid_free = replaced->dtime_free = !may_write(w, replaced);
    w->spots[c->spot] = (struct diff_attach){
        .object = c->object,
        .readonly = (c->flags & LIBSHM_ATTACH_RDONLY) != 0,
        .in_arena = c->where != DIFF_ANYWHERE,
        .size = c->size,
    };
    o->lpid_free = o->atime_free = !may_write(w, o);
}

static void detached(const struct diff_step *step, struct diff_worker *w)
{
    struct diff_attach *a = &w->spots[step->call.spot];
    struct diff_object *o = diff_object(a->object);
    a->object = -1;
    o->lpid_free = o->dtime_free = !may_write(w, o);
}

static void changed(const struct diff_call *c, struct diff_object *o)
{
    o->mode = c->mode & 0777;
    o->uid = c->uid;
}

/* What a successful call tells. */
static void learn(const struct diff_step *step, const struct diff_answer *answers)
{
    const struct diff_call *c = &step->call;
    struct diff_worker *w = &world.workers[step->slot];
    struct diff_object *o = diff_object(c->object);
    switch (c->op) {
    case DIFF_SHMGET:
    case DIFF_SEMGET:
        got(step, c->op == DIFF_SHMGET ? SEGMENT : SET, answers);
        break;
    case DIFF_MSGGET:
        got(step, QUEUE, answers);
        break;
    case DIFF_SHMAT:
        attached(step, w, o);
        break;
    case DIFF_SHMDT:
        detached(step, w);
        break;
    case DIFF_SHM_SET:
    case DIFF_SEM_SET:
    case DIFF_MSG_SET:
        changed(c, o);
        break;
    case DIFF_SHM_RMID:
    case DIFF_SEM_RMID:
    case DIFF_MSG_RMID:
        diff_object_gone(c->object);
        break;
    case DIFF_SEMOP:
        o->otime = o->otime == DIFF_FREE ? DIFF_EXACT : o->otime;
        break;
    case DIFF_SEM_STAT:
    case DIFF_GETALL:
        o->otime = o->otime == DIFF_UNNOTICED ? DIFF_FREE : o->otime;
        break;
    default:
        break;
    }
}

static bool tries_undo(const struct diff_call *c)
{
    for (int i = 0; c->op == DIFF_SEMOP && i < c->nops && i < DIFF_OPS; i++)
        if (c->ops[i].sem_flg & LIBSHM_SEM_UNDO)
            return true;
    return false;
}

static void note_undo(const struct diff_step *step)
{
    struct diff_object *o = diff_object(step->call.object);
    if (o != NULL && tries_undo(&step->call))
        o->undo_slots |= 1u << step->slot;
}

void diff_conclude(const struct diff_step *step, const struct diff_answer *answers)
{
    diff_remember(step, answers);
    const char *text = diff_compare(&step->call, answers);
    if (text != NULL)
        diff_differs(step, answers, text);
    diff_count(&step->call, &answers[KERNEL]);
    note_undo(step);
    if (answers[KERNEL].result >= 0)
        learn(step, answers);
}

/* ---- Steps --------------------------------------------------------------------------------- */

/* True when both have answered, false when both sleep. */
static bool ask_both(const struct diff_step *step, struct diff_answer answers[FAMILIES])
{
    bool done[FAMILIES];
    memset(answers, 0, FAMILIES * sizeof *answers);
    for (int family = 0; family < FAMILIES; family++)
        diff_send(family, step->slot, &step->call);
    for (int family = 0; family < FAMILIES; family++)
        done[family] = diff_await(family, step, &answers[family]);
    if (done[KERNEL] != done[POSIX])
        diff_differs(step, NULL,
                     done[KERNEL] ? "it sleeps in user space only"
                                  : "it sleeps on the kernel only");
    return done[KERNEL];
}

static void fall_asleep(const struct diff_step *step)
{
    diff_remember(step, NULL);
    note_undo(step);
    diff_fell_asleep(step);
}

static void call(const struct diff_step *step)
{
    struct diff_answer answers[FAMILIES];
    bool held = diff_queue_hold(step), done = ask_both(step, answers);
    if (done)
        diff_conclude(step, answers);
    else
        fall_asleep(step);
    if (held)
        diff_queue_let_go(step);
    else if (done && diff_may_wake(&step->call, &answers[KERNEL]))
        diff_settle(step, step->call.object);
}

/* S5.15: such a detach sets neither time nor pid in user space. */
static void release(int slot)
{
    struct diff_worker *w = &world.workers[slot];
    for (int i = 0; i < DIFF_SPOTS; i++) {
        struct diff_object *o = diff_object(w->spots[i].object);
        if (o != NULL)
            o->lpid_free = o->dtime_free = true;
    }
    for (int i = 0; i < world.live_count[SET]; i++) {
        struct diff_object *o = diff_object(world.live[SET][i]);
        if (o->undo_slots & 1u << slot)
            o->otime = DIFF_UNNOTICED;
        o->undo_slots &= ~(1u << slot);
    }
}

/* S5.27: of several deaths that are noticed together, user space does not know the order. */
static void notice_earlier_death(int slot)
{
    for (int i = 0; i < world.live_count[SET]; i++) {
        int set = world.live[SET][i];
        const struct diff_object *o = diff_object(set);
        if (o->otime == DIFF_UNNOTICED && (o->undo_slots & 1u << slot))
            (void)diff_waiters(POSIX, set);
    }
}

static void kill_worker(const struct diff_step *step, int slot)
{
    diff_remember(step, NULL);
    if (world.workers[slot].asleep >= 0)
        diff_count_killed(&world.workers[slot].sleeping.call);
    notice_earlier_death(slot);
    release(slot);
    diff_worker_kill(slot);
    diff_settle_all(step);
}

/* The fork has set atime and lpid of what the parent has attached, as if it attached again. */
static void inherit(int slot, int target)
{
    struct diff_worker *parent = &world.workers[slot], *child = &world.workers[target];
    memcpy(child->spots, parent->spots, sizeof child->spots);
    child->uid = parent->uid;
    for (int i = 0; i < DIFF_SPOTS; i++) {
        struct diff_object *o = diff_object(parent->spots[i].object);
        if (o != NULL)
            o->lpid_free = o->atime_free = !may_write(parent, o);
    }
}

static void fork_into(const struct diff_step *step)
{
    struct diff_call c = {.op = DIFF_FORK, .object = -1, .value = step->target};
    kill_worker(step, step->target);
    for (int family = 0; family < FAMILIES; family++) {
        struct diff_answer answer, hello;
        diff_send(family, step->slot, &c);
        if (!diff_receive(family, step->slot, &answer, DIFF_ANSWER_SECONDS) ||
            answer.result <= 0)
            diff_differs(step, NULL, "a fork failed");
        diff_worker_forked(family, step->target, (int)answer.result);
        if (!diff_receive(family, step->target, &hello, DIFF_ANSWER_SECONDS))
            diff_differs(step, NULL, "a forked worker does not answer");
    }
    inherit(step->slot, step->target);
}

static void take_step(const struct diff_step *step)
{
    switch (step->event) {
    case DIFF_CALL:
        call(step);
        break;
    case DIFF_KILL:
        kill_worker(step, step->slot);
        diff_worker_start(step->slot);
        break;
    case DIFF_SIGNAL:
        diff_interrupt(step, step->slot);
        break;
    case DIFF_FORK_INTO:
        fork_into(step);
        break;
    }
}

void diff_step(const struct diff_step *step)
{
    double start = diff_now();
    diff_keep(step);
    take_step(step);
    if (diff_now() - start > world.longest)
        world.longest = diff_now() - start;
}

/* ---- The end ------------------------------------------------------------------------------- */

/* How many objects are left of both families when only the observers still live. */
int64_t diff_left(bool remove)
{
    int64_t sum = 0;
    for (int slot = FIRST_SLOT; slot < DIFF_SLOTS; slot++)
        diff_worker_kill(slot);
    for (int family = 0; family < FAMILIES; family++) {
        struct diff_call c = {.op = DIFF_LEFT, .object = -1, .value = remove};
        struct diff_answer answer = {.result = -1};
        diff_send(family, OBSERVER, &c);
        if (!diff_receive(family, OBSERVER, &answer, DIFF_ANSWER_SECONDS) || answer.result < 0)
            return -1;
        sum += answer.result;
    }
    return sum;
}

void diff_remove_everything(void)
{
    static const enum diff_op removes[KINDS] = {DIFF_SHM_RMID, DIFF_SEM_RMID, DIFF_MSG_RMID};
    for (int kind = 0; kind < KINDS; kind++)
        while (world.live_count[kind] > 0) {
            int object = world.live[kind][0];
            struct diff_step step = diff_call_step(OBSERVER, removes[kind], object);
            diff_step(&step);
            if (world.live_count[kind] > 0 && world.live[kind][0] == object)
                diff_die("an object cannot be removed");
        }
}
