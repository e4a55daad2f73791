/* Views: what they show, who waits for them, and how they end. */
#include "config.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libshm/arrays.h"
#include "libshm/arrays_private.h"
#include "libshm/backend.h"
#include "libshm/fail.h"
#include "tests/suite.h"

/* Partition 0 is array 0, partition 1 are arrays 1 and 2. */
enum {
    LARGE = LIBSHM_PARTITION_MIN_SIZE,
    ARRAYS = 3,
    PARTITIONS = 2,
    ALL = -1,
    PATIENCE_MS = 3000
};

static const size_t counts[ARRAYS] = {LARGE, LARGE - 1, 1};
static const struct shm_array_spec specs[ARRAYS] = {
    {.label = "first", .dtype = LIBSHM_UINT64, .ndim = 1, .shape = &counts[0]},
    {.label = "second", .dtype = LIBSHM_UINT64, .ndim = 1, .shape = &counts[1]},
    {.label = "third", .dtype = LIBSHM_UINT64, .ndim = 1, .shape = &counts[2]}};

static uint64_t ones[LARGE], got[ARRAYS][LARGE];
static const void *const data[ARRAYS] = {ones, ones, ones};
static const void *const data_of[PARTITIONS][ARRAYS] = {{ones, NULL, NULL}, {NULL, ones, ones}};
static void *const out[ARRAYS] = {got[0], got[1], got[2]};

static struct shm_arrays *set;
static struct shm_key_pair keys[PARTITIONS];
static key_t root;

static void make_set(void)
{
    for (size_t i = 0; i < LARGE; i++)
        ones[i] = 1;
    set = shm_arrays_create(specs, ARRAYS, data, 0666);
    ck_made(set);
    ck_assert_uint_eq(shm_arrays_keys(set, keys, PARTITIONS), PARTITIONS);
    root = shm_arrays_root(set);
    /* What waits for itself ends some time, and fails. */
    ck_works(shm_arrays_settimeout(set, PATIENCE_MS));
}

/* Another handle of it. */
static struct shm_arrays *attach_set(void)
{
    struct shm_arrays *a = shm_arrays_attach(root);
    ck_made(a);
    ck_works(shm_arrays_settimeout(a, PATIENCE_MS));
    return a;
}

static void end_set(void)
{
    ck_works(shm_arrays_remove(set));
    ck_works(shm_arrays_close(set));
}

/* Of one partition, or of all. */
static struct shm_arrays_view *open_view(struct shm_arrays *a, int partition)
{
    const size_t index = (size_t)partition;
    return partition == ALL ? shm_arrays_view(a, NULL, 0) : shm_arrays_view(a, &index, 1);
}

static struct shm_arrays_view *view_of(int partition)
{
    struct shm_arrays_view *v = open_view(set, partition);
    ck_made(v);
    return v;
}

static int add(struct shm_arrays *a, int partition)
{
    return shm_arrays_update(a, LIBSHM_ADD, 0, partition == ALL ? data : data_of[partition],
                             NULL);
}

static bool is_throughout(const uint64_t *numbers, int index, uint64_t number)
{
    for (size_t i = 0; i < counts[index]; i++)
        if (numbers[i] != number)
            return false;
    return true;
}

static bool shows(const struct shm_arrays_view *v, int index, uint64_t number)
{
    const void *numbers = shm_arrays_view_data(v, (size_t)index);
    return numbers && is_throughout(numbers, index, number);
}

static void holds_whole(uint64_t first, uint64_t second)
{
    ck_works(shm_arrays_read(set, out));
    ck_assert(is_throughout(got[0], 0, first));
    ck_assert(is_throughout(got[1], 1, second));
    ck_assert(is_throughout(got[2], 2, second));
}

static void is_free(int partition)
{
    ck_works(shm_arrays_settimeout(set, 0));
    ck_works(add(set, partition));
    ck_works(shm_arrays_settimeout(set, PATIENCE_MS));
}

