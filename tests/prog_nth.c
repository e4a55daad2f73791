/*
 * Every system and library call fails once, at each of its uses, in every call of the library.
 *
 * prog_nth [TEXT]: only the cases whose name begins so.
 * LIBSHM_TEST_SCALE  if above 1, with the usual errnos only, and one in so many of the failures
 */
#include "config.h"

#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libshm/fail.h"
#include "libshm/shm.h"
#include "posix/posix_glance.h"
#include "tests/backend_support.h"
#include "tests/nth.h"

/* Records of attaches and of open sets come from a pool each. */
enum { MOST_POOLS = 2 };

enum { UNTOUCHED = 4242, PATIENCE = 60, TOO_MANY = 100, OUTPUT = 2048 };

static const char untouched[] = "the sentence of an earlier failure";

struct outcome {
    int result, error;
    char detail[512], output[OUTPUT];
    struct nth_process after;
};

/* Shared by the launcher and the process that makes the call. */
static struct board {
    struct nth_made made;
    struct nth_process before;
    struct outcome first, again;
    long uses[NTH_FUNCTIONS];
    bool struck;
    size_t length; /* of the output that is being written */
    char *output;
} * board;

struct run {
    const struct nth_case *c;
    enum nth_function function;
    long n; /* 0: a clean run */
    int error;
    int meeting; /* a socket */
    pid_t pid;
    char before[NTH_WORLD_SIZE], after[NTH_WORLD_SIZE], again[NTH_WORLD_SIZE];
};

static struct run clean;
static struct board told; /* by the clean run */
static void remove_folder(void);
static char running[200];
static volatile pid_t running_pid;
static int complaints;
static long injections, absorbed, turn;
static int scale;

void nth_say(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    board->length += (size_t)vsnprintf(board->output + board->length, OUTPUT - board->length,
                                       format, arguments);
    va_end(arguments);
}

static void complain(const struct run *r, const char *format, ...)
{
    va_list arguments;

    if (r->n)
        printf("%s: use %ld of %s fails with %s: ", r->c->name, r->n, nth_name(r->function),
               strerror(r->error));
    else
        printf("%s: ", r->c->name);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
    if (++complaints >= TOO_MANY) {
        printf("too many\n");
        nth_wipe();
        remove_folder();
        exit(1);
    }
}

/*
 * The process that makes the call.
 */

static void meet(const struct run *r)
{
    char byte = 0;

    if (write(r->meeting, &byte, 1) != 1 || read(r->meeting, &byte, 1) != 1)
        _exit(2);
}

static void make_call(const struct run *r, struct outcome *o, long n)
{
    shm_fail(UNTOUCHED, untouched);
    nth_arm(r->function, n, r->error);
    o->result = r->c->call();
    o->error = errno;
    nth_disarm();
    snprintf(o->detail, sizeof o->detail, "%s", shm_error_detail());
    nth_look(&o->after);
    board->output = o->output;
    board->length = 0;
    o->output[0] = '\0';
    if (o->result == 0 && r->c->tell)
        r->c->tell();
}

static void body(const struct run *r)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    alarm(PATIENCE);
    if (r->c->prepare)
        r->c->prepare();
    nth_look(&board->before);
    meet(r);
    make_call(r, &board->first, r->n);
    for (int f = 0; f < NTH_FUNCTIONS; f++)
        board->uses[f] = nth_uses(f);
    board->struck = nth_struck();
    meet(r);
    if (board->first.result != 0)
        make_call(r, &board->again, 0);
    meet(r);
    if (r->c->finish)
        r->c->finish();
}

/*
 * The launcher.
 */

static bool await(struct run *r)
{
    char byte;

    return read(r->meeting, &byte, 1) == 1;
}

static void let_go(struct run *r)
{
    char byte = 0;

    if (write(r->meeting, &byte, 1) != 1)
        complain(r, "the process does not listen");
}

static bool watch(struct run *r)
{
    char *worlds[] = {r->before, r->after, r->again};

    for (int i = 0; i < 3; i++) {
        if (!await(r))
            return false;
        nth_world(worlds[i], NTH_WORLD_SIZE);
        let_go(r);
    }
    return true;
}

static void start_process(struct run *r)
{
    int ends[2];

    fflush(stdout);
    memset(board, 0, sizeof *board);
    EXPECT_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
    r->pid = fork();
    if (r->pid == 0) {
        close(ends[0]);
        r->meeting = ends[1];
        body(r);
        fflush(stdout);
        _exit(0);
    }
    running_pid = r->pid;
    close(ends[1]);
    r->meeting = ends[0];
}

/* What could not be unlinked is debris, to be cleared by the next process that looks. */
static bool leaves_debris(const struct run *r)
{
    return r->n && (r->function == NTH_UNLINK || r->function == NTH_READLINK ||
                    (r->c->flags & NTH_EFFORT) != 0);
}

