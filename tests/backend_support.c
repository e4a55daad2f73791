/* Expectations, objects and semaphores for the tests of the backend contract. */
#include "config.h"

#include "tests/backend_support.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "libshm/shm.h"
#include "tests/user_space_names.h"

static void print_and_exit(const char *file, int line, const char *text)
{
    printf("%s:%d: [%s, process %d] %s\n", file, line, shm_backend_name(), (int)getpid(), text);
    fflush(stdout);
    _exit(1);
}

failure_fn *on_failure = print_and_exit;

void fail_at(const char *file, int line, const char *format, ...)
{
    char text[900];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    on_failure(file, line, text);
}

void expect_true(bool value, const char *text, const char *file, int line)
{
    if (!value)
        fail_at(file, line, "expected: %s", text);
}

void expect_int(long long actual, long long wanted, const char *text, const char *file,
                int line)
{
    if (actual != wanted)
        fail_at(file, line, "%s is %lld (0%llo), expected %lld (0%llo)", text, actual, actual,
                wanted, wanted);
}

long long expect_ok(long long result, const char *text, const char *file, int line)
{
    int error = errno;

    if (result == -1)
        fail_at(file, line, "%s failed: %s (%s)", text, strerror(error), shm_error_detail());
    return result;
}

void expect_error(long long result, int error, int wanted, const char *text, const char *file,
                  int line)
{
    if (result != -1)
        fail_at(file, line, "%s gave %lld, expected -1 with %s", text, result,
                strerror(wanted));
    if (error != wanted)
        fail_at(file, line, "%s failed with %s (%s), expected %s", text, strerror(error),
                shm_error_detail(), strerror(wanted));
}

void pause_until(double end, const char *text, const char *file, int line)
{
    if (seconds_now() > end)
        fail_at(file, line, "not within 5 s: %s", text);
    nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
}

bool through_names(void)
{
    return user_space_collect != NULL;
}

bool on_posix(void)
{
    return strcmp(shm_backend_name(), "posix") == 0 || through_names();
}

int collect_debris(void)
{
    return through_names() ? user_space_collect() : shm_backend_collect(NULL, NULL);
}

bool under_thread_sanitizer(void)
{
    return THREAD_SANITIZER;
}

/* S5.28: a fact of the build, not of the moment. */
bool keeps_descriptors(void)
{
#ifdef HAVE_OFD_LOCKS
    return false;
#else
    return on_posix();
#endif
}

void announce(void)
{
    char where[256];

    shm_backend_describe(where, sizeof where);
    printf("backend: %s (%s)\n", shm_backend_name(), where);
    fflush(stdout);
}

void leave_out(const char *rules, const char *reason)
{
    printf("%s: left out: %s: %s\n", shm_backend_name(), rules, reason);
    fflush(stdout);
}

/*
 * Objects.
 */

enum { REGISTRY_SIZE = 8192 };

/* Shared with all children, so that what a killed one made is found. */
static struct registry {
    _Atomic int segments, sets, queues;
    int segment[REGISTRY_SIZE], set[REGISTRY_SIZE], queue[REGISTRY_SIZE];
} * registry;