static void is_locked(int partition, int error)
{
    ck_works(shm_arrays_settimeout(set, 0));
    ck_fails(add(set, partition), error);
    ck_works(shm_arrays_settimeout(set, PATIENCE_MS));
}

static int waiters(int partition)
{
    return shm_backend_semctl(shm_getsemid(keys[partition].semaphore_key), 0, LIBSHM_GETNCNT,
                              (union shm_backend_semun){0});
}

/* ---- What a view shows --------------------------------------------------------------------- */

START_TEST(a_view_shows_what_a_read_copies)
{
    make_set();
    for (uint64_t number = 1; number <= 4; number++) { /* either slot is the current one */
        struct shm_arrays_view *v = view_of(ALL);
        ck_works(shm_arrays_read(set, out));
        for (int i = 0; i < ARRAYS; i++) {
            ck_assert(shows(v, i, number));
            ck_assert(is_throughout(got[i], i, number));
            ck_assert_uint_eq((uintptr_t)shm_arrays_view_data(v, (size_t)i) % 64, 0);
        }
        ck_works(shm_arrays_view_end(v));
        ck_works(add(set, ALL));
    }
    end_set();
}
END_TEST

START_TEST(a_view_holds_whole_partitions)
{
    make_set();
    ck_works(add(set, 1));
    const size_t indexes[] = {2, 2, 2};
    struct shm_arrays_view *v = shm_arrays_view(set, indexes, 3);
    ck_made(v);
    ck_assert(shows(v, 2, 2));
    ck_assert(shows(v, 1, 2));
    ck_refuses(shm_arrays_view_data(v, 0), EINVAL);
    ck_says("the view does not hold partition 0, in which array 0 is");
    is_free(0);
    is_locked(1, EDEADLK);
    ck_works(shm_arrays_view_end(v));
    is_free(1);
    holds_whole(2, 3);
    end_set();
}
END_TEST

START_TEST(arrays_that_do_not_exist)
{
    make_set();
    const size_t indexes[] = {0, ARRAYS};
    ck_refuses(shm_arrays_view(set, indexes, 2), EINVAL);
    ck_says("array 3 was asked for, the set has 3");
    is_free(ALL);
    struct shm_arrays_view *v = view_of(ALL);
    ck_refuses(shm_arrays_view_data(v, ARRAYS), EINVAL);
    ck_says("array 3 was asked for, the set has 3");
    ck_works(shm_arrays_view_end(v));
    end_set();
}
END_TEST

START_TEST(a_view_of_nothing_locks_nothing)
{
    make_set();
    const size_t none = 0;
    struct shm_arrays_view *v = shm_arrays_view(set, &none, 0);
    ck_made(v);
    ck_refuses(shm_arrays_view_data(v, 0), EINVAL);
    is_free(ALL);
    ck_works(shm_arrays_view_end(v));
    end_set();
}
END_TEST

/* In the order of a handle that expects another one. */
START_TEST(a_view_has_the_order_of_its_handle)
{
    const struct shm_array_spec reversed[ARRAYS] = {specs[2], specs[1], specs[0]};
    make_set();
    ck_works(add(set, 0));
    struct shm_arrays *a = shm_arrays_attach_verified(root, reversed, ARRAYS);
    ck_made(a);
    const size_t last = 2;
    struct shm_arrays_view *v = shm_arrays_view(a, &last, 1);
    ck_made(v);
    const uint64_t *numbers = shm_arrays_view_data(v, 2);
    ck_assert_ptr_nonnull(numbers);
    ck_assert(is_throughout(numbers, 0, 2));
    ck_refuses(shm_arrays_view_data(v, 0), EINVAL);
    ck_works(shm_arrays_view_end(v));
    ck_works(shm_arrays_close(a));
    end_set();
}
END_TEST

START_TEST(success_leaves_errno_alone)
{
    make_set();
    shm_fail(4711, "the sentence of an earlier failure");
    struct shm_arrays_view *v = shm_arrays_view(set, NULL, 0);
    bool shown = shm_arrays_view_data(v, 0) != NULL;
    int result = shm_arrays_view_end(v);
    ck_assert_int_eq(errno, 4711);
    ck_says("the sentence of an earlier failure");
    ck_assert(shown && result == 0);
    end_set();
}
END_TEST

