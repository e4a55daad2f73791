/*
 * Killing a process after the n-th instruction of a call: the victim is stepped by the launcher,
 * the other process, which the victim knows nothing of, looks at what is left.
 *
 * The launcher never uses the library, so that every victim is a process that has not used it.
 */
#ifndef LIBSHM_TESTS_STEP_TRACE_H
#define LIBSHM_TESTS_STEP_TRACE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

#include "tests/support.h"
#include "tests/waits.h"

/* One call. What is NULL is left out. */
struct step_case {
    const char *name;
    void (*begin)(void);  /* other: once */
    void (*before)(void); /* other: before each victim starts */
    void (*ready)(void);  /* victim: at full speed */
    void (*call)(void);   /* victim: stepped and killed */
    void (*check)(void);  /* other: after each death */
    void (*end)(void);    /* other: once */
    bool leaves_no_trace; /* no check can tell whether the call has happened */
};

/* Shared by all processes. */
extern struct step_board {
    _Atomic int done;  /* the victim came back from its call */
    _Atomic int dead;  /* the victim is dead */
    _Atomic int first; /* it was killed before the first instruction */
    int id;            /* the object the call is about */
    key_t key;
    int old, fresh; /* how often the call had not happened, and how often it had */
    int updates;    /* that the victim made before the call */
    struct waits waits;
    _Atomic int served, removed, wanted; /* of the processes that sleep and serve */
} * step_board;

/* False, with the reason printed, where nobody can be stepped. */
bool step_is_possible(void);
void step_start(void);
void step_stop(void);

/* Whoever steps and the children that it forks from now on: where it is, until it is let go anywhere again. */
void step_on_one_processor(void);
void step_on_any_processor(void);

/* Kills at every `stride`-th instruction; returns how many there were. Exits on a failure. */
long step_run(const struct step_case *c, int stride);

/* Steps one victim through the whole call; `look` is called before each of its instructions. */
typedef void step_look(pid_t victim, unsigned long address);
void step_watch(const struct step_case *c, step_look *look);

/* For checks: has the call happened? It must have if it came back, and not if it never began. */
void step_outcome(bool happened);

/* For children of the other process: they live as long as it does. */
void step_follow(void);

/* A condition that holds soon: polled without a pause, at most five seconds. */
#define SOON(condition)                                                                        \
    for (double soon_ = seconds_now() + 5; !(condition);)                                      \
    step_yield(soon_, #condition, __FILE__, __LINE__)
void step_yield(double end, const char *text, const char *file, int line);

/* Adds a call's time to the waits for a lock; it must be successful. */
#define PROMPT(call)                                                                           \
    do {                                                                                       \
        double begun_ = seconds_now();                                                         \
        EXPECT_OK(call);                                                                       \
        waits_add(&step_board->waits, seconds_now() - begun_);                                 \
    } while (0)

/* Expects no object, and of the user-space backend no file either. */
void step_nothing_left(void);

extern const struct step_case step_cases_shm[], step_cases_sem[], step_cases_msg[],
    step_cases_arrays[];

#endif
