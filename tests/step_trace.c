/*
 * The tracer. Stepping from the start of a call to each of its instructions would take a time
 * that grows with the square of its length. So the first victim is stepped all the way, and its
 * path recorded; the others run to an anchor shortly before the n-th instruction, an address
 * that the path has passed a few times at most, and are stepped from there. An anchor that
 * one misses who takes another way (random numbers differ) is none any more.
 */
#include "config.h"

#include "tests/step_trace.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __x86_64__
#include <sys/user.h>
#endif

#include "tests/backend_files.h"
#include "tests/backend_support.h"

enum {
    PATIENCE = 60,     /* seconds that a victim has until it stops */
    LONGEST = 1 << 21, /* instructions of a call, sanitizers' own ones included */
    PLACES = 1 << 17,  /* for different addresses: a power of two */
    VISIT = 3,         /* what running to an address once more costs, in steps */
    WINDOW = 3000,     /* instructions to look back for an anchor */
    ROUNDS = 32,       /* of a loop until it is thinned out */
    THINNED = 31,      /* one of so many instructions is killed at then */
};

struct step_board *step_board;

/* The reference path: where the victim is after n instructions, and where to run to for n. */
static unsigned long *path;
static int *visits, *anchor;
static int length;

static struct place {
    unsigned long address;
    int visits;
    bool missed; /* by a victim that went another way */
} * places;

static pid_t other;
static int to_other[2], from_other[2];

static cpu_set_t anywhere;

static void *shared(size_t size)
{
    void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    EXPECT(at != MAP_FAILED);
    return at;
}

/*
 * The machine.
 */

#ifdef __x86_64__

enum { TRAP = 0xcc };

static size_t place_of_address(void)
{
    return offsetof(struct user_regs_struct, rip);
}

#else

enum { TRAP = 0 };

static size_t place_of_address(void)
{
    return 0;
}

#endif

static unsigned long address_of(pid_t pid)
{
    return (unsigned long)ptrace(PTRACE_PEEKUSER, pid, (void *)place_of_address(), NULL);
}

/*
 * Each step wakes the tracer and then the victim, which takes many times as long on another processor that
 * is asleep meanwhile.
 */

void step_on_one_processor(void)
{
    cpu_set_t here;

    if (CPU_COUNT(&anywhere) == 0)
        EXPECT_OK(sched_getaffinity(0, sizeof anywhere, &anywhere));
    CPU_ZERO(&here);
    CPU_SET(sched_getcpu(), &here);
    EXPECT_OK(sched_setaffinity(0, sizeof here, &here));
}

void step_on_any_processor(void)
{
    EXPECT_OK(sched_setaffinity(0, sizeof anywhere, &anywhere));
}

/*
 * The victim.
 */

static void be_victim(const struct step_case *c)
{
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
        _exit(77);
    if (c->ready)
        c->ready();
    raise(SIGSTOP);
    c->call();
    step_board->done = 1;
    raise(SIGSTOP);
    _exit(1);
}

/*
 * Returns the signal that has stopped it. Each stop has its time, not the whole call: beside other tests a hundred
 * thousand steps take as long as these leave.
 */
static int stopped_by(pid_t pid)
{
    int status = 0;

    alarm(PATIENCE);
    while (waitpid(pid, &status, 0) < 0)
        EXPECT_INT(errno, EINTR);
    alarm(0);
    if (!WIFSTOPPED(status))
        fail_at(__FILE__, __LINE__, "the victim ended by itself, status %#x", status);
    return WSTOPSIG(status);
}

/* Stopped right before its call. */
static pid_t start_victim(const struct step_case *c)
{
    step_board->done = step_board->dead = step_board->first = 0;
    step_on_one_processor();
    pid_t pid = fork();
    EXPECT_OK(pid);
    if (pid == 0)
        be_victim(c);
    EXPECT_INT(stopped_by(pid), SIGSTOP);
    EXPECT_OK(ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)PTRACE_O_EXITKILL));
    return pid;
}

static void kill_victim(pid_t pid)
{
    kill_and_reap(pid);
    step_on_any_processor();
    step_board->dead = 1;
}

/* One instruction; a system call is one. False: the call is over. */
static bool step(pid_t pid)
{
    EXPECT_OK(ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL));
    EXPECT_INT(stopped_by(pid), SIGTRAP);
    return !step_board->done;
}

static int steps(pid_t pid, int count)
{
    int n = 0;

    while (n < count && step(pid))
        n++;
    return n;
}

static bool poke(pid_t pid, unsigned long address, long word)
{
    return ptrace(PTRACE_POKETEXT, pid, (void *)address, (void *)word) == 0;
}