/* ---- Other processes ----------------------------------------------------------------------- */

static int add_elsewhere(void *context)
{
    (void)context;
    struct shm_arrays *a = shm_arrays_attach(root);
    CHILD_EXPECT(a);
    CHILD_EXPECT(add(a, 1) == 0);
    return shm_arrays_close(a);
}

static int view_elsewhere(void *context)
{
    (void)context;
    struct shm_arrays *a = shm_arrays_attach(root);
    CHILD_EXPECT(a);
    struct shm_arrays_view *v = open_view(a, 1);
    CHILD_EXPECT(v);
    CHILD_EXPECT(shm_arrays_view_end(v) == 0);
    return shm_arrays_close(a);
}

static int read_elsewhere(void *context)
{
    (void)context;
    struct shm_arrays *a = shm_arrays_attach(root);
    CHILD_EXPECT(a);
    CHILD_EXPECT(shm_arrays_settimeout(a, 0) == 0);
    CHILD_EXPECT(shm_arrays_read(a, out) == 0);
    for (int i = 0; i < ARRAYS; i++)
        CHILD_EXPECT(is_throughout(got[i], i, 1));
    return shm_arrays_close(a);
}

START_TEST(writers_and_views_wait_and_readers_do_not)
{
    make_set();
    struct shm_arrays_view *v = view_of(ALL);
    ck_assert_int_eq(child_run(read_elsewhere, NULL), 0);
    pid_t writer = child_start(add_elsewhere, NULL);
    ck_eventually(waiters(1) == 1);
    pid_t viewer = child_start(view_elsewhere, NULL);
    ck_eventually(waiters(1) == 2);
    ck_assert_int_eq(child_run(read_elsewhere, NULL), 0);
    ck_assert(shows(v, 1, 1));
    ck_assert(shows(v, 2, 1));
    ck_works(shm_arrays_view_end(v));
    ck_assert_int_eq(child_end(writer), 0);
    ck_assert_int_eq(child_end(viewer), 0);
    holds_whole(1, 2);
    end_set();
}
END_TEST

/* A process with a view that stops, or dies, or exits, by the signal it is told. */
struct holder {
    int partition, signal;
};

static int hold_and_raise(void *context)
{
    const struct holder *h = context;
    struct shm_arrays *a = shm_arrays_attach(root);
    CHILD_EXPECT(a);
    struct shm_arrays_view *v = open_view(a, h->partition);
    CHILD_EXPECT(v);
    if (h->signal == 0)
        return 0;
    raise(h->signal);
    CHILD_EXPECT(shm_arrays_view_end(v) == 0);
    return shm_arrays_close(a);
}

static pid_t stopped_holder(int partition)
{
    int status;
    pid_t pid = child_start(hold_and_raise, &(struct holder){partition, SIGSTOP});
    ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
    ck_assert(WIFSTOPPED(status));
    return pid;
}

/* What was locked before the partition that is busy is free again. */
START_TEST(a_view_that_cannot_have_all_has_nothing)
{
    make_set();
    pid_t pid = stopped_holder(1);
    for (long timeout = 0; timeout <= 60; timeout += 30) {
        double begun = seconds_now();
        ck_works(shm_arrays_settimeout(set, timeout));
        ck_refuses(open_view(set, ALL), EAGAIN);
        ck_assert_msg(strstr(shm_error_detail(), "partition 1 stayed locked") != NULL, "%s",
                      shm_error_detail());
        ck_assert_double_ge(seconds_now() - begun, 1e-3 * (double)timeout);
        is_free(0);
    }
    kill(pid, SIGCONT);
    ck_assert_int_eq(child_end(pid), 0);
    is_free(1);
    end_set();
}
END_TEST

static void on_signal(int number)
{
    (void)number;
}

