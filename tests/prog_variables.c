/*
 * The posix backend's limits, which are variables: LIBSHM_SHMMAX, LIBSHM_SHMMNI, LIBSHM_SEMMNI,
 * LIBSHM_MSGMNI, LIBSHM_MSGMNB (S1.2, S1.3, S2.4, S3.1, S3.2, S3.17, S5.31). Each try is a process of its
 * own, because they are read once; the parent makes no call.
 */
#include "config.h"

#include "tests/backend_support.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/backend_files.h"

enum {
    CREAT = LIBSHM_IPC_CREAT,
    EXCL = LIBSHM_IPC_EXCL,
    NOWAIT = LIBSHM_IPC_NOWAIT,
    KEY = 0x7a11,
    ABSENT = 0x7a12,
    SIZE = 5000,
    TOLD = 77 /* an errno that calls leave alone */
};

static void expect_said(const char *part)
{
    if (!strstr(shm_error_detail(), part))
        fail_at(__FILE__, __LINE__, "the sentence lacks \"%s\": %s", part, shm_error_detail());
}

/* What the processes of a test have to tell each other. */
static struct board {
    _Atomic int id, arrived;
} * board;

/*
 * Processes.
 */

struct trial {
    const char *variable, *value; /* NULL: none is set */
    void (*body)(void);
};

static void enter(void *context)
{
    const struct trial *t = context;

    if (t->variable)
        EXPECT_OK(setenv(t->variable, t->value, 1));
    t->body();
}

static void with(const char *variable, const char *value, void (*body)(void))
{
    struct trial t = {variable, value, body};
    int result = run(enter, &t);

    if (result != 0)
        fail_at(__FILE__, __LINE__, "%s=%s: the process ended with %d",
                variable ? variable : "", value ? value : "", result);
}

static void without(void (*body)(void))
{
    with(NULL, NULL, body);
}

/*
 * The three families.
 */

static int get_segment(key_t key, int flags)
{
    return shm_backend_shmget(key, SIZE, flags);
}

static int get_set(key_t key, int flags)
{
    return shm_backend_semget(key, 2, flags);
}

static long long most_segments(void)
{
    struct shm_backend_shminfo info;

    EXPECT_OK(shm_backend_shmctl(0, LIBSHM_IPC_INFO, &info));
    EXPECT(info.shmseg == info.shmmni);
    return (long long)info.shmmni;
}

static long long most_sets(void)
{
    struct shm_backend_seminfo info;

    EXPECT_OK(
        shm_backend_semctl(0, 0, LIBSHM_IPC_INFO, (union shm_backend_semun){.info = &info}));
    return info.semmni;
}

static struct shm_backend_msginfo queue_limits(void)
{
    struct shm_backend_msginfo info;

    EXPECT_OK(shm_backend_msgctl(0, LIBSHM_IPC_INFO, &info));
    return info;
}

static long long most_queues(void)
{
    return queue_limits().msgmni;
}

static const struct family {
    const char *variable;
    int (*get)(key_t key, int flags);
    int (*remove)(int id);
    long long (*most)(void);
    const char *type;
} families[] = {
    {"LIBSHM_SHMMNI", get_segment, remove_segment, most_segments, "m"},
    {"LIBSHM_SEMMNI", get_set, remove_set, most_sets, "s"},
    {"LIBSHM_MSGMNI", shm_backend_msgget, remove_queue, most_queues, "q"},
};
enum { FAMILIES = sizeof families / sizeof *families };

/* The one that is tried. */
static const struct family *family;

static int make(key_t key)
{
    return (int)EXPECT_OK(family->get(key, CREAT | EXCL | 0600));
}

static void drop(int id)
{
    EXPECT_OK(family->remove(id));
}

static void expect_full(long long result)
{
    EXPECT(result == -1 && errno == ENOSPC);
    expect_said(family->variable);
}

/*
 * Nothing is set.
 */

