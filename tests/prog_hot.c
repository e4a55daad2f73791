/*
 * What is done most often allocates nothing and, in user space, makes no system call: a process that is
 * killed at the first one goes through it a thousand times. With the kernel's semaphores each operation is
 * one call, and each access of a handle asks for the status once.
 */
#include "config.h"

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "libshm/arrays.h"
#include "tests/backend_support.h"

enum { ARRAYS = 20, ELEMENTS = 100, WARM = 10, ROUNDS = 1000 };
enum { UNDO = LIBSHM_SEM_UNDO };

/*
 * Counted: --wrap puts these before the C library's. Those for wide times have names of their own where
 * numbers are narrow; the real one is weak, because no system has them all.
 */

static long allocations, calls;

#define COUNTED(counter, result, name, parameters, arguments)                                  \
    result __real_##name parameters __attribute__((weak));                                     \
    result __wrap_##name parameters;                                                           \
    result __wrap_##name parameters                                                            \
    {                                                                                          \
        counter++;                                                                             \
        return __real_##name arguments;                                                        \
    }

COUNTED(allocations, void *, malloc, (size_t size), (size))
COUNTED(allocations, void *, calloc, (size_t count, size_t size), (count, size))
COUNTED(allocations, void *, realloc, (void *old, size_t size), (old, size))

#define COUNTED_SEMTIMEDOP(name)                                                               \
    COUNTED(calls, int, name, (int id, void *ops, size_t nops, const void *timeout),           \
            (id, ops, nops, timeout))
COUNTED_SEMTIMEDOP(semtimedop)
COUNTED_SEMTIMEDOP(__semtimedop64)
COUNTED_SEMTIMEDOP(__semtimedop_time64)
COUNTED(calls, int, semop, (int id, void *ops, size_t nops), (id, ops, nops))

#define COUNTED_SEMCTL(name)                                                                   \
    COUNTED(calls, int, name, (int id, int number, int command, void *arg),                    \
            (id, number, command, arg))
COUNTED_SEMCTL(semctl)
COUNTED_SEMCTL(__semctl64)

#define COUNTED_SHMCTL(name)                                                                   \
    COUNTED(calls, int, name, (int id, int command, void *buf), (id, command, buf))
COUNTED_SHMCTL(shmctl)
COUNTED_SHMCTL(__shmctl64)

/*
 * What is done.
 */

static int set;
static struct shm_semaphore *semaphore;
static struct shm_memory *memory;
static struct shm_arrays *arrays;
static double values[ARRAYS][ELEMENTS], results[ARRAYS][ELEMENTS];
static const void *from[ARRAYS];
static void *to[ARRAYS];

static int operate(void)
{
    return semop1(set, 0, -1, 0) | semop1(set, 0, 1, 0);
}

static int operate_with_undo(void)
{
    return semop1(set, 0, -1, UNDO) | semop1(set, 0, 1, UNDO);
}

static int use_semaphore(void)
{
    return shm_semaphore_p(semaphore) | shm_semaphore_v(semaphore);
}

static int read_memory(void)
{
    return shm_memory_read(memory, results, 8, 16);
}

static int write_memory(void)
{
    return shm_memory_write(memory, values, 8, 16);
}

static int read_arrays(void)
{
    return shm_arrays_read(arrays, to);
}

static int update_arrays(void)
{
    return shm_arrays_update(arrays, LIBSHM_AXPY, -0.1, from, NULL);
}

static int update_and_return(void)
{
    return shm_arrays_update(arrays, LIBSHM_AXPY, -0.1, from, to);
}

static const struct hot {
    const char *name;
    int (*once)(void);
    long kernel_calls; /* with the kernel's objects */
} cases[] = {
    {"P and V", operate, 2},
    {"P and V, undo", operate_with_undo, 2},
    {"shm_semaphore_p, _v", use_semaphore, 4},
    {"shm_memory_read", read_memory, 1},
    {"shm_memory_write", write_memory, 1},
    {"shm_arrays_read", read_arrays, 0},
    {"shm_arrays_update", update_arrays, 2},
    {"shm_arrays_update, returned", update_and_return, 2},
};

