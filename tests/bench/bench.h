/*
 * Benchmarks beside peers and physical limits that are measured in the same run. The cases of a
 * group take turns, so that whatever disturbs the machine disturbs all of them; medians and extremes
 * are printed, and ratios of medians.
 *
 * A case is found by its name, or by the beginning of its name: then the fastest of those that begin
 * so is meant, as in "loop" for "loop: cached stores" and "loop: streaming stores".
 */
#ifndef TESTS_BENCH_H
#define TESTS_BENCH_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

enum { BENCH_MAX_CASES = 16, BENCH_MAX_REPEATS = 31 };

enum bench_role { BENCH_OURS, BENCH_PEER, BENCH_LIMIT };

struct bench_case {
    const char *name; /* NULL: behind the last case */
    enum bench_role role;
    /* One of the two; neither: not available here. False, or less than 0: an operation failed. */
    bool (*run)(long parameter, long rounds);
    double (*timed)(long parameter, long rounds); /* the seconds that all rounds took */
    long parameter;
    const char *peer;  /* what it is divided by, or NULL */
    const char *limit; /* the same */
    double bytes;      /* that one operation moves; 0: that is not what it takes its time for */
};

/* A line of the table. Of another backend than this one, it does not apply. */
struct bench_target {
    int row; /* 0: behind the last one */
    const char *backend;
    const char *what;
    const char *ours; /* case */
    const char
        *other; /* case that ours is divided by; NULL: the bound is in the group's unit */
    double bound;
    bool at_least; /* otherwise at most */
};

struct bench_group {
    const char *title;
    const char *curve; /* the curve whose point at `x` these cases are, or NULL */
    double x;
    const char *unit; /* "ns", "us" or "ms" */
    long rounds;      /* operations in a sample; 0: as many as a sample's time allows */
    const struct bench_target *targets;
    struct bench_case cases[BENCH_MAX_CASES];
};

struct bench_figure {
    double median, min, max; /* seconds; 0: not measured */
};

struct bench_settings {
    bool quick;
    double sample_seconds;
    double group_seconds;
    int least_repeats;
    FILE *json; /* or NULL */
};
extern struct bench_settings bench_settings;

/* ---- bench_run.c ---- */

double bench_now(void);

/* Somebody wants it to end: the rest is left out, objects are removed. */
extern volatile sig_atomic_t bench_interrupted;

/* Measures, prints, judges the targets; false if a case failed. */
bool bench_run(const struct bench_group *group);

/* Of the last group; NULL: not measured. */
const struct bench_figure *bench_find(const char *name);

/* Prints what was expected and returns false if the condition does not hold. */
bool bench_check(bool good, const char *what);

/* Sorts. */
struct bench_figure bench_figure_of(double *seconds, int count);

/* ---- bench_print.c ---- */

double bench_units_per_second(const char *unit);
void bench_print_begin(void);
void bench_print_group(const struct bench_group *group, const struct bench_figure *figures,
                       int repeats);
void bench_print_end(bool good);

/* What is left out here, and why. */
__attribute__((format(printf, 1, 2))) void bench_remark(const char *format, ...);

/* A figure beside its bound; `unit` is "x" for a ratio of `value` to `other`, which else is 0. */
struct bench_verdict {
    int row;
    char what[120];
    const char *unit;
    double value, other; /* as measured, in `measured_unit` */
    const char *measured_unit;
    double figure, bound; /* compared, in `unit` */
    bool at_least;
};
void bench_judge(const struct bench_verdict *verdict);

/* Judges the targets of this backend that name two cases of the last group, or one. */
void bench_judge_group(const struct bench_group *group);

/* ---- bench_limits.c, bench_stream_*.c ---- */

/* Pairs of compare-and-exchange on a word that nobody else uses, as a lock would need. */
bool bench_cas_pairs(long unused, long rounds);

/*
 * slot = out = old + factor * fresh: the four streams of an update. All are aligned to 64 bytes. Which
 * is the fastest depends on the size. The Python program calls them as well.
 */
typedef void bench_axpy(double *slot, double *out, const double *old, const double *fresh,
                        double factor, size_t count);
#define BENCH_SEEN __attribute__((visibility("default")))
BENCH_SEEN bench_axpy bench_axpy_cached, bench_axpy_blocks, bench_axpy_streaming;

/* memcpy by pieces that the first caches hold. */
void bench_copy_pieces(void *to, const void *from, size_t nbytes);

/* Bytes that may be used: a quarter of what is available. */
double bench_memory_allowed(void);

/* ---- bench_at_once.c, bench_lock_waits.c: what several processes do at once ---- */

enum { BENCH_MAX_WORKERS = 8 };

struct bench_worker {
    bool (*step)(int who);
    long count;     /* steps, not counting the one before the start */
    double seconds; /* that they took */
    long waits;     /* for the lock of a partition, in all */
};

/* Each in a process of its own, for so many seconds from a common start; false if one failed. */
bool bench_at_once(struct bench_worker *workers, int count, double seconds);

/*
 * Children leave it to their parent what an interrupt ends: who waits for them would wait for ever. Without
 * their parent, however it ended, they end as well.
 */
pid_t bench_fork(void);

/* Zeroed memory that children share; NULL if there is none. */
void *bench_shared_memory(size_t nbytes);

/* Calls of shm_lock_wait in this process: readers make them only when they fall back to the lock. */
extern long bench_lock_waits;

/* ---- bench_channels.c: semaphores of several kinds, as processes wait with them ---- */

struct bench_channel {
    const char *name;
    enum bench_role role;
    bool (*open)(void); /* two semaphores, 0 and 1, of value 0 */
    bool (*p)(int which);
    bool (*v)(int which);
    bool (*at_zero)(void);
    bool (*close)(void);
};
extern const struct bench_channel bench_channel_ours, bench_channel_kernel, bench_channel_sem_t;

/* ---- Memory and a lock of others; `name` is NULL where it was not built ---- */

struct bench_foreign {
    const char *name;
    bool (*open)(size_t nbytes);
    void *(*memory)(void);
    bool (*lock)(void);
    bool (*unlock)(void);
    bool (*close)(void);
};
#ifdef __cplusplus
extern "C" {
#endif
extern const struct bench_foreign bench_apr, bench_boost, bench_mutex;
#ifdef __cplusplus
}
#endif

/* ---- The subjects; false if something failed ---- */

bool bench_arrays(void);
bool bench_attach(void);
bool bench_memory(void);
bool bench_pingpong(void);
bool bench_processes(void);
bool bench_readers(void);
bool bench_semaphores(void);
bool bench_store(void);
bool bench_waiters(void);

#endif