static uint64_t largest_segment(void)
{
    struct shm_backend_shminfo info;

    EXPECT_OK(shm_backend_shmctl(0, LIBSHM_IPC_INFO, &info));
    return info.shmmax;
}

static void expect_usual_limits(void)
{
    EXPECT(largest_segment() ==
           (uint64_t)(SIZE_MAX / 2 < INT64_MAX ? SIZE_MAX / 2 : INT64_MAX) - (1u << 24));
    for (family = families; family < families + FAMILIES; family++)
        EXPECT_INT(family->most(), INT32_MAX);
    EXPECT_INT(queue_limits().msgmnb, LIBSHM_MSGMNB);
    int queue = (int)EXPECT_OK(shm_backend_msgget(0, 0600));
    EXPECT_INT((long long)queue_stat(queue).qbytes, LIBSHM_MSGMNB);
    EXPECT_OK(remove_queue(queue));
}

/*
 * Wrong values: every call fails.
 */

static const char *refused_variable, *refused_most;

static void expect_refusal(void)
{
    EXPECT_ERR(shm_backend_shmget(KEY, SIZE, CREAT | 0600), EINVAL);
    expect_said(refused_variable);
    expect_said(refused_most);
    EXPECT_ERR(shm_backend_semget(0, 2, 0600), EINVAL);
    EXPECT_ERR(shm_backend_msgget(0, 0600), EINVAL);
    EXPECT(shm_backend_shmat(5, NULL, 0) == NOT_ATTACHED && errno == EINVAL);
    expect_said(refused_variable);
    EXPECT_ERR(semop1(5, 0, 1, 0), EINVAL);
    expect_said(refused_variable);
    EXPECT_ERR(shm_backend_shm_list(NULL, 0), EINVAL);
    EXPECT_ERR(shm_backend_collect(NULL, NULL), EINVAL);
    expect_said(refused_variable);
}

static void expect_acceptance(void)
{
    EXPECT_OK(shm_backend_shm_list(NULL, 0));
}

static void check_values(const char *variable, const char *most, const char *more)
{
    static const char *const wrong[] = {"",
                                        "-1",
                                        "+1",
                                        "1x",
                                        "x",
                                        " 1",
                                        "1 ",
                                        "0x1",
                                        "1.",
                                        "1e3",
                                        "1\n",
                                        "99999999999999999999999",
                                        "18446744073709551616"};

    refused_variable = variable;
    refused_most = most;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        with(variable, wrong[i], expect_refusal);
    with(variable, more, expect_refusal);
    with(variable, most, expect_acceptance);
    with(variable, "0", expect_acceptance);
}

static void check_all_values(void)
{
    check_values("LIBSHM_SHMMAX", "9223372036837998591", "9223372036837998592");
    for (family = families; family < families + FAMILIES; family++)
        check_values(family->variable, "2147483647", "2147483648");
    check_values("LIBSHM_MSGMNB", "2147483647", "2147483648");
}

/*
 * The size of segments.
 */

static void make_a_large_one(void)
{
    board->id = (int)EXPECT_OK(shm_backend_shmget(KEY, 40 * SIZE, CREAT | EXCL | 0600));
}

static void expect_too_large(size_t size, int flags)
{
    EXPECT_ERR(shm_backend_shmget(ABSENT, size, CREAT | flags | 0600), EINVAL);
    expect_said("LIBSHM_SHMMAX");
}

/* The largest is 5000. The kernel's order: EINVAL before whatever else speaks against a new one. */
static void make_small_ones(void)
{
    EXPECT_INT((long long)largest_segment(), SIZE);
    drop(make(ABSENT));
    drop((int)EXPECT_OK(shm_backend_shmget(ABSENT, 1, CREAT | 0600)));
    expect_too_large(SIZE + 1, 0);
    expect_too_large(SIZE + 1, LIBSHM_HUGETLB);
    expect_too_large(SIZE_MAX / 4, 0);
    EXPECT_ERR(shm_backend_shmget(ABSENT, SIZE + 1, 0600), ENOENT);
    EXPECT_ERR(shm_backend_shmget(ABSENT, 0, CREAT | 0600), EINVAL);
}