START_TEST(a_signal_ends_the_wait_for_a_view)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    make_set();
    pid_t pid = stopped_holder(1);
    sigaction(SIGUSR1, &action, NULL);
    pid_t bell = fork();
    if (bell == 0) {
        while (getppid() != 1 && kill(getppid(), SIGUSR1) == 0)
            nap_before(0);
        _exit(0);
    }
    ck_refuses(open_view(set, ALL), EINTR);
    kill(bell, SIGKILL);
    child_end(bell);
    is_free(0);
    kill(pid, SIGKILL);
    child_end(pid);
    end_set();
}
END_TEST

static int add_at_once(void *context)
{
    double begun = seconds_now();
    (void)context;
    struct shm_arrays *a = shm_arrays_attach(root);
    CHILD_EXPECT(a);
    CHILD_EXPECT(shm_arrays_settimeout(a, 1000) == 0);
    CHILD_EXPECT(add(a, ALL) == 0);
    CHILD_EXPECT(seconds_now() - begun < 1);
    return shm_arrays_close(a);
}

START_TEST(the_end_of_a_process_ends_its_view)
{
    const int signals[] = {SIGKILL, SIGHUP, 0};
    make_set();
    for (int i = 0; i < 30; i++) {
        struct holder h = {i % 2 ? ALL : i / 2 % 2, signals[i % 3]};
        ck_assert_int_eq(child_run(hold_and_raise, &h), h.signal ? 128 + h.signal : 0);
        holds_whole((uint64_t)i + 1, (uint64_t)i + 1);
        ck_assert_int_eq(child_run(add_at_once, NULL), 0);
    }
    holds_whole(31, 31);
    end_set();
}
END_TEST

/* Views of both partitions, asked for in either order, among updates of each. */
enum { ROUNDS = 500 };

static int view_often(void *context)
{
    const size_t orders[2][2] = {{0, 1}, {2, 0}};
    struct shm_arrays *a = shm_arrays_attach(root);
    CHILD_EXPECT(a);
    for (int i = 0; i < scaled(ROUNDS); i++) {
        struct shm_arrays_view *v = shm_arrays_view(a, orders[*(int *)context], 2);
        CHILD_EXPECT(v);
        const uint64_t *first = shm_arrays_view_data(v, 0), *third = shm_arrays_view_data(v, 2);
        CHILD_EXPECT(shows(v, 0, first[0]) && shows(v, 1, third[0]));
        CHILD_EXPECT(shm_arrays_view_end(v) == 0);
        CHILD_EXPECT(add(a, i % 3 - 1) == 0); /* either, or all */
    }
    return shm_arrays_close(a);
}

START_TEST(views_in_any_order_do_not_wait_for_each_other)
{
    int orders[] = {0, 1, 0, 1};
    pid_t pids[4];
    make_set();
    for (int i = 0; i < 4; i++)
        pids[i] = child_start(view_often, &orders[i]);
    for (int i = 0; i < 4; i++)
        ck_assert_int_eq(child_end(pids[i]), 0);
    end_set();
}
END_TEST

static int view_as_nobody(void *context)
{
    (void)context;
    if (!become_nobody())
        return 77;
    struct shm_arrays *a = shm_arrays_attach(root);
    CHILD_EXPECT(a);
    errno = 0;
    CHILD_EXPECT(!open_view(a, ALL) && errno == EACCES);
    CHILD_EXPECT(
        strncmp(shm_error_detail(), "the array set is attached for reading only", 42) == 0);
    return shm_arrays_close(a);
}

START_TEST(who_may_only_read_cannot_lock)
{
    if (!have_root("views of another user's set"))
        return;
    set = shm_arrays_create(specs, ARRAYS, NULL, 0644);
    ck_made(set);
    root = shm_arrays_root(set);
    ck_assert_int_eq(child_run(view_as_nobody, NULL), 0);
    end_set();
}
END_TEST

/* ---- The thread that has a view ------------------------------------------------------------ */

static int never(const struct shm_array_update *u, void *context)
{
    (void)u, (void)context;
    return 1;
}

