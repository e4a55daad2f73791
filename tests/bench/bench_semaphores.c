/* A P and a V without contention, beside what else a program could lock with. */
#include "config.h"

#include <semaphore.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>

#include "libshm/backend.h"
#include "libshm/shm.h"
#include "tests/bench/bench.h"

static sem_t *sem;
static int kernel_set = -1, our_set = -1;
static struct shm_semaphore *legacy;

static bool pairs_of_sem_t(long unused, long rounds)
{
    (void)unused;
    while (rounds-- > 0)
        if (sem_wait(sem) == -1 || sem_post(sem) == -1)
            return false;
    return true;
}

static bool pairs_of_kernel(long flags, long rounds)
{
    struct sembuf p = {0, -1, (short)flags}, v = {0, 1, (short)flags};
    while (rounds-- > 0)
        if (semop(kernel_set, &p, 1) == -1 || semop(kernel_set, &v, 1) == -1)
            return false;
    return true;
}

static bool pairs_of_ours(long flags, long rounds)
{
    struct shm_backend_sembuf p = {0, -1, (short)flags}, v = {0, 1, (short)flags};
    while (rounds-- > 0)
        if (shm_backend_semtimedop(our_set, &p, 1, NULL) == -1 ||
            shm_backend_semtimedop(our_set, &v, 1, NULL) == -1)
            return false;
    return true;
}

static bool pairs_of_legacy(long undo, long rounds)
{
    if (shm_semaphore_setundo(legacy, (int)undo) == -1)
        return false;
    while (rounds-- > 0)
        if (shm_semaphore_p(legacy) == -1 || shm_semaphore_v(legacy) == -1)
            return false;
    return true;
}

static const struct bench_foreign *const foreign[] = {&bench_mutex, &bench_boost, &bench_apr};

static bool pairs_of_foreign(long which, long rounds)
{
    while (rounds-- > 0)
        if (!foreign[which]->lock() || !foreign[which]->unlock())
            return false;
    return true;
}

/* The kernel's calls may be missing or closed; then this peer is left out. */
static void make_kernel_set(void)
{
    struct sembuf v = {0, 1, 0};
    kernel_set = semget(IPC_PRIVATE, 1, 0600);
    if (kernel_set != -1 && semop(kernel_set, &v, 1) == -1)
        kernel_set = -1;
}

static bool make_ours(void)
{
    our_set = shm_backend_semget(LIBSHM_IPC_PRIVATE, 1, 0600);
    legacy = shm_create_unique_semaphore(1, 0600);
    return our_set != -1 && legacy != NULL &&
           shm_backend_semctl(our_set, 0, LIBSHM_SETVAL, (union shm_backend_semun){.val = 1}) ==
               0;
}

static bool make_others(void)
{
    bool good = true;
    sem = bench_shared_memory(sizeof *sem);
    good = sem != NULL && sem_init(sem, 1, 1) == 0;
    for (int i = 0; i < 3; i++)
        good = good && (foreign[i]->name == NULL || foreign[i]->open(4096));
    make_kernel_set();
    return good;
}

/* As many V as P: every semaphore must be back at 1. */
static bool values_are_back(void)
{
    union shm_backend_semun unused = {0};
    int others, legacy_value;
    return shm_backend_semctl(our_set, 0, LIBSHM_GETVAL, unused) == 1 &&
           (kernel_set == -1 || semctl(kernel_set, 0, GETVAL) == 1) &&
           sem_getvalue(sem, &others) == 0 && others == 1 &&
           shm_semaphore_val(legacy, &legacy_value) == 0 && legacy_value == 1;
}

static bool remove_all(void)
{
    int id;
    union shm_backend_semun unused = {0};
    bool good = shm_semaphore_semid(legacy, &id) == 0 && shm_remove_semaphore(id) == 0;
    shm_semaphore_free(legacy);
    good = shm_backend_semctl(our_set, 0, LIBSHM_IPC_RMID, unused) == 0 && good;
    if (kernel_set != -1)
        good = semctl(kernel_set, 0, IPC_RMID) == 0 && good;
    for (int i = 0; i < 3; i++)
        good = (foreign[i]->name == NULL || foreign[i]->close()) && good;
    return munmap(sem, sizeof *sem) == 0 && good;
}

static const struct bench_target targets[] = {
    {1, "posix", "P+V uncontended, to sem_t's", "backend", "sem_t", 2.5, false},
    {1, "posix", "P+V uncontended with undo, to sem_t's", "backend, undo", "sem_t", 5, false},
    {1, "posix", "P+V uncontended, to the kernel's", "backend", "kernel", 1.0 / 6, false},
    {2, "sysv", "P+V uncontended, to bare semop", "backend", "kernel", 1.1, false},
    {0}};

static struct bench_case of_foreign(long which)
{
    const char *names[] = {"robust mutex", "Boost named_mutex", "APR apr_proc_mutex"};
    return (struct bench_case){.name = names[which],
                               .role = BENCH_PEER,
                               .run = foreign[which]->name != NULL ? pairs_of_foreign : NULL,
                               .parameter = which,
                               .peer = "sem_t",
                               .limit = "CAS pair"};
}

static bool measure(void)
{
    bool (*const kernel)(long, long) = kernel_set == -1 ? NULL : pairs_of_kernel;
    struct bench_group group = {
        .title = "semaphore: P and V, nobody else there",
        .unit = "ns",
        .targets = targets,
        .cases = {{"backend", BENCH_OURS, pairs_of_ours, NULL, 0, "kernel", "CAS pair", 0},
                  {"backend, undo", BENCH_OURS, pairs_of_ours, NULL, LIBSHM_SEM_UNDO,
                   "kernel, undo", "CAS pair", 0},
                  {"shm_semaphore_p, _v", BENCH_OURS, pairs_of_legacy, NULL, 0, "kernel",
                   "CAS pair", 0},
                  {"shm_semaphore_p, _v, undo", BENCH_OURS, pairs_of_legacy, NULL, 1,
                   "kernel, undo", "CAS pair", 0},
                  {"sem_t", BENCH_PEER, pairs_of_sem_t, NULL, 0, "kernel", "CAS pair", 0},
                  {"kernel", BENCH_PEER, kernel, NULL, 0, "sem_t", "CAS pair", 0},
                  {"kernel, undo", BENCH_PEER, kernel, NULL, SEM_UNDO, "sem_t", "CAS pair", 0},
                  of_foreign(0),
                  of_foreign(1),
                  of_foreign(2),
                  {"CAS pair", BENCH_LIMIT, bench_cas_pairs, NULL, 0, NULL, NULL, 0}}};
    return bench_run(&group);
}

bool bench_semaphores(void)
{
    if (!bench_check(make_ours() && make_others(), "semaphores are made"))
        return false;
    bool good = measure();
    good = bench_check(values_are_back(), "every semaphore is back at 1") && good;
    return bench_check(remove_all(), "semaphores are removed") && good;
}