static void use_the_large_one(void)
{
    int id = (int)EXPECT_OK(shm_backend_shmget(KEY, 40 * SIZE, CREAT | 0600));

    EXPECT_INT(id, board->id);
    EXPECT_ERR(shm_backend_shmget(KEY, 40 * SIZE, CREAT | EXCL | 0600), EEXIST);
    char *bytes = attach(id);
    bytes[40 * SIZE - 1] = 'x';
    EXPECT_OK(shm_backend_shmdt(bytes));
    make_small_ones();
}

static void remove_the_large_one(void)
{
    EXPECT_ERR(shm_backend_shmget(KEY, 40 * SIZE + 1, CREAT | 0600), EINVAL);
    drop(board->id);
}

static void make_no_segment(void)
{
    EXPECT_INT((long long)largest_segment(), 0);
    expect_too_large(1, 0);
}

static void expect_more_is_possible(void)
{
    int id = (int)EXPECT_OK(shm_backend_shmget(ABSENT, 40 * SIZE, CREAT | 0600));

    EXPECT_INT((long long)largest_segment(), 1 << 30);
    EXPECT_ERR(shm_backend_shmget(0, (1 << 30) + 1, 0600), EINVAL);
    drop(id);
}

static void check_shmmax(void)
{
    family = families;
    without(make_a_large_one);
    with("LIBSHM_SHMMAX", "5000", use_the_large_one);
    without(remove_the_large_one);
    with("LIBSHM_SHMMAX", "0", make_no_segment);
    with("LIBSHM_SHMMAX", "1073741824", expect_more_is_possible);
}

/*
 * The number of objects.
 */

/* The most is 2. */
static void reach_the_number(void)
{
    errno = TOLD;
    int named = make(KEY), other = make(LIBSHM_IPC_PRIVATE);
    EXPECT_INT(errno, TOLD);
    EXPECT_INT(family->most(), 2);
    expect_full(family->get(LIBSHM_IPC_PRIVATE, 0600));
    expect_full(family->get(ABSENT, CREAT | 0600));
    EXPECT_ERR(family->get(ABSENT, 0600), ENOENT);
    EXPECT_INT(family->get(KEY, CREAT | 0600), named);
    EXPECT_ERR(family->get(KEY, CREAT | EXCL | 0600), EEXIST);
    drop(other);
    other = make(ABSENT);
    expect_full(family->get(LIBSHM_IPC_PRIVATE, 0600));
    drop(named);
    named = make(KEY);
    drop(named);
    drop(other);
}

static void make_none(void)
{
    EXPECT_INT(family->most(), 0);
    expect_full(family->get(ABSENT, CREAT | 0600));
}

/* Of the other families there may be as many as before. */
static void use_the_others(void)
{
    const struct family *limited = family;

    for (family = families; family < families + FAMILIES; family++) {
        if (family != limited)
            EXPECT_INT(family->most(), INT32_MAX);
        if (family != limited)
            drop(make(ABSENT));
    }
}

static void make_one(void)
{
    board->id = make(KEY);
}

/* What others have made counts, and can be used. */
static void find_one(void)
{
    expect_full(family->get(ABSENT, CREAT | 0600));
    EXPECT_INT(family->get(KEY, CREAT | 0600), board->id);
    drop(board->id);
    drop(make(ABSENT));
}

/* What a killed process has left half-made is none. */
static void leave_half_of_one(void)
{
    char path[FILE_PATH_SIZE];

    file_path(path, family->type, 0x1234567);
    EXPECT_OK(close(open(path, O_CREAT | O_EXCL | O_WRONLY, 0600)));
}