/* What a process keeps from its first call on is there for all children, the first as well. */
static void warm_up(void)
{
    struct shm_backend_shmid_ds ds;

    EXPECT_ERR(shm_backend_shmctl(INT_MAX, LIBSHM_IPC_STAT, &ds), EINVAL);
}

static void empty_world(struct run *r)
{
    const char *const empty = on_posix() ? "0 files\n" : "";
    char left[NTH_WORLD_SIZE];

    nth_wipe();
    if (leaves_debris(r))
        EXPECT_OK(collect_debris());
    nth_world(left, sizeof left);
    if (strcmp(left, empty) == 0)
        return;
    complain(r, "left over:\n%s", left);
    collect_debris();
}

/* False if the process did not come through; that has been said. */
static bool run_once(struct run *r)
{
    snprintf(running, sizeof running, "%s, use %ld of %s", r->c->name, r->n,
             nth_name(r->function));
    alarm(2 * PATIENCE);
    start_process(r);
    bool through = watch(r);
    int status = reap(r->pid);
    close(r->meeting);
    if (!through || status != 0)
        complain(r, status > 128 ? "the process died of signal %d" : "exit status %d",
                 status > 128 ? status - 128 : status);
    empty_world(r);
    alarm(0);
    return through && status == 0;
}

/*
 * What must be so.
 */

static void expect_same(const struct run *r, const char *what, const char *is,
                        const char *should)
{
    if (strcmp(is, should) != 0)
        complain(r, "%s: is\n%s\n  should be\n%s", what, is, should);
}

static bool is_documented(const struct run *r, int error)
{
    if (error == r->error || error == told.first.error)
        return true;
    for (const int *e = r->c->documented; e && *e; e++)
        if (*e == error)
            return true;
    return false;
}

static void check_success(const struct run *r, const struct outcome *o)
{
    if (o->error != UNTOUCHED)
        complain(r, "successful, but errno became %d", o->error);
    expect_same(r, "the sentence after success", o->detail, untouched);
    if (!(r->c->flags & NTH_EFFORT))
        expect_same(r, "the answer", o->output, told.first.output);
}

/* The last line counts files. */
static void cut_last_line(char *text)
{
    char *last = text;

    for (char *at = text; *at; at++)
        if (*at == '\n' && at[1])
            last = at + 1;
    *last = '\0';
}

static void expect_world(const struct run *r, const char *when, char *world, const char *should)
{
    char wanted[NTH_WORLD_SIZE];

    strcpy(wanted, should);
    if (leaves_debris(r) && on_posix()) {
        cut_last_line(world);
        cut_last_line(wanted);
    }
    expect_same(r, when, world, wanted);
}

static void check_failure(const struct run *r, const struct outcome *o)
{
    if (!is_documented(r, o->error))
        complain(r, "failed with errno %d (%s), which is not documented", o->error,
                 strerror(o->error));
    if (!(r->c->flags & NTH_FOREIGN) &&
        (o->detail[0] == '\0' || strcmp(o->detail, untouched) == 0))
        complain(r, "failed with errno %d, but without a sentence", o->error);
}

/* A set that a call opens stays open. */
static int most_sets(void)
{
    int most = 1;

    if (told.before.sets > most)
        most = told.before.sets;
    return told.first.after.sets > most ? told.first.after.sets : most;
}

static void check_process(const struct run *r, const char *when, const struct nth_process *p,
                          const struct nth_process *should)
{
    expect_same(r, when, p->descriptors, board->before.descriptors);
    if (p->signals != board->before.signals)
        complain(r, "%s: other signals are blocked", when);
    if (p->blocks != should->blocks)
        complain(r, "%s: %ld blocks of memory, not %ld", when, p->blocks, should->blocks);
    if (p->mappings != should->mappings)
        complain(r, "%s: %d segments are mapped, not %d", when, p->mappings, should->mappings);
    /* The one that could not be unmapped stays until the next detach. */
    if (p->looks > p->mappings + PX_GLANCES_KEPT + (r->function == NTH_MUNMAP))
        complain(r, "%s: %d headers of removed segments and %d segments are mapped", when,
                 p->looks, p->mappings);
    if (p->sets > most_sets())
        complain(r, "%s: %d sets are mapped", when, p->sets);
    if (p->maps > board->before.maps + MOST_POOLS)
        complain(r, "%s: %ld anonymous mappings more", when, p->maps - board->before.maps);
}