/*
 * How.
 */

static bool can_forbid(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return false;
#elif defined(__has_feature)
    return !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer);
#else
    return true;
#endif
}

/* The process ends at its next system call, unless that writes or ends it anyway. */
static void forbid_calls(void)
{
    static struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_write, 1, 0),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_exit_group, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL),
    };
    const struct sock_fprog program = {sizeof filter / sizeof *filter, filter};

    EXPECT_OK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
    EXPECT_OK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

struct counts {
    long allocations, calls;
};

/* Never returns. In this process the first rounds open and attach what the next ones use. */
static void go_through(const struct hot *hot, int report)
{
    for (int i = 0; i < WARM; i++)
        EXPECT_INT(hot->once(), 0);
    if (on_posix() && can_forbid())
        forbid_calls();
    allocations = calls = 0;
    int failed = 0;
    for (int i = 0; i < ROUNDS; i++)
        failed |= hot->once();
    const struct counts counts = {failed ? -1 : allocations, calls};
    if (write(report, &counts, sizeof counts) != sizeof counts)
        failed = 1;
    for (;;)
        syscall(SYS_exit_group, failed != 0); /* a sanitizer has threads of its own */
}

static void try(const struct hot *hot)
{
    struct counts counts = {-1, -1};
    int report[2];

    EXPECT_OK(pipe(report));
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        go_through(hot, report[1]);
    EXPECT(pid > 0);
    close(report[1]);
    bool told = read(report[0], &counts, sizeof counts) == sizeof counts;
    close(report[0]);
    int status = reap(pid);
    printf("%-30s ended with %d, %ld allocations, %ld calls\n", hot->name, status,
           counts.allocations, counts.calls);
    EXPECT(told);
    EXPECT_INT(status, 0);
    EXPECT_INT(counts.allocations, 0);
    EXPECT_INT(counts.calls, on_posix() ? 0 : hot->kernel_calls * ROUNDS);
}

static bool is_of_memory(const struct hot *hot)
{
    return hot->once == read_memory || hot->once == write_memory;
}

static void make_all(void)
{
    static const size_t shape = ELEMENTS;
    struct shm_array_spec specs[ARRAYS];

    for (int i = 0; i < ARRAYS; i++) {
        specs[i] = (struct shm_array_spec){
            .key = i, .dtype = LIBSHM_FLOAT64, .ndim = 1, .shape = &shape};
        from[i] = values[i];
        to[i] = results[i];
    }
    set = new_set(1, 0600);
    EXPECT_OK(sem_set(set, 0, 1));
    semaphore = shm_semaphore(set);
    memory = shm_memory(new_segment(4096, 0600));
    EXPECT(semaphore && memory);
    EXPECT_OK(shm_memory_attach(memory, NULL, 0));
    arrays = shm_arrays_create(specs, ARRAYS, from, 0600);
    EXPECT(arrays != NULL);
}

static void hold(void *gate)
{
    EXPECT_OK(semop1(set, 0, 1, UNDO));
    gate_arrive(gate);
}

/* Two processes have held adjustments at once: their end leaves no longer way behind. */
static void hold_and_end(void)
{
    struct gate gate;
    pid_t pids[2];

    gate_make(&gate);
    for (int i = 0; i < 2; i++) {
        pids[i] = start(hold, &gate);
        gate_await(&gate);
    }
    for (int i = 0; i < 2; i++)
        kill_and_reap(pids[i]);
    gate_close(&gate);
}

int main(void)
{
    announce();
    registry_start();
    if (on_posix() && !can_forbid())
        leave_out("system calls", "a sanitizer makes some of its own");
    make_all();
    hold_and_end();
    if (keeps_descriptors())
        leave_out("accesses of memory", "a look at the header would keep a descriptor");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (!keeps_descriptors() || !is_of_memory(&cases[i]))
            try(&cases[i]);
    EXPECT_OK(shm_arrays_remove(arrays));
    EXPECT_OK(shm_arrays_close(arrays));
    EXPECT_OK(shm_memory_detach(memory));
    shm_memory_free(memory);
    shm_semaphore_free(semaphore);
    remove_all();
    return 0;
}
