/*
 * The calls of the differential test: random, from one seed, so that the same seed gives the same
 * calls. What is avoided says by which rule of semantics.md.
 */
#include "config.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "tests/differential_driver.h"

enum { MOST_ASLEEP = 6, KEYS = 10, STALE_AGE = 24 };

/* Few queues, so that several sleep on one. */
static const int most_live[KINDS] = {8, 8, 4};

static uint64_t state;

/* SplitMix64: small, and the same everywhere. */
uint64_t diff_random(void)
{
    if (state == 0)
        state = world.seed;
    uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

unsigned diff_below(unsigned n)
{
    return (unsigned)(diff_random() % n);
}

bool diff_chance(unsigned percent)
{
    return diff_below(100) < percent;
}

/* ---- Who and what -------------------------------------------------------------------------- */

static int count_asleep(void)
{
    int count = 0;
    for (int slot = FIRST_SLOT; slot < DIFF_SLOTS; slot++)
        count += world.workers[slot].asleep >= 0;
    return count;
}

/* MOST_ASLEEP leaves some awake. */
int diff_idle_slot(void)
{
    int slot;
    do
        slot = FIRST_SLOT + (int)diff_below(DIFF_SLOTS - FIRST_SLOT);
    while (world.workers[slot].asleep >= 0);
    return slot;
}

int diff_pick(int kind)
{
    int count = world.live_count[kind];
    return count ? world.live[kind][diff_below((unsigned)count)] : -1;
}

bool diff_may(int slot, int object, unsigned wanted)
{
    const struct diff_worker *w = &world.workers[slot];
    const struct diff_object *o = diff_object(object);
    if (w->uid == 0)
        return true;
    unsigned class = w->uid == o->uid || w->uid == o->cuid ? o->mode >> 6 : o->mode;
    return (wanted & ~class) == 0;
}

static int slept_on(int kind)
{
    int slot = FIRST_SLOT + (int)diff_below(DIFF_SLOTS - FIRST_SLOT);
    int object = world.workers[slot].asleep;
    return object >= 0 && diff_object(object)->kind == kind ? object : -1;
}

static int pick(int kind)
{
    int object = diff_chance(50) ? slept_on(kind) : -1;
    return object >= 0 ? object : diff_pick(kind);
}

/*
 * Mostly one that the worker may use, often one that others sleep on; now and then one that was
 * removed not long ago. Whether a removed segment is still attached, only those can tell who may
 * open its file: S5.26.
 */
static int choose(int slot, int kind, unsigned wanted)
{
    int object = pick(kind);
    for (int tries = 0; object >= 0 && !diff_may(slot, object, wanted) && tries < 8; tries++)
        object = diff_pick(kind);
    if (!diff_chance(2) || world.object_count == 0)
        return object;
    int age = 1 + (int)diff_below(STALE_AGE), old = world.object_count - age;
    bool usable = old >= 0 && diff_object(old)->kind == kind && diff_may(slot, old, 4);
    return usable ? old : object;
}

static int32_t some_key(void)
{
    static const int32_t keys[KEYS] = {1,  2,          3,          -1,         -2,
                                       42, 0x7fffffff, 0x12345678, 0x00800000, -2147483647 - 1};
    return keys[diff_below(KEYS)];
}

static unsigned some_mode(int kind)
{
    /* Sets and queues are never readable only: S5.12, S5.13. */
    static const unsigned modes[KINDS][4] = {
        {0600, 0666, 0644, 0666}, {0600, 0666, 0600, 0666}, {0600, 0666, 0600, 0666}};
    return modes[kind][diff_below(4)];
}

struct diff_step diff_call_step(int slot, enum diff_op op, int object)
{
    struct diff_step step;
    const struct diff_object *o = diff_object(object);
    memset(&step, 0, sizeof step);
    step.event = DIFF_CALL;
    step.slot = slot;
    step.creates = -1;
    step.call.op = op;
    step.call.object = object;
    step.call.id = -1;
    step.call.type = 1;
    step.call.flags = op == DIFF_MSGSND || op == DIFF_MSGRCV ? LIBSHM_IPC_NOWAIT : 0;
    step.call.size = o != NULL ? o->size : 0;
    step.call.nsems = o != NULL ? (int)o->size : 0;
    return step;
}

static const struct {
    enum diff_op get, stat, set, remove;
} ops_of[KINDS] = {
    {DIFF_SHMGET, DIFF_SHM_STAT, DIFF_SHM_SET, DIFF_SHM_RMID},
    {DIFF_SEMGET, DIFF_SEM_STAT, DIFF_SEM_SET, DIFF_SEM_RMID},
    {DIFF_MSGGET, DIFF_MSG_STAT, DIFF_MSG_SET, DIFF_MSG_RMID},
};

/* ---- Segments ------------------------------------------------------------------------------ */

static struct diff_step get(int kind)
{
    int slot = diff_idle_slot();
    if (world.live_count[kind] == DIFF_LIVE)
        return diff_call_step(slot, ops_of[kind].stat, diff_pick(kind));
    struct diff_step step = diff_call_step(slot, ops_of[kind].get, -1);
    struct diff_call *c = &step.call;
    unsigned page = (unsigned)sysconf(_SC_PAGESIZE);
    c->key = diff_chance(30) ? LIBSHM_IPC_PRIVATE : some_key();
    c->size = 1 + diff_below(kind == SEGMENT ? DIFF_SPOT_PAGES * page : DIFF_SEMS);
    c->flags = (int)some_mode(kind) | (diff_chance(10) ? LIBSHM_IPC_EXCL : 0);
    c->flags |= LIBSHM_IPC_CREAT;
    if (c->key == LIBSHM_IPC_PRIVATE && diff_chance(50))
        c->flags &= ~LIBSHM_IPC_CREAT;
    return step;
}

/* By its key; of a private one there is none, and the key of a removed one is free. */
static struct diff_step look_up(int kind)
{
    int slot = diff_idle_slot(), object = choose(slot, kind, 4);
    struct diff_step step = diff_call_step(slot, ops_of[kind].get, -1);
    const struct diff_object *o = diff_object(object);
    if (o == NULL || o->key == LIBSHM_IPC_PRIVATE || o->removed)
        return get(kind);
    step.call.key = o->key;
    step.call.size = diff_chance(50) ? 0 : 1 + diff_below((unsigned)o->size);
    step.call.flags = diff_chance(50) ? 0 : diff_may(slot, object, 6) ? 0600 : 0400;
    return step;
}

static int free_spot(int slot)
{
    const struct diff_attach *spots = world.workers[slot].spots;
    for (int i = 0; i < DIFF_SPOTS; i++)
        if (spots[i].object < 0)
            return i;
    return -1;
}

static int used_spot(int slot)
{
    const struct diff_attach *spots = world.workers[slot].spots;
    for (int tries = 0; tries < 8; tries++) {
        int i = (int)diff_below(DIFF_SPOTS);
        if (spots[i].object >= 0)
            return i;
    }
    return -1;
}

static void choose_address(struct diff_call *c)
{
    long page = sysconf(_SC_PAGESIZE);
    switch (diff_below(4)) {
    case 0:
        c->where = DIFF_HOLE;
        break;
    case 1:
        c->where = DIFF_HOLE;
        c->offset = (long)diff_below((unsigned)page);
        c->flags |= LIBSHM_ATTACH_RND;
        break;
    case 2:
        c->where = DIFF_TAKEN;
        c->flags |= LIBSHM_ATTACH_REMAP;
        break;
    default:
        break;
    }
}

static struct diff_step on_spot(int slot, enum diff_op op, int spot)
{
    struct diff_step step = diff_call_step(slot, op, world.workers[slot].spots[spot].object);
    step.call.spot = spot;
    return step;
}

static unsigned pages(uint64_t size)
{
    unsigned page = (unsigned)sysconf(_SC_PAGESIZE);
    return (unsigned)((size + page - 1) / page);
}

/* In the place of another attach, all of it: a part that stays has no start to detach (S5.1). */
static bool replace(int slot, int object, struct diff_step *step)
{
    int spot = used_spot(slot);
    const struct diff_attach *a = &world.workers[slot].spots[spot < 0 ? 0 : spot];
    if (spot < 0 || !a->in_arena || pages(a->size) > pages(diff_object(object)->size))
        return false;
    *step = diff_call_step(slot, DIFF_SHMAT, object);
    step->call.spot = spot;
    step->call.where = DIFF_TAKEN;
    step->call.flags = LIBSHM_ATTACH_REMAP;
    return diff_may(slot, object, 6);
}

static struct diff_step attach(void)
{
    int slot = diff_idle_slot(), spot = free_spot(slot);
    if (spot < 0)
        return on_spot(slot, DIFF_SHMDT, (int)diff_below(DIFF_SPOTS));
    int object = choose(slot, SEGMENT, 4);
    struct diff_step step = diff_call_step(slot, DIFF_SHMAT, object);
    if (object < 0)
        return get(SEGMENT);
    if (diff_chance(15) && replace(slot, object, &step))
        return step;
    step = diff_call_step(slot, DIFF_SHMAT, object);
    step.call.spot = spot;
    if (diff_chance(20) || !diff_may(slot, object, 2))
        step.call.flags = LIBSHM_ATTACH_RDONLY;
    choose_address(&step.call);
    return step;
}

static struct diff_step detach(void)
{
    int slot = diff_idle_slot(), spot = used_spot(slot);
    return spot < 0 ? attach() : on_spot(slot, DIFF_SHMDT, spot);
}

/* The bytes up to the end of the last page are there as well (S1.13). */
static struct diff_step touch(enum diff_op op)
{
    int slot = diff_idle_slot(), spot = used_spot(slot);
    if (spot < 0)
        return attach();
    struct diff_step step = on_spot(slot, op, spot);
    const struct diff_attach *a = &world.workers[slot].spots[spot];
    unsigned length = pages(a->size) * (unsigned)sysconf(_SC_PAGESIZE);
    if (op == DIFF_STORE && a->readonly)
        step.call.op = DIFF_LOAD;
    step.call.offset = (long)diff_below(length - DIFF_BYTES + 1);
    memset(step.call.bytes, (int)diff_below(256), DIFF_BYTES);
    step.call.bytes[0] = (unsigned char)diff_below(256);
    return step;
}

/* ---- Both kinds ---------------------------------------------------------------------------- */

static struct diff_step on_object(int kind, enum diff_op op, unsigned wanted)
{
    int slot = diff_idle_slot(), object = choose(slot, kind, wanted);
    return object < 0 ? get(kind) : diff_call_step(slot, op, object);
}

/* Root, the owner and the creator. Root may do anything: others only with their own. */
static int owner_slot(int object)
{
    const struct diff_object *o = diff_object(object);
    for (int tries = 0; tries < 16; tries++) {
        int slot = diff_idle_slot();
        unsigned uid = world.workers[slot].uid;
        if (uid == 0 || uid == o->uid || uid == o->cuid)
            return slot;
    }
    return NOBODY;
}

static struct diff_step owned(int kind, enum diff_op op)
{
    int object = diff_pick(kind), slot = object < 0 ? NOBODY : owner_slot(object);
    return slot == NOBODY ? get(kind) : diff_call_step(slot, op, object);
}

static bool has_sleepers(int object)
{
    for (int slot = FIRST_SLOT; slot < DIFF_SLOTS; slot++)
        if (world.workers[slot].asleep == object)
            return true;
    return false;
}

/* What a queue may hold: often little, so that it is full soon. */
static int some_room(void)
{
    return diff_chance(50) ? LIBSHM_MSGMNB
                           : (int)diff_below(diff_chance(80) ? 2000 : LIBSHM_MSGMNB);
}

/*
 * Owners are changed by root only (S5.10), and only where root is the creator: a file cannot have
 * two owners (S5.11). No sleeper loses the right to open the set, for it would be told of no deaths
 * (S5.12); nor to use the queue, where the kernel would look at once (S5.32).
 */
static struct diff_step set_perm(int kind)
{
    struct diff_step step = owned(kind, ops_of[kind].set);
    const struct diff_object *o = diff_object(step.call.object);
    if (o == NULL)
        return step;
    step.call.mode = some_mode(kind) | (diff_chance(20) ? 01000 : 0);
    if (kind != SEGMENT && has_sleepers(step.call.object))
        step.call.mode |= 0666;
    step.call.value = some_room();
    step.call.uid = o->uid;
    step.call.gid = o->cgid;
    if (world.strangers && world.workers[step.slot].uid == 0 && o->cuid == 0 && diff_chance(20))
        step.call.uid = o->uid == 0 ? world.workers[DIFF_SLOTS - 1].uid : 0;
    return step;
}

static struct diff_step remove_one(int kind)
{
    return owned(kind, ops_of[kind].remove);
}

/* ---- Semaphores ---------------------------------------------------------------------------- */

static short some_change(void)
{
    unsigned kind = diff_below(100);
    if (kind < 55)
        return (short)(1 + diff_below(3));
    if (kind < 90)
        return (short)-(1 + (int)diff_below(2));
    return 0;
}

static struct diff_step operate(void)
{
    struct diff_step step = on_object(SET, DIFF_SEMOP, 6);
    struct diff_call *c = &step.call;
    if (c->op != DIFF_SEMOP)
        return step;
    bool sleepy = count_asleep() < MOST_ASLEEP && diff_chance(25);
    c->nops = diff_chance(60) ? 1 : 1 + (int)diff_below(DIFF_OPS);
    for (int i = 0; i < c->nops; i++) {
        c->ops[i].sem_num = (unsigned short)diff_below((unsigned)c->nsems);
        c->ops[i].sem_op = some_change();
        if (!sleepy || diff_chance(10))
            c->ops[i].sem_flg |= LIBSHM_IPC_NOWAIT;
        if (diff_chance(25))
            c->ops[i].sem_flg |= LIBSHM_SEM_UNDO;
    }
    if (diff_chance(10)) {
        c->timed = 1;
        c->seconds = sleepy ? 1000 : 0;
        c->nanoseconds = diff_chance(20) ? 500000 : 0;
    }
    return step;
}

static struct diff_step ask(enum diff_op op)
{
    struct diff_step step = on_object(SET, op, 4);
    if (step.call.op == (int)op)
        step.call.num = (int)diff_below((unsigned)step.call.nsems);
    return step;
}

static struct diff_step set_one(void)
{
    struct diff_step step = on_object(SET, DIFF_SETVAL, 6);
    if (step.call.op == DIFF_SETVAL) {
        step.call.num = (int)diff_below((unsigned)step.call.nsems);
        step.call.value = diff_chance(3) ? LIBSHM_SEMVMX : (int)diff_below(6);
    }
    return step;
}

static struct diff_step set_all(void)
{
    struct diff_step step = on_object(SET, DIFF_SETALL, 6);
    for (int i = 0; i < DIFF_SEMS; i++)
        step.call.values[i] = (unsigned short)diff_below(5);
    return step;
}

/* ---- Message queues ------------------------------------------------------------------------ */

/*
 * What would sleep does so, or ends at once, or soon. No sleeper has a timeout: on the kernel it would ask
 * again and again, and have no place among the others.
 */
static void let_wait(struct diff_call *c)
{
    bool sleepy = count_asleep() < MOST_ASLEEP && diff_chance(40);
    if (!sleepy && !diff_chance(5))
        return;
    c->flags &= ~LIBSHM_IPC_NOWAIT;
    if (sleepy)
        return;
    c->timed = 1;
    c->nanoseconds = diff_chance(20) ? 500000 : 0;
}

static void fill_letter(struct diff_call *c)
{
    c->type = diff_chance(3) ? LONG_MAX : 1 + (long)diff_below(5);
    c->size = diff_below(diff_chance(85) ? 300 : LIBSHM_MSGMAX + 1);
    for (int i = 0; i < DIFF_BYTES; i++)
        c->bytes[i] = (unsigned char)diff_below(256);
}

static void fill_order(struct diff_call *c)
{
    static const int flags[] = {0, 0, LIBSHM_MSG_NOERROR, LIBSHM_MSG_EXCEPT,
                                LIBSHM_MSG_NOERROR | LIBSHM_MSG_EXCEPT};
    static const int64_t rare[] = {LONG_MIN, -LONG_MAX, LONG_MAX, 1 - LONG_MAX};
    c->type = diff_chance(4) ? rare[diff_below(4)] : (int64_t)diff_below(11) - 5;
    c->type = diff_chance(40) ? 0 : c->type;
    c->size = diff_chance(80) ? LIBSHM_MSGMAX : diff_below(300);
    c->flags |= flags[diff_below(5)];
}

/* Half of the queues become full, the others empty. */
static struct diff_step message(void)
{
    struct diff_step step = on_object(QUEUE, DIFF_MSGSND, 6);
    struct diff_call *c = &step.call;
    if (c->op != DIFF_MSGSND)
        return step;
    if (diff_chance(c->object % 2 ? 40 : 65)) {
        fill_letter(c);
    } else {
        c->op = DIFF_MSGRCV;
        fill_order(c);
    }
    let_wait(c);
    return step;
}

/* ---- Processes ----------------------------------------------------------------------------- */

static struct diff_step happen(enum diff_event event, int slot)
{
    struct diff_step step = diff_call_step(slot, DIFF_HELLO, -1);
    step.event = event;
    return step;
}

static struct diff_step kill_one(void)
{
    return happen(DIFF_KILL, FIRST_SLOT + (int)diff_below(DIFF_SLOTS - FIRST_SLOT));
}

static int sleeper_in(enum diff_op op)
{
    int first = (int)diff_below(DIFF_SLOTS);
    for (int i = 0; i < DIFF_SLOTS; i++) {
        int slot = (first + i) % DIFF_SLOTS;
        const struct diff_worker *w = &world.workers[slot];
        if (slot != OBSERVER && w->asleep >= 0 && w->sleeping.call.op == (int)op)
            return slot;
    }
    return NOBODY;
}

static struct diff_step interrupt_one(void)
{
    static const enum diff_op ops[] = {DIFF_SEMOP, DIFF_MSGSND, DIFF_MSGRCV};
    for (unsigned first = diff_below(3), i = 0; i < 3; i++) {
        int slot = sleeper_in(ops[(first + i) % 3]);
        if (slot != NOBODY)
            return happen(DIFF_SIGNAL, slot);
    }
    return operate();
}

/* Who may not open a segment any more shares its attaches with his children: S5.8. */
static bool may_fork(int slot)
{
    for (int i = 0; i < DIFF_SPOTS; i++) {
        const struct diff_attach *a = &world.workers[slot].spots[i];
        if (a->object >= 0 && !diff_may(slot, a->object, a->readonly ? 4 : 6))
            return false;
    }
    return true;
}

static struct diff_step fork_one(void)
{
    struct diff_step step = happen(DIFF_FORK_INTO, diff_idle_slot());
    do
        step.target = FIRST_SLOT + (int)diff_below(DIFF_SLOTS - FIRST_SLOT);
    while (step.target == step.slot);
    if (!may_fork(step.slot))
        return operate();
    return step;
}

/* ---- The mixture --------------------------------------------------------------------------- */

static struct diff_step make_one(int kind)
{
    return world.live_count[kind] < most_live[kind] ? get(kind) : remove_one(kind);
}

static struct diff_step segment_step(void)
{
    unsigned r = diff_below(1000);
    if (r < 50)
        return make_one(SEGMENT);
    if (r < 120)
        return look_up(SEGMENT);
    if (r < 290)
        return attach();
    if (r < 440)
        return detach();
    if (r < 600)
        return touch(DIFF_LOAD);
    if (r < 750)
        return touch(DIFF_STORE);
    if (r < 910)
        return on_object(SEGMENT, DIFF_SHM_STAT, 4);
    if (r < 940)
        return set_perm(SEGMENT);
    if (r < 970)
        return owned(SEGMENT, diff_chance(50) ? DIFF_SHM_LOCK : DIFF_SHM_UNLOCK);
    return remove_one(SEGMENT);
}

static struct diff_step set_step(void)
{
    unsigned r = diff_below(1000);
    if (r < 40)
        return make_one(SET);
    if (r < 90)
        return look_up(SET);
    if (r < 520)
        return operate();
    if (r < 620)
        return on_object(SET, DIFF_SEM_STAT, 4);
    if (r < 690)
        return on_object(SET, DIFF_GETALL, 4);
    if (r < 850)
        return ask((enum diff_op)(DIFF_GETVAL + diff_below(4)));
    if (r < 900)
        return set_one();
    if (r < 950)
        return set_all();
    return r < 970 ? set_perm(SET) : remove_one(SET);
}

static struct diff_step queue_step(void)
{
    unsigned r = diff_below(1000);
    if (r < 40)
        return make_one(QUEUE);
    if (r < 90)
        return look_up(QUEUE);
    if (r < 800)
        return message();
    if (r < 930)
        return on_object(QUEUE, DIFF_MSG_STAT, 4);
    return r < 980 ? set_perm(QUEUE) : remove_one(QUEUE);
}

void diff_generate(struct diff_step *step)
{
    unsigned r = diff_below(1000);
    if (r < 180 && diff_recipe(step))
        return;
    if (r < 183)
        *step = kill_one();
    else if (r < 185)
        *step = interrupt_one();
    else if (r < 189)
        *step = fork_one();
    else
        *step = diff_chance(38) ? segment_step() : diff_chance(60) ? set_step() : queue_step();
}