/* Until it comes by. False: the call was over before. */
static bool run_to(pid_t pid, unsigned long address)
{
    errno = 0;
    long word = ptrace(PTRACE_PEEKTEXT, pid, (void *)address, NULL);
    if (errno != 0 || !poke(pid, address, (word & ~0xffL) | TRAP))
        return false;
    EXPECT_OK(ptrace(PTRACE_CONT, pid, NULL, NULL));
    if (stopped_by(pid) != SIGTRAP)
        return false;
    EXPECT_INT(address_of(pid), address + 1);
    EXPECT_OK(ptrace(PTRACE_POKEUSER, pid, (void *)place_of_address(), (void *)address));
    EXPECT(poke(pid, address, word));
    return true;
}

static bool run_often(pid_t pid, unsigned long address, int times)
{
    for (int i = 0; i < times; i++)
        if ((i > 0 && !step(pid)) || !run_to(pid, address))
            return false;
    return true;
}

/*
 * The path.
 */

static struct place *place_of(unsigned long address)
{
    unsigned long at = address * 0x9e3779b97f4a7c15u >> 40;

    while (places[at % PLACES].address != 0 && places[at % PLACES].address != address)
        at++;
    places[at % PLACES].address = address;
    return &places[at % PLACES];
}

/* How often the path has been here, this time included. */
static int visit(unsigned long address)
{
    return ++place_of(address)->visits;
}

static void remember(pid_t victim, unsigned long address)
{
    (void)victim;
    EXPECT(length < LONGEST);
    path[length] = address;
    visits[length] = visit(address);
    length++;
}

/* The whole call, instruction by instruction. */
static void walk(const struct step_case *c, step_look *look)
{
    pid_t pid = start_victim(c);

    do
        look(pid, address_of(pid));
    while (step(pid));
    kill_victim(pid);
}

static void record(const struct step_case *c)
{
    memset(places, 0, PLACES * sizeof *places);
    length = 0;
    walk(c, remember);
}

static int cost(int n, int m)
{
    return m == 0 ? n : VISIT * visits[m] + n - m;
}

static void choose_anchor(int n)
{
    anchor[n] = 0;
    for (int m = n; m > 0 && n - m < WINDOW && n - m < cost(n, anchor[n]); m--)
        if (cost(n, m) < cost(n, anchor[n]) && !place_of(path[m])->missed)
            anchor[n] = m;
}

static void choose_anchors(void)
{
    for (int n = 0; n < length; n++)
        choose_anchor(n);
}

/* Its anchor is none any more, for whoever has it. */
static void miss_anchor(int n)
{
    unsigned long address = path[anchor[n]];

    place_of(address)->missed = true;
    for (int i = 0; i < length; i++)
        if (path[anchor[i]] == address)
            choose_anchor(i);
}

/* A fresh victim after n instructions; n == length: after its call, where it stops by itself. */
static pid_t victim_at(const struct step_case *c, int n)
{
    pid_t pid = start_victim(c);

    if (n == length) {
        EXPECT_OK(ptrace(PTRACE_CONT, pid, NULL, NULL));
        EXPECT_INT(stopped_by(pid), SIGSTOP);
        return pid;
    }
    if (anchor[n] > 0) {
        if (run_often(pid, path[anchor[n]], visits[anchor[n]])) {
            steps(pid, n - anchor[n]);
            return pid;
        }
        kill_victim(pid);
        return 0;
    }
    steps(pid, n);
    return pid;
}

/*
 * The other process does what it is told; functions are at the same address in both.
 */

typedef void duty(void);

static void be_other(void)
{
    duty *f;

    close(to_other[1]);
    close(from_other[0]);
    while (read(to_other[0], &f, sizeof f) == (ssize_t)sizeof f) {
        f();
        EXPECT_INT(write(from_other[1], "", 1), 1);
    }
    _exit(0);
}

static bool let_other(duty *f)
{
    char byte;

    return !f || (write(to_other[1], &f, sizeof f) == (ssize_t)sizeof f &&
                  read(from_other[0], &byte, 1) == 1);
}

bool step_is_possible(void)
{
    if (TRAP == 0) {
        puts("stepping is written for x86-64 only");
        return false;
    }
    if (under_thread_sanitizer()) {
        puts("of the instructions under the thread sanitizer nearly all are its own");
        return false;
    }
    pid_t pid = fork();
    EXPECT_OK(pid);
    if (pid == 0)
        _exit(ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0);
    if (reap(pid) == 0)
        return true;
    puts("ptrace is not permitted");
    return false;
}

/* Of this process alone: the victim ends with it. */
static void lose_patience(int number)
{
    static const char text[] = "the victim has neither stopped nor ended for a minute\n";

    (void)number;
    _exit(write(STDOUT_FILENO, text, sizeof text - 1) < 0 ? 2 : 1);
}