static void check_first(struct run *r)
{
    const struct outcome *o = &board->first;

    expect_same(r, "the world before the call", r->before, clean.before);
    if (o->result == 0) {
        check_success(r, o);
        expect_world(r, "the world after success", r->after, clean.after);
        check_process(r, "after success", &o->after, &told.first.after);
        absorbed += r->n != 0;
        return;
    }
    check_failure(r, o);
    if (r->c->flags & NTH_PARTIAL)
        return;
    expect_same(r, "the world after a failure", r->after, clean.before);
    check_process(r, "after a failure", &o->after, &board->before);
}

static void check_again(struct run *r)
{
    const struct outcome *o = &board->again;

    if (board->first.result == 0)
        return;
    bool gone = (r->c->flags & NTH_GONE) && o->result != 0 && o->error == EIDRM;
    if (!gone &&
        (o->result != told.first.result || (o->result != 0 && o->error != told.first.error))) {
        complain(r, "the same call again: %d, errno %d (%s): %s", o->result, o->error,
                 strerror(o->error), o->detail);
        return;
    }
    if (o->result == 0)
        check_success(r, o);
    expect_world(r, "the world after the same call again", r->again, clean.after);
    check_process(r, "after the same call again", &o->after, &told.first.after);
}

static void inject(const struct nth_case *c, enum nth_function f, long n, int error)
{
    static struct run r;

    r = (struct run){.c = c, .function = f, .n = n, .error = error};
    injections++;
    if (!run_once(&r))
        return;
    if (!board->struck) {
        if (!(c->flags & NTH_VARIES))
            complain(&r, "this use did not happen");
        return;
    }
    check_first(&r);
    check_again(&r);
}

static int run_case(const struct nth_case *c, bool all)
{
    int functions = 0;

    clean = (struct run){.c = c};
    if (!run_once(&clean))
        return 0;
    told = *board;
    if (told.first.result == 0)
        check_success(&clean, &told.first);
    expect_same(&clean, "descriptors after the call", told.first.after.descriptors,
                told.before.descriptors);
    for (int f = 0; f < NTH_FUNCTIONS; f++) {
        if (f == NTH_MUNMAP && (c->flags & NTH_WHOLE))
            continue;
        functions += told.uses[f] > 0;
        for (long n = 1; n <= told.uses[f]; n++)
            for (const int *e = nth_errnos(f, all); *e; e++)
                if (turn++ % scale == 0)
                    inject(c, f, n, *e);
    }
    return functions;
}

/* A process that waits for a lock with its signals blocked hears no alarm of its own. */
static void give_up(int number)
{
    (void)number;
    kill(running_pid, SIGKILL);
    printf("a lock was left: %s\n", running);
    fflush(stdout);
    _exit(1);
}

/* A folder of our own: how long it takes to list it depends on nobody else. */
static char folder[256];

static void own_folder(void)
{
    const char *base = getenv("LIBSHM_DIR"), *name = getenv("LIBSHM_NAMESPACE");

    snprintf(folder, sizeof folder, "%s/libshm.%s.folder", base ? base : "/dev/shm",
             name ? name : "default");
    EXPECT_OK(mkdir(folder, 0700));
    EXPECT_OK(chmod(folder, geteuid() == 0 ? 01777 : 0700)); /* root has other users, too */
    EXPECT_OK(setenv("LIBSHM_DIR", folder, 1));
}

static void remove_folder(void)
{
    EXPECT_OK(rmdir(folder));
}

int main(int argc, char **argv)
{
    const struct nth_case *const lists[] = {
        nth_cases_shm,    nth_cases_sem,       nth_cases_msg,   nth_cases_queue,
        nth_cases_memory, nth_cases_semaphore, nth_cases_arrays};
    const char *only = argc > 1 ? argv[1] : "";
    const char *text = getenv("LIBSHM_TEST_SCALE");
    scale = text && atoi(text) > 1 ? atoi(text) : 1;
    bool all = scale == 1;
    int cases = 0, functions = 0;
    double begun = seconds_now();

    if (argc > 5 && strcmp(only, NTH_STARTUP) == 0)
        return nth_startup_role(argv + 2);
    own_folder();
    announce();
    signal(SIGALRM, give_up);
    board =
        mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT(board != MAP_FAILED);
    warm_up();
    nth_made = &board->made;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        for (const struct nth_case *c = lists[i]; c->name; c++)
            if (strncmp(c->name, only, strlen(only)) == 0) {
                functions += run_case(c, all);
                cases++;
            }
    if (*only == '\0' && scale == 1) {
        complaints += !nth_try_startup(all, &injections);
        empty_world(&clean);
    }
    printf("%d calls, %d pairs of call and function, %ld failures injected, %ld of them "
           "without effect on the call, in %.1f s\n",
           cases, functions, injections, absorbed, seconds_now() - begun);
    EXPECT(cases > 0);
    remove_folder();
    return complaints != 0;
}