static void every_writer_is_refused(struct shm_arrays *a)
{
    const char *sentence =
        "partition 1 is locked by a view that this thread has open: end the view first";
    ck_fails(shm_arrays_write(a, data), EDEADLK);
    ck_says(sentence);
    ck_fails(shm_arrays_update(a, LIBSHM_ADD, 0, data, out), EDEADLK);
    ck_says(sentence);
    ck_fails(shm_arrays_update(a, LIBSHM_SCALE, 2, NULL, NULL), EDEADLK);
    ck_fails(shm_arrays_update_with(a, never, NULL, NULL, NULL), EDEADLK);
    ck_refuses(open_view(a, ALL), EDEADLK);
    ck_says(sentence);
    ck_refuses(open_view(a, 1), EDEADLK);
}

START_TEST(a_thread_does_not_wait_for_its_own_view)
{
    make_set();
    struct shm_arrays *other = attach_set();
    struct shm_arrays_view *v = view_of(1);
    every_writer_is_refused(set);
    every_writer_is_refused(other);
    holds_whole(1, 1);
    ck_works(shm_arrays_read(other, out));
    ck_works(add(other, 0));
    struct shm_arrays_view *more = view_of(0);
    is_locked(0, EDEADLK);
    ck_works(shm_arrays_view_end(v));
    is_free(1);
    is_locked(0, EDEADLK);
    ck_works(shm_arrays_view_end(more));
    ck_works(add(other, ALL));
    holds_whole(3, 3);
    ck_works(shm_arrays_close(other));
    end_set();
}
END_TEST

/* What an update does not change it only reads, for which no lock is needed. */
START_TEST(an_update_reads_what_a_view_holds)
{
    make_set();
    struct shm_arrays_view *v = view_of(1);
    ck_works(shm_arrays_update(set, LIBSHM_ADD, 0, data_of[0], out));
    ck_assert(is_throughout(got[0], 0, 2));
    ck_assert(is_throughout(got[1], 1, 1));
    ck_works(shm_arrays_view_end(v));
    end_set();
}
END_TEST

/* Somebody scribbles: no copy is accepted, and the lock cannot be waited for. */
START_TEST(a_read_does_not_wait_for_its_own_view)
{
    make_set();
    struct shm_arrays_view *v = view_of(1);
    atomic_fetch_add(&set->partitions[1].header->begun, 7);
    ck_fails(shm_arrays_read(set, out), EDEADLK);
    ck_fails(shm_arrays_read_one(set, 2, got[2]), EDEADLK);
    ck_works(shm_arrays_read_one(set, 0, got[0]));
    ck_works(shm_arrays_view_end(v));
    holds_whole(1, 1);
    end_set();
}
END_TEST

/* The first array's partition is locked by the callback, the other one is free. */
static int view_inside(const struct shm_array_update *u, void *context)
{
    memcpy(u->result, u->old, u->nbytes);
    if (u->index != 0)
        return 0;
    ck_refuses(open_view(set, 0), EDEADLK);
    ck_refuses(open_view(context, ALL), EDEADLK);
    struct shm_arrays_view *v = view_of(1);
    ck_assert(shows(v, 2, 1));
    ck_works(shm_arrays_view_end(v));
    return 0;
}

START_TEST(a_view_inside_a_callback)
{
    make_set();
    struct shm_arrays *other = attach_set();
    ck_works(shm_arrays_update_with(set, view_inside, other, NULL, NULL));
    is_free(ALL);
    ck_works(shm_arrays_close(other));
    end_set();
}
END_TEST

START_TEST(a_handle_with_a_view_is_not_closed)
{
    make_set();
    struct shm_arrays *other = attach_set();
    struct shm_arrays_view *v = view_of(0), *w = view_of(1);
    ck_works(shm_arrays_close(other));
    ck_fails(shm_arrays_close(set), EDEADLK);
    ck_says("a view of this handle is open: end the view before closing");
    ck_works(shm_arrays_view_end(w));
    ck_fails(shm_arrays_close(set), EDEADLK);
    ck_works(shm_arrays_view_end(v));
    end_set();
}
END_TEST