void step_start(void)
{
    step_board = shared(sizeof *step_board);
    path = shared(LONGEST * sizeof *path);
    anchor = shared(LONGEST * sizeof *anchor);
    visits = shared(LONGEST * sizeof *visits);
    places = shared(PLACES * sizeof *places);
    signal(SIGPIPE, SIG_IGN);
    EXPECT_OK(pipe(to_other));
    EXPECT_OK(pipe(from_other));
    fflush(stdout);
    other = fork();
    EXPECT_OK(other);
    if (other == 0)
        be_other();
    close(to_other[0]);
    close(from_other[1]);
    signal(SIGALRM, lose_patience);
}

void step_stop(void)
{
    close(to_other[1]);
    EXPECT_INT(reap(other), 0);
}

extern const char __executable_start[];

static void give_up(const struct step_case *c, const char *when, int n)
{
    printf("%s: %s, n = %d of %d instructions", c->name, when, n, length);
    if (n < length)
        printf(", the program's byte %#lx", path[n] - (unsigned long)__executable_start);
    puts("");
    fflush(stdout);
    exit(1);
}

static void kill_at(const struct step_case *c, int n)
{
    pid_t pid = 0;

    while (pid == 0) {
        if (!let_other(c->before))
            give_up(c, "before the call", n);
        pid = victim_at(c, n);
        if (pid == 0 && !let_other(c->check))
            give_up(c, "after the call", length);
        if (pid == 0)
            miss_anchor(n);
    }
    step_board->first = n == 0;
    kill_victim(pid);
    if (!let_other(c->check))
        give_up(c, "after the death", n);
}

/* Late rounds of a loop are all the same, and expensive to come to. */
static bool is_worth_it(int n)
{
    return visits[n] <= ROUNDS || n % THINNED == 0;
}

long step_run(const struct step_case *c, int stride)
{
    double begun = seconds_now();
    long kills = 0, left_out = 0;

    step_board->old = step_board->fresh = 0;
    if (!let_other(c->begin) || !let_other(c->before))
        give_up(c, "at the beginning", 0);
    record(c);
    choose_anchors();
    if (!let_other(c->check))
        give_up(c, "after the whole call", length);
    for (int n = 0; n < length; n += stride)
        if (is_worth_it(n)) {
            kill_at(c, n);
            kills++;
        } else {
            left_out++;
        }
    kill_at(c, length);
    if (!let_other(c->end))
        give_up(c, "at the end", length);
    printf(
        "%-36s %6d instructions, killed at %6ld: %6d before, %6d after it happened  %5.1f s\n",
        c->name, length, kills + 1, step_board->old, step_board->fresh, seconds_now() - begun);
    fflush(stdout);
    EXPECT(c->leaves_no_trace || (step_board->old > 0 && step_board->fresh > 0));
    return kills + 1;
}

void step_watch(const struct step_case *c, step_look *look)
{
    length = 0;
    if (!let_other(c->begin) || !let_other(c->before))
        give_up(c, "at the beginning", 0);
    walk(c, look);
    if (!let_other(c->check) || !let_other(c->end))
        give_up(c, "after the whole call", 0);
}

/*
 * For the checks.
 */

void step_outcome(bool happened)
{
    EXPECT(happened || !step_board->done);
    EXPECT(!happened || !step_board->first);
    if (happened)
        step_board->fresh++;
    else
        step_board->old++;
}

void step_follow(void)
{
    alarm(0);
    EXPECT_OK(prctl(PR_SET_PDEATHSIG, SIGKILL));
}

void step_yield(double end, const char *text, const char *file, int line)
{
    if (seconds_now() > end)
        fail_at(file, line, "not within 5 s: %s", text);
    sched_yield();
}

/* The files of this namespace: those whose path begins as that of some segment. */
static int count_files(void)
{
    char path_of_one[FILE_PATH_SIZE];
    int count = 0;

    file_path(path_of_one, "", 0);
    *strrchr(path_of_one, '.') = '\0';
    char *prefix = strrchr(path_of_one, '/');
    *prefix++ = '\0';
    DIR *entries = opendir(path_of_one);
    EXPECT(entries != NULL);
    for (struct dirent *entry; (entry = readdir(entries));)
        count += strncmp(entry->d_name, prefix, strlen(prefix)) == 0;
    closedir(entries);
    return count;
}

void step_nothing_left(void)
{
    EXPECT(collect_debris() >= 0);
    EXPECT_INT(shm_backend_shm_list(NULL, 0), 0);
    EXPECT_INT(shm_backend_sem_list(NULL, 0), 0);
    EXPECT_INT(shm_backend_msg_list(NULL, 0), 0);
    if (on_posix())
        EXPECT_INT(count_files(), 0);
}
