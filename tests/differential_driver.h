/*
 * The parts of tests/prog_differential.c.
 */
#ifndef LIBSHM_TESTS_DIFFERENTIAL_DRIVER_H
#define LIBSHM_TESTS_DIFFERENTIAL_DRIVER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tests/differential.h"

enum { KERNEL, POSIX, FAMILIES };
enum { SEGMENT, SET, QUEUE, KINDS };
enum { DIFF_LIVE = 16 }; /* most objects of a kind */
enum { NOBODY = -1, OBSERVER = 0, FIRST_SLOT = 1 };

/* What the driver does next: one call, or something that happens to a worker. */
enum diff_event { DIFF_CALL, DIFF_KILL, DIFF_SIGNAL, DIFF_FORK_INTO };

struct diff_step {
    enum diff_event event;
    int slot;
    int target;  /* of a fork: whose place the child takes */
    int creates; /* in a replay: the number of the object that it made the first time, or -1 */
    struct diff_call call;
};

/* What is known of an object, from the kernel's answers. */
struct diff_object {
    int kind;
    int id[FAMILIES];
    int32_t key;
    uint64_t size; /* bytes, or semaphores */
    unsigned mode, uid, cuid, cgid;
    bool removed;
    /* Fields that section 5 of semantics.md exempts at present. */
    bool lpid_free, atime_free, dtime_free;
    enum { DIFF_EXACT, DIFF_FREE, DIFF_UNNOTICED } otime;
    unsigned undo_slots; /* bits: workers that have tried SEM_UNDO */
};

struct diff_attach {
    int object; /* -1: none */
    bool readonly;
    bool in_arena;
    uint64_t size;
};

struct diff_worker {
    unsigned uid;
    int asleep; /* the set or queue it sleeps on, or -1 */
    long since; /* the order in which they fell asleep */
    bool held;  /* stopped in its sleep */
    bool told;  /* meanwhile, to go on in user space */
    struct diff_step sleeping;
    struct diff_attach spots[DIFF_SPOTS];
    long serial;
};

struct diff_world {
    uint64_t seed;
    long calls, number; /* wanted, done */
    bool strangers;     /* there are two users */
    bool names;         /* user space is spoken to by the standard's names */
    struct diff_worker workers[DIFF_SLOTS];
    struct diff_object *objects;
    int object_count;
    int live[KINDS][DIFF_LIVE], live_count[KINDS];
    double longest; /* seconds that a step took at most */
};
extern struct diff_world world;

/* ---- differential_family.c: the processes -------------------------------------------------- */

void diff_families_start(void);
void diff_families_end(void);
/* The id is put in that the family knows the object by. */
void diff_send(int family, int slot, const struct diff_call *call);
/* Until the worker answers; false after `seconds`, or when it has died. */
bool diff_receive(int family, int slot, struct diff_answer *answer, double seconds);
void diff_worker_start(int slot);
void diff_worker_kill(int slot);
void diff_worker_signal(int slot);
void diff_worker_stop(int family, int slot); /* returns when it is stopped */
void diff_worker_continue(int family, int slot);
int diff_worker_pid(int family, int slot);
void diff_worker_forked(int family, int slot, int pid); /* a child has taken the slot */
long diff_serial_of(int family, int pid); /* of the process; 0: none, -1: unknown */
double diff_now(void);

/* ---- differential_lockstep.c: one step on both -------------------------------------------- */

/* How long a worker may take that has been let go on: far beyond any promise. */
enum { DIFF_ANSWER_SECONDS = 30 };

void diff_step(const struct diff_step *step);
/* Compares the answers to a call, and learns from them. */
void diff_conclude(const struct diff_step *step, const struct diff_answer *answers);
struct diff_object *diff_object(int number);
void diff_object_gone(int number);
void diff_remove_everything(void);
int64_t diff_left(bool remove);

/* ---- differential_sleepers.c: calls that sleep -------------------------------------------- */

/* True when the worker has answered, false when it sleeps. */
bool diff_await(int family, const struct diff_step *step, struct diff_answer *answer);
void diff_fell_asleep(const struct diff_step *step);
/* How many calls wait for the semaphores of a set; -1: it is gone. */
int64_t diff_waiters(int family, int set);
/* Whether the step may have let sleepers of its object go on. */
bool diff_may_wake(const struct diff_call *c, const struct diff_answer *answer);
/* Those that the kernel let go on must go on in user space as well, and no others. */
void diff_settle(const struct diff_step *step, int object);
void diff_settle_all(const struct diff_step *step);
/* A signal ends its sleep; `cause` is what that belongs to. */
void diff_interrupt(const struct diff_step *cause, int slot);
/* The sleeper has answered on the kernel; `cause` is what woke it. */
void diff_wake(const struct diff_step *cause, int slot, struct diff_answer answers[FAMILIES]);

/* ---- differential_queues.c: those on message queues ---------------------------------------- */

bool diff_queue_sleeps(int family, int slot, int queue);
void diff_queue_settle(const struct diff_step *step, int queue);
/* Before a step that may wake several; true: after it they are to be let go. */
bool diff_queue_hold(const struct diff_step *step);
void diff_queue_let_go(const struct diff_step *step);

/* ---- differential_compare.c ---------------------------------------------------------------- */

/* What differs between the two answers to a call, as text; NULL: nothing. */
const char *diff_compare(const struct diff_call *call,
                         const struct diff_answer answers[FAMILIES]);

/* ---- differential_generate.c, differential_recipes.c --------------------------------------- */

uint64_t diff_random(void);
unsigned diff_below(unsigned n);
bool diff_chance(unsigned percent);
void diff_generate(struct diff_step *step);
int diff_idle_slot(void);
int diff_pick(int kind);                              /* a living object, or -1 */
bool diff_may(int slot, int object, unsigned wanted); /* by the mode */
struct diff_step diff_call_step(int slot, enum diff_op op, int object);
/* A call that is meant to fail as one of the pairs says; false: not possible now. */
bool diff_recipe(struct diff_step *step);

/* ---- differential_pairs.c ------------------------------------------------------------------ */

void diff_count(const struct diff_call *call, const struct diff_answer *answer);
void diff_count_killed(const struct diff_call *sleeping);
void diff_count_woken(const struct diff_step *cause, const struct diff_call *call,
                      const struct diff_answer *answer);
bool diff_pairs_report(void); /* prints the table; false if a pair is missing */

/* ---- differential_text.c ------------------------------------------------------------------- */

const char *diff_op_name(int op);
const char *diff_errno_name(int error);
void diff_remember(const struct diff_step *step, const struct diff_answer answers[FAMILIES]);
void diff_history(int object, int slot);

void diff_forget_history(void);
void diff_print_step(const struct diff_step *step, long number);

/* ---- differential_shrink.c ----------------------------------------------------------------- */

void diff_keep(const struct diff_step *step);
void diff_keep_created(int object);
/* Leaves out of the steps so far what the difference does not need, and prints the rest. */
void diff_shrink(int object);

/* Ends the program: says what differs, where, and what went before. */
_Noreturn void diff_differs(const struct diff_step *step, const struct diff_answer *answers,
                            const char *text);
_Noreturn void diff_die(const char *text);

#endif