static void count_half_of_one(void)
{
    drop(make(KEY));
    EXPECT_INT(shm_backend_collect(NULL, NULL), 1);
}

static void check_numbers(void)
{
    for (const struct family *f = families; f < families + FAMILIES; f++) {
        family = f;
        with(f->variable, "2", reach_the_number);
        with(f->variable, "0", make_none);
        with(f->variable, "0", use_the_others);
        without(make_one);
        with(f->variable, "1", find_one);
        leave_half_of_one();
        with(f->variable, "1", count_half_of_one);
    }
}

/* A size that nothing new may have is EINVAL, and what no process could map ENOMEM, as ever. */
static void order_of_checks(void)
{
    EXPECT_ERR(shm_backend_shmget(ABSENT, 0, CREAT | 0600), EINVAL);
    EXPECT_ERR(shm_backend_shmget(ABSENT, SIZE_MAX - 1, CREAT | 0600), EINVAL);
    if (sizeof(size_t) > 4)
        EXPECT_ERR(shm_backend_shmget(ABSENT, SIZE_MAX / 4, CREAT | 0600), ENOMEM);
    expect_full(shm_backend_shmget(ABSENT, 1, CREAT | 0600));
}

static void order_of_checks_of_sets(void)
{
    EXPECT_ERR(shm_backend_semget(ABSENT, LIBSHM_SEMMSL + 1, CREAT | 0600), EINVAL);
    EXPECT_ERR(shm_backend_semget(ABSENT, 0, CREAT | 0600), EINVAL);
    expect_full(shm_backend_semget(ABSENT, 1, CREAT | 0600));
}

/* A removed segment is one as long as somebody has it attached, also for who may make only one. */
static void count_removed_segment(void)
{
    int id = make(KEY);
    char *bytes = attach(id);

    drop(id);
    expect_full(family->get(KEY, CREAT | 0600));
    EXPECT_OK(shm_backend_shmdt(bytes));
    drop(make(KEY));
}

static void check_order(void)
{
    family = &families[0];
    with("LIBSHM_SHMMNI", "0", order_of_checks);
    with("LIBSHM_SHMMNI", "1", count_removed_segment);
    family = &families[1];
    with("LIBSHM_SEMMNI", "0", order_of_checks_of_sets);
}

/*
 * Several want the only object there may be, under one key: one makes it, and all get it.
 */

enum { RACERS = 3, ROUNDS = 300 };

static void meet(int *meetings)
{
    atomic_fetch_add(&board->arrived, 1);
    ++*meetings;
    while (atomic_load(&board->arrived) < *meetings * RACERS)
        sched_yield();
}

static void race(void *context)
{
    int meetings = 0;

    EXPECT_OK(setenv(family->variable, "1", 1));
    for (int round = scaled(ROUNDS); round > 0; round--) {
        meet(&meetings);
        int id = (int)EXPECT_OK(family->get(KEY, CREAT | 0600));
        meet(&meetings);
        EXPECT_INT(family->get(KEY, 0), id);
        meet(&meetings);
        if (context)
            drop(id);
    }
}

static void check_race(void)
{
    for (family = families; family < families + FAMILIES; family++) {
        pid_t pid[RACERS];

        board->arrived = 0;
        for (int i = 0; i < RACERS; i++)
            pid[i] = start(race, i == 0 ? board : NULL);
        for (int i = 0; i < RACERS; i++)
            EXPECT_INT(reap(pid[i]), 0);
    }
}

/*
 * The room of queues.
 */

/* Only who has no right to exceed limits is held by them. */
static void be_ordinary(void)
{
    if (geteuid() == 0)
        become(STRANGER, STRANGER);
}

static int make_queue(int wanted)
{
    EXPECT_INT(queue_limits().msgmnb, wanted);
    int id = (int)EXPECT_OK(shm_backend_msgget(KEY, CREAT | EXCL | 0600));
    EXPECT_INT((long long)queue_stat(id).qbytes, wanted);
    return id;
}