void registry_start(void)
{
    registry =
        mmap(NULL, sizeof *registry, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (registry == MAP_FAILED)
        fail_at(__FILE__, __LINE__, "no memory for the registry");
}

void register_segment(int id)
{
    if (id >= 0)
        registry->segment[atomic_fetch_add(&registry->segments, 1) % REGISTRY_SIZE] = id;
}

void register_set(int id)
{
    if (id >= 0)
        registry->set[atomic_fetch_add(&registry->sets, 1) % REGISTRY_SIZE] = id;
}

void register_queue(int id)
{
    if (id >= 0)
        registry->queue[atomic_fetch_add(&registry->queues, 1) % REGISTRY_SIZE] = id;
}

static int at_most(int count)
{
    return count < REGISTRY_SIZE ? count : REGISTRY_SIZE;
}

void remove_all(void)
{
    int segments = at_most(atomic_exchange(&registry->segments, 0));
    int sets = at_most(atomic_exchange(&registry->sets, 0));
    int queues = at_most(atomic_exchange(&registry->queues, 0));

    for (int i = 0; i < segments; i++)
        remove_segment(registry->segment[i]);
    for (int i = 0; i < sets; i++)
        remove_set(registry->set[i]);
    for (int i = 0; i < queues; i++)
        remove_queue(registry->queue[i]);
}

int segment_at(key_t key, size_t size, int mode)
{
    int id = shm_backend_shmget(key, size, LIBSHM_IPC_CREAT | LIBSHM_IPC_EXCL | mode);

    EXPECT_OK(id);
    register_segment(id);
    return id;
}

int set_at(key_t key, int nsems, int mode)
{
    int id = shm_backend_semget(key, nsems, LIBSHM_IPC_CREAT | LIBSHM_IPC_EXCL | mode);

    EXPECT_OK(id);
    register_set(id);
    return id;
}

int queue_at(key_t key, int mode)
{
    int id = shm_backend_msgget(key, LIBSHM_IPC_CREAT | LIBSHM_IPC_EXCL | mode);

    EXPECT_OK(id);
    register_queue(id);
    return id;
}

int new_segment(size_t size, int mode)
{
    return segment_at(LIBSHM_IPC_PRIVATE, size, mode);
}

int new_set(int nsems, int mode)
{
    return set_at(LIBSHM_IPC_PRIVATE, nsems, mode);
}

int new_queue(int mode)
{
    return queue_at(LIBSHM_IPC_PRIVATE, mode);
}

static bool key_is_free(key_t key)
{
    return key != 0 && shm_backend_shmget(key, 0, 0) < 0 && errno == ENOENT &&
           shm_backend_semget(key, 0, 0) < 0 && errno == ENOENT &&
           shm_backend_msgget(key, 0) < 0 && errno == ENOENT;
}

key_t free_key(void)
{
    static unsigned count;
    key_t key;

    do
        key = (key_t)((unsigned)getpid() * 65536u + 7919u * ++count);
    while (!key_is_free(key));
    return key;
}

void *attach_flags(int id, const void *address, int flags)
{
    void *start = shm_backend_shmat(id, address, flags);

    if (start == NOT_ATTACHED)
        fail_at(__FILE__, __LINE__, "shmat(%d, %p, 0%o) failed: %s (%s)", id, address, flags,
                strerror(errno), shm_error_detail());
    return start;
}

void *attach(int id)
{
    return attach_flags(id, NULL, 0);
}

struct shm_backend_shmid_ds segment_stat(int id)
{
    struct shm_backend_shmid_ds ds;

    memset(&ds, 0xa5, sizeof ds);
    EXPECT_OK(shm_backend_shmctl(id, LIBSHM_IPC_STAT, &ds));
    return ds;
}

struct shm_backend_semid_ds set_stat(int id)
{
    struct shm_backend_semid_ds ds;

    memset(&ds, 0xa5, sizeof ds);
    EXPECT_OK(
        shm_backend_semctl(id, 0, LIBSHM_IPC_STAT, (union shm_backend_semun){.buf = &ds}));
    return ds;
}

struct shm_backend_msqid_ds queue_stat(int id)
{
    struct shm_backend_msqid_ds ds;

    memset(&ds, 0xa5, sizeof ds);
    EXPECT_OK(shm_backend_msgctl(id, LIBSHM_IPC_STAT, &ds));
    return ds;
}

long long nattch(int id)
{
    return (long long)segment_stat(id).nattch;
}

int remove_segment(int id)
{
    return shm_backend_shmctl(id, LIBSHM_IPC_RMID, NULL);
}

int remove_set(int id)
{
    return shm_backend_semctl(id, 0, LIBSHM_IPC_RMID, (union shm_backend_semun){.val = 0});
}

int remove_queue(int id)
{
    return shm_backend_msgctl(id, LIBSHM_IPC_RMID, NULL);
}

/*
 * Semaphores.
 */

int semops(int id, const struct shm_backend_sembuf *ops, size_t count)
{
    return shm_backend_semtimedop(id, ops, count, NULL);
}

int semops_timed(int id, const struct shm_backend_sembuf *ops, size_t count, long milliseconds)
{
    struct timespec timeout = {milliseconds / 1000, milliseconds % 1000 * 1000000};

    return shm_backend_semtimedop(id, ops, count, &timeout);
}

static struct shm_backend_sembuf one(int num, int op, int flags)
{
    return (struct shm_backend_sembuf){(unsigned short)num, (short)op, (short)flags};
}

int semop1(int id, int num, int op, int flags)
{
    struct shm_backend_sembuf operation = one(num, op, flags);

    return semops(id, &operation, 1);
}

int semop1_timed(int id, int num, int op, int flags, long milliseconds)
{
    struct shm_backend_sembuf operation = one(num, op, flags);

    return semops_timed(id, &operation, 1, milliseconds);
}

int sem_get(int id, int num, int command)
{
    return shm_backend_semctl(id, num, command, (union shm_backend_semun){.val = 0});
}

int sem_set(int id, int num, int value)
{
    return shm_backend_semctl(id, num, LIBSHM_SETVAL, (union shm_backend_semun){.val = value});
}

int sem_set_all(int id, const unsigned short *values)
{
    union shm_backend_semun arg = {.array = (unsigned short *)(void *)values};

    return shm_backend_semctl(id, 0, LIBSHM_SETALL, arg);
}

int sem_get_all(int id, unsigned short *values)
{
    return shm_backend_semctl(id, 0, LIBSHM_GETALL, (union shm_backend_semun){.array = values});
}

int semval(int id, int num)
{
    return (int)EXPECT_OK(sem_get(id, num, LIBSHM_GETVAL));
}

int semncnt(int id, int num)
{
    return (int)EXPECT_OK(sem_get(id, num, LIBSHM_GETNCNT));
}

int semzcnt(int id, int num)
{
    return (int)EXPECT_OK(sem_get(id, num, LIBSHM_GETZCNT));
}

pid_t sempid(int id, int num)
{
    return (pid_t)EXPECT_OK(sem_get(id, num, LIBSHM_GETPID));
}

/*
 * Messages.
 */

int send_bytes(int id, long type, const void *bytes, size_t size, int flags)
{
    struct letter letter = {.type = type};

    memcpy(letter.bytes, bytes, size);
    return shm_backend_msgtimedsnd(id, &letter, size, flags, NULL);
}

int send_text(int id, long type, const char *text)
{
    return send_bytes(id, type, text, strlen(text), LIBSHM_IPC_NOWAIT);
}

int send_filled(int id, long type, size_t size)
{
    struct letter letter = {.type = type};

    memset(letter.bytes, 'f', size);
    return shm_backend_msgtimedsnd(id, &letter, size, LIBSHM_IPC_NOWAIT, NULL);
}

ssize_t receive(int id, struct letter *letter, size_t room, long type, int flags)
{
    return shm_backend_msgtimedrcv(id, letter, room, type, flags, NULL);
}

int queue_set_qbytes(int id, size_t qbytes)
{
    struct shm_backend_msqid_ds ds;

    if (shm_backend_msgctl(id, LIBSHM_IPC_STAT, &ds) < 0)
        return -1;
    ds.qbytes = qbytes;
    return shm_backend_msgctl(id, LIBSHM_IPC_SET, &ds);
}

long long qnum(int id)
{
    return (long long)queue_stat(id).qnum;
}

long long cbytes(int id)
{
    return (long long)queue_stat(id).cbytes;
}

void expect_text(int id, long type, int flags, const char *text)
{
    struct letter letter;
    size_t size = strlen(text);

    ssize_t n = receive(id, &letter, sizeof letter.bytes, type, flags | LIBSHM_IPC_NOWAIT);
    EXPECT_OK(n);
    if (n != (ssize_t)size || memcmp(letter.bytes, text, size) != 0)
        fail_at(__FILE__, __LINE__, "received \"%.*s\", expected \"%s\"", (int)n, letter.bytes,
                text);
}