/* ---- Other threads ------------------------------------------------------------------------- */

static void in_a_thread(void *(*body)(void *), void *context)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, body, context), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

/* The errno of an update that does not wait; 0: it was done. */
static void *try_to_add(void *context)
{
    shm_arrays_settimeout(set, 0);
    *(int *)context = add(set, ALL) < 0 ? errno : 0;
    shm_arrays_settimeout(set, PATIENCE_MS);
    return NULL;
}

static int error_of_another_thread(void)
{
    int error = -1;
    in_a_thread(try_to_add, &error);
    return error;
}

static void *open_all(void *context)
{
    *(struct shm_arrays_view **)context = open_view(set, ALL);
    return NULL;
}

static void *end_it(void *context)
{
    struct shm_arrays_view **v = context;
    if (shm_arrays_view_end(*v) == 0)
        *v = NULL;
    return NULL;
}

START_TEST(another_thread_waits_like_another_process)
{
    make_set();
    struct shm_arrays_view *v = view_of(0);
    ck_assert_int_eq(error_of_another_thread(), EAGAIN);
    ck_works(shm_arrays_view_end(v));
    ck_assert_int_eq(error_of_another_thread(), 0);
    end_set();
}
END_TEST

START_TEST(another_thread_may_end_a_view)
{
    make_set();
    struct shm_arrays_view *v = view_of(ALL);
    in_a_thread(end_it, &v);
    ck_assert_ptr_null(v);
    is_free(ALL);
    end_set();
}
END_TEST

/* The next thread has the place in memory, and the id, of the one that has ended. */
START_TEST(a_view_may_outlive_its_thread)
{
    struct shm_arrays_view *v = NULL;
    make_set();
    in_a_thread(open_all, &v);
    ck_assert_ptr_nonnull(v);
    ck_assert_int_eq(error_of_another_thread(), EAGAIN);
    is_locked(ALL, EAGAIN);
    ck_fails(shm_arrays_close(set), EDEADLK);
    ck_works(shm_arrays_view_end(v));
    is_free(ALL);
    end_set();
}
END_TEST

static void *add_and_wait(void *context)
{
    *(int *)context = add(set, 1);
    return NULL;
}

START_TEST(a_waiting_thread_goes_on_when_the_view_ends)
{
    pthread_t thread;
    int result = -1;
    make_set();
    struct shm_arrays_view *v = view_of(1);
    ck_assert_int_eq(pthread_create(&thread, NULL, add_and_wait, &result), 0);
    ck_eventually(waiters(1) == 1);
    ck_assert(shows(v, 1, 1));
    ck_works(shm_arrays_view_end(v));
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(result, 0);
    holds_whole(1, 2);
    end_set();
}
END_TEST

/* Slots are written again and again by threads that others of the process look at. */
static void *view_in_turn(void *context)
{
    for (int i = 0; i < scaled(ROUNDS); i++) {
        struct shm_arrays_view *v = open_view(set, 1);
        const uint64_t *third = v ? shm_arrays_view_data(v, 2) : NULL;
        bool whole = third && shows(v, 1, third[0]);
        if (!whole || shm_arrays_view_end(v) < 0 || add(set, 1) < 0)
            return context;
    }
    return NULL;
}

START_TEST(threads_with_views_of_one_handle)
{
    pthread_t threads[3];
    void *complaint;
    make_set();
    for (int i = 0; i < 3; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, view_in_turn, set), 0);
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(pthread_join(threads[i], &complaint), 0);
        ck_assert_ptr_null(complaint);
    }
    holds_whole(1, 1 + 3 * (uint64_t)scaled(ROUNDS));
    end_set();
}
END_TEST

/* ---- Fork ---------------------------------------------------------------------------------- */

