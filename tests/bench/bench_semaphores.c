/* A P and a V without contention, beside what else a program could lock with. */
#include "config.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/sem.h>
#include "libshm/backend.h"
#include "libshm/shm.h"
#include "tests/bench/bench.h"

enum { SEM_T, MUTEX, KERNEL, KERNEL_UNDO, OURS, OURS_UNDO, LEGACY, LEGACY_UNDO, CASES };

/* What other processes would share. */
static struct peers {
    sem_t sem;
    pthread_mutex_t mutex;
} * peers;

static int kernel_set = -1, our_set = -1;
static struct shm_semaphore *legacy;

static bool pairs_of_sem_t(long rounds)
{
    while (rounds-- > 0)
        if (sem_wait(&peers->sem) == -1 || sem_post(&peers->sem) == -1)
            return false;
    return true;
}

static bool pairs_of_mutex(long rounds)
{
    while (rounds-- > 0)
        if (pthread_mutex_lock(&peers->mutex) != 0 || pthread_mutex_unlock(&peers->mutex) != 0)
            return false;
    return true;
}

static bool kernel_pairs(long rounds, short flags)
{
    struct sembuf p = {0, -1, flags}, v = {0, 1, flags};
    while (rounds-- > 0)
        if (semop(kernel_set, &p, 1) == -1 || semop(kernel_set, &v, 1) == -1)
            return false;
    return true;
}

static bool pairs_of_kernel(long rounds)
{
    return kernel_pairs(rounds, 0);
}

static bool pairs_of_kernel_undo(long rounds)
{
    return kernel_pairs(rounds, SEM_UNDO);
}

static bool our_pairs(long rounds, short flags)
{
    struct shm_backend_sembuf p = {0, -1, flags}, v = {0, 1, flags};
    while (rounds-- > 0)
        if (shm_backend_semtimedop(our_set, &p, 1, NULL) == -1 ||
            shm_backend_semtimedop(our_set, &v, 1, NULL) == -1)
            return false;
    return true;
}

static bool pairs_of_ours(long rounds)
{
    return our_pairs(rounds, 0);
}

static bool pairs_of_ours_undo(long rounds)
{
    return our_pairs(rounds, LIBSHM_SEM_UNDO);
}

static bool legacy_pairs(long rounds, int undo)
{
    if (shm_semaphore_setundo(legacy, undo) == -1)
        return false;
    while (rounds-- > 0)
        if (shm_semaphore_p(legacy) == -1 || shm_semaphore_v(legacy) == -1)
            return false;
    return true;
}

static bool pairs_of_legacy(long rounds)
{
    return legacy_pairs(rounds, 0);
}

static bool pairs_of_legacy_undo(long rounds)
{
    return legacy_pairs(rounds, 1);
}

static bool make_peers(void)
{
    pthread_mutexattr_t attributes;
    void *memory =
        mmap(NULL, sizeof *peers, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return false;
    peers = memory;
    return sem_init(&peers->sem, 1, 1) == 0 && pthread_mutexattr_init(&attributes) == 0 &&
           pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED) == 0 &&
           pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST) == 0 &&
           pthread_mutex_init(&peers->mutex, &attributes) == 0;
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

/* As many V as P: every semaphore must be back at 1. */
static bool values_are_back(void)
{
    int ours =
        shm_backend_semctl(our_set, 0, LIBSHM_GETVAL, (union shm_backend_semun){.val = 0});
    int others, legacy_value;
    return ours == 1 && sem_getvalue(&peers->sem, &others) == 0 && others == 1 &&
           shm_semaphore_val(legacy, &legacy_value) == 0 && legacy_value == 1;
}

static bool remove_all(void)
{
    int id;
    bool good = shm_semaphore_semid(legacy, &id) == 0 && shm_remove_semaphore(id) == 0;
    shm_semaphore_free(legacy);
    good = shm_backend_semctl(our_set, 0, LIBSHM_IPC_RMID,
                              (union shm_backend_semun){.val = 0}) == 0 &&
           good;
    if (kernel_set != -1)
        semctl(kernel_set, 0, IPC_RMID);
    munmap(peers, sizeof *peers);
    return good;
}

bool bench_semaphores(void)
{
    if (!bench_check(make_peers() && make_ours(), "semaphores are made"))
        return false;
    make_kernel_set();
    const struct bench_table table = {
        "semaphore: P and V, nobody else there",
        "ns a pair",
        1e9,
        20000,
        CASES,
        {[SEM_T] = {"sem_t", SEM_T, pairs_of_sem_t},
         [MUTEX] = {"robust mutex", SEM_T, pairs_of_mutex},
         [KERNEL] = {"kernel", SEM_T, kernel_set == -1 ? NULL : pairs_of_kernel},
         [KERNEL_UNDO] = {"kernel, undo", KERNEL,
                          kernel_set == -1 ? NULL : pairs_of_kernel_undo},
         [OURS] = {"backend", KERNEL, pairs_of_ours},
         [OURS_UNDO] = {"backend, undo", KERNEL_UNDO, pairs_of_ours_undo},
         [LEGACY] = {"shm_semaphore_p, _v", OURS, pairs_of_legacy},
         [LEGACY_UNDO] = {"shm_semaphore_p, _v, undo", OURS_UNDO, pairs_of_legacy_undo}}};
    bool good = bench_run(&table);
    good = bench_check(values_are_back(), "every semaphore is back at 1") && good;
    return bench_check(remove_all(), "semaphores are removed") && good;
}