static void expect_most_qbytes(int id, size_t most)
{
    EXPECT_ERR(queue_set_qbytes(id, most + 1), EPERM);
    expect_said("LIBSHM_MSGMNB");
    EXPECT_OK(queue_set_qbytes(id, most));
    EXPECT_INT((long long)queue_stat(id).qbytes, (long long)most);
}

static void make_a_small_queue(void)
{
    be_ordinary();
    int id = make_queue(100);
    EXPECT_OK(send_filled(id, 1, 60));
    EXPECT_ERR(send_filled(id, 1, 41), EAGAIN);
    EXPECT_OK(send_filled(id, 1, 40));
    expect_most_qbytes(id, 100);
}

/* The queue is as its maker wanted it; what may be set is what this process may. */
static void use_the_small_queue(void)
{
    be_ordinary();
    int id = (int)EXPECT_OK(shm_backend_msgget(KEY, 0));
    EXPECT_INT((long long)queue_stat(id).qbytes, 100);
    EXPECT_ERR(send_bytes(id, 1, "", 1, NOWAIT), EAGAIN);
    EXPECT_INT(cbytes(id), 100);
    expect_most_qbytes(id, LIBSHM_MSGMNB);
    EXPECT_OK(send_filled(id, 1, 8000));
    EXPECT_OK(remove_queue(id));
}

enum { LARGE = 100000, LARGE_MESSAGES = LARGE / LIBSHM_MSGMAX };

static void make_a_large_queue(void)
{
    be_ordinary();
    expect_most_qbytes(make_queue(LARGE), LARGE);
}

static void use_the_large_queue(void)
{
    struct letter letter;

    be_ordinary();
    int id = (int)EXPECT_OK(shm_backend_msgget(KEY, 0));
    for (int i = 0; i < LARGE_MESSAGES; i++)
        EXPECT_OK(send_filled(id, i + 1, LIBSHM_MSGMAX));
    EXPECT_ERR(send_bytes(id, 1, letter.bytes, LIBSHM_MSGMAX, NOWAIT), EAGAIN);
    EXPECT_INT(cbytes(id), (long long)LARGE_MESSAGES * LIBSHM_MSGMAX);
    for (int i = 0; i < LARGE_MESSAGES; i++)
        EXPECT_INT(receive(id, &letter, LIBSHM_MSGMAX, i + 1, NOWAIT), LIBSHM_MSGMAX);
    expect_most_qbytes(id, LIBSHM_MSGMNB);
    EXPECT_OK(remove_queue(id));
}

static void make_a_queue_for_nothing(void)
{
    int id = make_queue(0);

    EXPECT_ERR(send_bytes(id, 1, "", 0, NOWAIT), EAGAIN);
    EXPECT_OK(remove_queue(id));
}

static void make_the_largest_queue(void)
{
    int id = make_queue(INT_MAX);

    EXPECT_OK(send_filled(id, 1, LIBSHM_MSGMAX));
    EXPECT(queue_set_qbytes(id, (size_t)INT_MAX + 1) < 0);
    EXPECT_OK(remove_queue(id));
}

static void check_msgmnb(void)
{
    with("LIBSHM_MSGMNB", "100", make_a_small_queue);
    without(use_the_small_queue);
    with("LIBSHM_MSGMNB", "100000", make_a_large_queue);
    without(use_the_large_queue);
    with("LIBSHM_MSGMNB", "0", make_a_queue_for_nothing);
    with("LIBSHM_MSGMNB", "2147483647", make_the_largest_queue);
}

int main(void)
{
    board =
        mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT(board != MAP_FAILED);
    without(expect_usual_limits);
    check_all_values();
    check_shmmax();
    check_numbers();
    check_order();
    check_race();
    check_msgmnb();
    return 0;
}