/* The view is in its memory, but not its own. */
static int use_the_parents_view(void *context)
{
    struct shm_arrays_view *v = context;
    CHILD_EXPECT(shows(v, 0, 1) && shows(v, 1, 1));
    CHILD_EXPECT(shm_arrays_settimeout(set, 0) == 0);
    CHILD_EXPECT(add(set, ALL) == -1 && errno == EAGAIN);
    CHILD_EXPECT(!open_view(set, ALL) && errno == EAGAIN);
    CHILD_EXPECT(shm_arrays_read(set, out) == 0 && is_throughout(got[0], 0, 1));
    CHILD_EXPECT(shm_arrays_close(set) == -1 && errno == EDEADLK);
    CHILD_EXPECT(shm_arrays_view_end(v) == 0);
    CHILD_EXPECT(add(set, ALL) == -1 && errno == EAGAIN);
    return shm_arrays_close(set);
}

START_TEST(a_child_does_not_own_the_view)
{
    make_set();
    struct shm_arrays_view *v = view_of(ALL);
    ck_assert_int_eq(child_run(use_the_parents_view, v), 0);
    ck_assert_int_eq(error_of_another_thread(), EAGAIN);
    is_locked(ALL, EDEADLK);
    ck_assert(shows(v, 0, 1));
    ck_works(shm_arrays_view_end(v));
    is_free(ALL);
    end_set();
}
END_TEST

static int wait_for_the_parents_view(void *context)
{
    CHILD_EXPECT(shm_arrays_view_end(context) == 0);
    struct shm_arrays_view *v = open_view(set, 1);
    CHILD_EXPECT(v);
    CHILD_EXPECT(add(set, 1) == -1 && errno == EDEADLK);
    CHILD_EXPECT(shm_arrays_view_end(v) == 0);
    CHILD_EXPECT(add(set, 1) == 0);
    return shm_arrays_close(set);
}

START_TEST(a_child_waits_for_its_parents_view)
{
    make_set();
    struct shm_arrays_view *v = view_of(1);
    pid_t pid = child_start(wait_for_the_parents_view, v);
    ck_eventually(waiters(1) == 1);
    ck_works(shm_arrays_view_end(v));
    ck_assert_int_eq(child_end(pid), 0);
    holds_whole(1, 2);
    end_set();
}
END_TEST

/* Forks at any moment: the list of views is whole and free in the child. */
static atomic_bool enough;

static void *open_and_end(void *context)
{
    while (!enough)
        if (shm_arrays_view_end(open_view(set, 0)) < 0)
            return context;
    return NULL;
}

static int use_views_of_its_own(void *context)
{
    (void)context;
    struct shm_arrays *a = shm_arrays_attach(root);
    CHILD_EXPECT(a);
    struct shm_arrays_view *v = open_view(a, 1);
    CHILD_EXPECT(v);
    CHILD_EXPECT(shm_arrays_view_end(v) == 0);
    return shm_arrays_close(a);
}

/* The address sanitizer's allocator may be locked in the child for ever by a thread that is not there. */
static bool allocates_after_forks(void)
{
#if defined(__SANITIZE_ADDRESS__)
    return false;
#elif defined(__has_feature)
    return !__has_feature(address_sanitizer);
#else
    return true;
#endif
}

START_TEST(forks_beside_a_thread_with_views)
{
    pthread_t thread;
    void *complaint;
    if (!allocates_after_forks()) {
        puts("left out: forks beside a thread that allocates, which the sanitizer does not "
             "survive");
        return;
    }
    make_set();
    ck_assert_int_eq(pthread_create(&thread, NULL, open_and_end, set), 0);
    for (int i = 0; i < scaled(100); i++)
        ck_assert_int_eq(child_run(use_views_of_its_own, NULL), 0);
    enough = true;
    ck_assert_int_eq(pthread_join(thread, &complaint), 0);
    ck_assert_ptr_null(complaint);
    end_set();
}
END_TEST

/* ---- Removal ------------------------------------------------------------------------------- */

START_TEST(a_view_of_a_removed_set)
{
    make_set();
    struct shm_arrays *other = attach_set();
    ck_works(shm_arrays_remove(set));
    ck_refuses(open_view(other, ALL), EIDRM);
    ck_says("the array set was removed while this handle was attached");
    ck_refuses(open_view(set, 1), EIDRM);
    ck_works(shm_arrays_close(other));
    ck_works(shm_arrays_close(set));
}
END_TEST

