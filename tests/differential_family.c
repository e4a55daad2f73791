/* The processes of the differential test: a family on the kernel, one in user space. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/differential_driver.h"
#include "tests/kernel_sleepers.h"

struct process {
    int pid;
    long serial;
};

static struct {
    int ours[DIFF_SLOTS], theirs[DIFF_SLOTS]; /* ends of the sockets */
    struct process current[DIFF_SLOTS];
    struct process *all; /* every process there ever was, the latest last */
    long count;
} families[FAMILIES];

double diff_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void remember(int family, int slot, int pid)
{
    struct process p = {pid, world.workers[slot].serial};
    families[family].current[slot] = p;
    families[family].all =
        realloc(families[family].all, (size_t)(families[family].count + 1) * sizeof p);
    if (families[family].all == NULL)
        diff_die("no memory");
    families[family].all[families[family].count++] = p;
}

/* The latest process of that number is meant: the system may use numbers again. */
long diff_serial_of(int family, int pid)
{
    if (pid == 0)
        return 0;
    for (long i = families[family].count - 1; i >= 0; i--)
        if (families[family].all[i].pid == pid)
            return families[family].all[i].serial;
    return -1;
}

static bool is_there(int pid)
{
    return pid > 0 && kill(pid, 0) == 0;
}

/* A worker that has died answers no more; one that only takes long is given the time. */
bool diff_receive(int family, int slot, struct diff_answer *answer, double seconds)
{
    struct pollfd p = {.fd = families[family].ours[slot], .events = POLLIN};
    double end = diff_now() + seconds;
    for (;;) {
        int ready = poll(&p, 1, seconds <= 0 ? 0 : 200);
        if (ready > 0)
            return recv(p.fd, answer, sizeof *answer, 0) == (ssize_t)sizeof *answer;
        if (diff_now() >= end || !is_there(families[family].current[slot].pid))
            return ready == 0 &&
                   recv(p.fd, answer, sizeof *answer, MSG_DONTWAIT) == (ssize_t)sizeof *answer;
    }
}

void diff_send(int family, int slot, const struct diff_call *call)
{
    struct diff_call translated = *call;
    const struct diff_object *o = diff_object(call->object);
    if (o != NULL)
        translated.id = o->id[family];
    if (send(families[family].ours[slot], &translated, sizeof translated, MSG_NOSIGNAL) !=
        (ssize_t)sizeof translated)
        diff_die("a worker cannot be reached");
}

static const char *backend_of(int family)
{
    if (family == KERNEL)
        return "sysv";
    return world.names ? "names_posix" : "posix";
}

static void be_worker(int family, int slot)
{
    char path[PATH_MAX], program[PATH_MAX + 64], number[16], user[16];
    char *argv[] = {program, number, user, NULL};
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    path[n > 0 ? n : 0] = '\0';
    snprintf(program, sizeof program, "%s/differential_worker_%s", dirname(path),
             backend_of(family));
    snprintf(number, sizeof number, "%d", slot);
    snprintf(user, sizeof user, "%u", world.workers[slot].uid);
    for (int i = 0; i < DIFF_SLOTS; i++)
        if (dup2(families[family].theirs[i], DIFF_FIRST_FD + i) < 0)
            _exit(126);
    execv(program, argv);
    _exit(127);
}

static void start(int family, int slot)
{
    struct diff_answer hello;
    int pid = (int)fork();
    if (pid == 0)
        be_worker(family, slot);
    if (pid < 0)
        diff_die("fork failed");
    families[family].current[slot].pid = pid;
    if (!diff_receive(family, slot, &hello, 30) || hello.op != DIFF_HELLO)
        diff_die("a worker does not start");
    remember(family, slot, pid);
}

static void forget(int slot)
{
    struct diff_worker *w = &world.workers[slot];
    w->asleep = -1;
    w->held = false;
    for (int i = 0; i < DIFF_SPOTS; i++)
        w->spots[i].object = -1;
}

static long next_serial(void)
{
    static long serial;
    return ++serial;
}

/* The last three are two other users, where there may be any. */
static unsigned user_of(int slot)
{
    enum { FIRST_STRANGER = 65533 };
    if (!world.strangers || slot < DIFF_SLOTS - 3)
        return (unsigned)geteuid();
    return slot == DIFF_SLOTS - 1 ? FIRST_STRANGER + 1 : FIRST_STRANGER;
}

void diff_worker_start(int slot)
{
    forget(slot);
    world.workers[slot].uid = user_of(slot);
    world.workers[slot].serial = next_serial();
    for (int family = 0; family < FAMILIES; family++)
        start(family, slot);
}

void diff_worker_forked(int family, int slot, int pid)
{
    if (family == KERNEL)
        world.workers[slot].serial = next_serial();
    remember(family, slot, pid);
}

static void pause_until(double end, const char *late)
{
    if (diff_now() > end)
        diff_die(late);
    nanosleep(&(struct timespec){.tv_nsec = 20000}, NULL);
}

/* The kernel has ended a process's attaches and undo before its number is free. */
static void await_end(int pid)
{
    double end = diff_now() + 30;
    while (is_there(pid))
        pause_until(end, "a killed worker does not end");
}

void diff_worker_kill(int slot)
{
    struct diff_answer late;
    for (int family = 0; family < FAMILIES; family++) {
        if (families[family].current[slot].pid == 0)
            continue;
        kill(families[family].current[slot].pid, SIGKILL);
        await_end(families[family].current[slot].pid);
        while (recv(families[family].ours[slot], &late, sizeof late, MSG_DONTWAIT) > 0)
            ;
        families[family].current[slot].pid = 0;
    }
    forget(slot);
}

void diff_worker_signal(int slot)
{
    for (int family = 0; family < FAMILIES; family++)
        kill(families[family].current[slot].pid, SIGUSR1);
}

void diff_worker_stop(int family, int slot)
{
    int pid = families[family].current[slot].pid;
    double end = diff_now() + 30;
    kill(pid, SIGSTOP);
    while (!is_stopped(pid))
        pause_until(end, "a worker does not stop");
}

void diff_worker_continue(int family, int slot)
{
    kill(families[family].current[slot].pid, SIGCONT);
}

int diff_worker_pid(int family, int slot)
{
    return families[family].current[slot].pid;
}

static void make_channels(int family)
{
    for (int slot = 0; slot < DIFF_SLOTS; slot++) {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
            diff_die("no socket");
        families[family].ours[slot] = ends[0];
        families[family].theirs[slot] = ends[1];
    }
}

/*
 * In lockstep there is hardly ever more than one that has anything to do, and waking another processor,
 * which sleeps meanwhile, takes longer than a call.
 */
static void stay_on_one_processor(void)
{
    cpu_set_t here;
    CPU_ZERO(&here);
    CPU_SET(sched_getcpu(), &here);
    if (sched_setaffinity(0, sizeof here, &here) != 0)
        diff_die("no processor for all");
}

void diff_families_start(void)
{
    if (getenv("LIBSHM_TEST_ONE_PROCESSOR") != NULL)
        stay_on_one_processor();
    signal(SIGCHLD, SIG_IGN);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    for (int family = 0; family < FAMILIES; family++)
        make_channels(family);
    for (int slot = 0; slot < DIFF_SLOTS; slot++)
        diff_worker_start(slot);
}

void diff_families_end(void)
{
    for (int slot = 0; slot < DIFF_SLOTS; slot++)
        diff_worker_kill(slot);
}