static int remove_elsewhere(void *context)
{
    (void)context;
    struct shm_arrays *a = shm_arrays_attach(root);
    CHILD_EXPECT(a);
    CHILD_EXPECT(shm_arrays_remove(a) == 0);
    return shm_arrays_close(a);
}

START_TEST(a_set_that_is_removed_under_a_view)
{
    make_set();
    struct shm_arrays_view *v = view_of(ALL);
    ck_assert_int_eq(child_run(remove_elsewhere, NULL), 0);
    ck_assert(shows(v, 0, 1) && shows(v, 1, 1) && shows(v, 2, 1));
    ck_fails(shm_arrays_close(set), EDEADLK);
    ck_fails(shm_arrays_view_end(v), EIDRM);
    ck_says("the array set was removed while this handle was attached");
    ck_works(shm_arrays_close(set));
}
END_TEST

static int wait_and_find_it_removed(void *context)
{
    (void)context;
    struct shm_arrays *a = shm_arrays_attach(root);
    CHILD_EXPECT(a);
    CHILD_EXPECT(!open_view(a, ALL) && errno == EIDRM);
    return shm_arrays_close(a);
}

/* The waiting view has locked partition 0 already. */
START_TEST(removal_wakes_a_view_that_waits)
{
    make_set();
    struct shm_arrays_view *v = view_of(1);
    pid_t pid = child_start(wait_and_find_it_removed, NULL);
    ck_eventually(waiters(1) == 1);
    is_locked(0, EAGAIN);
    ck_works(shm_arrays_remove(set));
    ck_assert_int_eq(child_end(pid), 0);
    ck_fails(shm_arrays_view_end(v), EIDRM);
    ck_works(shm_arrays_close(set));
}
END_TEST

/* By another tool: the locks before it are given back, when opening and when ending. */
START_TEST(a_partition_that_lost_its_semaphore)
{
    make_set();
    struct shm_arrays_view *v = view_of(ALL);
    ck_works(shm_remove_semaphore(shm_getsemid(keys[0].semaphore_key)));
    ck_fails(shm_arrays_view_end(v), EIDRM);
    is_free(1);
    ck_refuses(open_view(set, ALL), EIDRM);
    is_free(1);
    ck_fails(shm_arrays_remove(set), EIDRM);
    ck_works(shm_arrays_close(set));
}
END_TEST

int main(void)
{
    const TTest *tests[] = {a_view_shows_what_a_read_copies,
                            a_view_holds_whole_partitions,
                            arrays_that_do_not_exist,
                            a_view_of_nothing_locks_nothing,
                            a_view_has_the_order_of_its_handle,
                            success_leaves_errno_alone,
                            writers_and_views_wait_and_readers_do_not,
                            a_view_that_cannot_have_all_has_nothing,
                            a_signal_ends_the_wait_for_a_view,
                            the_end_of_a_process_ends_its_view,
                            views_in_any_order_do_not_wait_for_each_other,
                            who_may_only_read_cannot_lock,
                            a_thread_does_not_wait_for_its_own_view,
                            an_update_reads_what_a_view_holds,
                            a_read_does_not_wait_for_its_own_view,
                            a_view_inside_a_callback,
                            a_handle_with_a_view_is_not_closed,
                            another_thread_waits_like_another_process,
                            another_thread_may_end_a_view,
                            a_view_may_outlive_its_thread,
                            a_waiting_thread_goes_on_when_the_view_ends,
                            threads_with_views_of_one_handle,
                            a_child_does_not_own_the_view,
                            a_child_waits_for_its_parents_view,
                            forks_beside_a_thread_with_views,
                            a_view_of_a_removed_set,
                            a_set_that_is_removed_under_a_view,
                            removal_wakes_a_view_that_waits,
                            a_partition_that_lost_its_semaphore};
    return RUN_TESTS("arrays_view", tests);
}
