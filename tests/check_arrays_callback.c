/* Updates by a callback, and what happens when it fails, comes back, forks, stops or dies. */
#include "config.h"

#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libshm/arrays.h"
#include "libshm/backend.h"
#include "libshm/fail.h"
#include "tests/suite.h"

enum { LENGTH = 25 };

static struct shm_arrays *set;
static key_t root;
static double ones[LENGTH], got[LENGTH], small_got;
static const void *data[] = {ones, NULL};
static void *out[] = {got, &small_got};

static void make_set(void)
{
    static const size_t shape[] = {LENGTH};
    struct shm_array_spec specs[] = {
        {.label = "w", .dtype = LIBSHM_FLOAT64, .ndim = 1, .shape = shape},
        {.label = "scalar", .dtype = LIBSHM_FLOAT64}};
    for (int i = 0; i < LENGTH; i++)
        ones[i] = 1;
    set = shm_arrays_create(specs, 2, NULL, 0600);
    ck_made(set);
    root = shm_arrays_root(set);
}

static void end_set(void)
{
    ck_works(shm_arrays_remove(set));
    ck_works(shm_arrays_close(set));
}

static uint64_t version(void)
{
    uint64_t v = UINT64_MAX;
    ck_works(shm_arrays_version(set, 0, &v));
    return v;
}

static void add(void)
{
    ck_works(shm_arrays_update(set, LIBSHM_ADD, 0, data, NULL));
}

/* old + *context * (new or 1) */
static int add_times(const struct shm_array_update *u, void *context)
{
    const double *old = u->old, *fresh = u->new_data;
    double *result = u->result;
    for (size_t i = 0; i < u->count; i++)
        result[i] = old[i] + *(double *)context * (fresh ? fresh[i] : 1);
    return 0;
}

START_TEST(a_callback_computes)
{
    double two = 2;
    make_set();
    ck_works(shm_arrays_update_with(set, add_times, &two, data, out));
    ck_assert_double_eq(got[0], 2);
    ck_assert_double_eq(got[LENGTH - 1], 2);
    ck_assert_double_eq(small_got, 2);
    ck_works(shm_arrays_update_with(set, add_times, &two, NULL, NULL));
    ck_works(shm_arrays_read(set, out));
    ck_assert_double_eq(got[LENGTH - 1], 4);
    ck_assert_uint_eq(version(), 2);
    end_set();
}
END_TEST

static int look(const struct shm_array_update *u, void *context)
{
    int *seen = context;
    ck_assert_ptr_eq(u->spec, shm_arrays_spec(set, u->index));
    ck_assert_uint_eq(u->nbytes, shm_arrays_nbytes(set, u->index));
    ck_assert_uint_eq(u->count, u->index ? 1 : LENGTH);
    ck_assert_ptr_eq(u->new_data, u->index ? NULL : ones);
    ck_assert_ptr_ne(u->old, u->result);
    memcpy(u->result, u->old, u->nbytes);
    seen[u->index]++;
    return 0;
}

START_TEST(a_callback_sees_each_array_once)
{
    int seen[2] = {0};
    make_set();
    ck_works(shm_arrays_update_with(set, look, seen, data, NULL));
    ck_assert_int_eq(seen[0], 1);
    ck_assert_int_eq(seen[1], 1);
    end_set();
}
END_TEST

/* Spoils the result and fails at the second array: nothing of either may be seen. */
static int spoil(const struct shm_array_update *u, void *context)
{
    memset(u->result, 0x55, u->nbytes);
    if (u->index == 0)
        return 0;
    errno = *(int *)context;
    return errno ? shm_fail(errno, "spoilt") : 1;
}

static void fails_with(int error, int expected)
{
    uint64_t v = version();
    ck_fails(shm_arrays_update_with(set, spoil, &error, NULL, NULL), expected);
    ck_assert_uint_eq(version(), v);
    ck_works(shm_arrays_read(set, out));
    ck_assert_double_eq(got[0], (double)v);
    ck_assert_double_eq(got[LENGTH - 1], (double)v);
}

START_TEST(a_callback_that_fails_publishes_nothing)
{
    make_set();
    add();
    shm_arrays_settimeout(set, 1000);
    fails_with(EDOM, EDOM);
    ck_says("spoilt");
    fails_with(0, ECANCELED);
    ck_says("the update was cancelled by its callback");
    add();
    fails_with(EINTR, EINTR);
    add();
    ck_assert_uint_eq(version(), 3);
    end_set();
}
END_TEST

/* ---- Coming back
 * ----------------------------------------------------------------------------- */

static struct shm_arrays *other_handle;

static int come_back(const struct shm_array_update *u, void *context)
{
    (void)context;
    uint64_t v;
    ck_fails(shm_arrays_update(set, LIBSHM_ADD, 0, data, NULL), EDEADLK);
    ck_fails(shm_arrays_update_with(set, come_back, NULL, NULL, NULL), EDEADLK);
    ck_fails(shm_arrays_write(set, data), EDEADLK);
    ck_fails(shm_arrays_read(set, out), EDEADLK);
    ck_fails(shm_arrays_read_one(set, 0, got), EDEADLK);
    ck_fails(shm_arrays_update(other_handle, LIBSHM_ADD, 0, data, NULL), EDEADLK);
    ck_fails(shm_arrays_read(other_handle, out), EDEADLK);
    ck_fails(shm_arrays_close(set), EDEADLK);
    ck_works(shm_arrays_version(set, 0, &v));
    memcpy(u->result, u->old, u->nbytes);
    return 0;
}

static void *read_meanwhile(void *context)
{
    *(int *)context = shm_arrays_read(set, out);
    return NULL;
}

/* Another thread is not locked out: it reads without a lock. */
static int let_another_thread_read(const struct shm_array_update *u, void *context)
{
    pthread_t thread;
    ck_assert_int_eq(pthread_create(&thread, NULL, read_meanwhile, context), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    memcpy(u->result, u->old, u->nbytes);
    return 0;
}

START_TEST(a_callback_that_comes_back)
{
    int result = -1;
    make_set();
    other_handle = shm_arrays_attach(root);
    ck_made(other_handle);
    ck_works(shm_arrays_update_with(set, come_back, NULL, NULL, NULL));
    ck_works(shm_arrays_update_with(set, let_another_thread_read, &result, NULL, NULL));
    ck_assert_int_eq(result, 0);
    add();
    ck_works(shm_arrays_close(other_handle));
    end_set();
}
END_TEST

/* A callback of one set may use another set. */
static int use_the_other_set(const struct shm_array_update *u, void *context)
{
    double x = 1;
    const void *one[] = {&x};
    void *back[] = {&x};
    memcpy(u->result, u->old, u->nbytes);
    return shm_arrays_update(context, LIBSHM_ADD, 0, one, NULL) ||
           shm_arrays_read(context, back);
}

START_TEST(a_callback_that_uses_another_set)
{
    double x = 0;
    struct shm_array_spec spec = {.dtype = LIBSHM_FLOAT64};
    make_set();
    struct shm_arrays *other = shm_arrays_create(&spec, 1, NULL, 0600);
    ck_made(other);
    ck_works(shm_arrays_update_with(set, use_the_other_set, other, NULL, NULL));
    ck_works(shm_arrays_read_one(other, 0, &x));
    ck_assert_double_eq(x, 2);
    ck_works(shm_arrays_remove(other));
    ck_works(shm_arrays_close(other));
    end_set();
}
END_TEST

/* ---- Fork
 * ------------------------------------------------------------------------------------ */

static pid_t child;

/* The child returns from the callback as if it were the parent. */
static int fork_inside(const struct shm_array_update *u, void *context)
{
    (void)context;
    if (u->index == 0) {
        child = fork();
        if (child == 0)
            memset(u->result, 0x55, u->nbytes);
    }
    if (child > 0) {
        int status;
        while (waitpid(child, &status, 0) < 0 && errno == EINTR)
            ;
        if (u->index == 0)
            *(int *)context = WIFEXITED(status) ? WEXITSTATUS(status) : 99;
        memcpy(u->result, ones, u->nbytes);
    }
    return 0;
}

/* In the child: the update is not its own, the lock neither, but it may read. */
static int judge_child(int result)
{
    uint64_t v;
    if (result != -1 || errno != EPERM)
        return 1;
    if (shm_arrays_version(set, 0, &v) < 0 || v != 1)
        return 2;
    if (shm_arrays_read(set, out) < 0 || memcmp(got, ones, sizeof got) != 0)
        return 3;
    shm_arrays_settimeout(set, 20);
    if (shm_arrays_update(set, LIBSHM_ADD, 0, data, NULL) != -1 || errno != EAGAIN)
        return 4; /* the parent still holds it */
    return 0;
}

START_TEST(a_child_forked_in_a_callback_does_not_own_the_lock)
{
    int status = -1;
    make_set();
    add();
    int result = shm_arrays_update_with(set, fork_inside, &status, NULL, NULL);
    if (child == 0)
        _exit(judge_child(result));
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(result, 0);
    ck_assert_uint_eq(version(), 2);
    shm_arrays_settimeout(set, 1000);
    add();
    ck_works(shm_arrays_read(set, out));
    ck_assert_double_eq(got[0], 2);
    end_set();
}
END_TEST

/* ---- Holders that stop or die
 * ------------------------------------------------------------------ */

static int raise_inside(const struct shm_array_update *u, void *context)
{
    memset(u->result, 0x55, u->nbytes);
    if (*(int *)context)
        raise(*(int *)context);
    *(int *)context = 0; /* once */
    memcpy(u->result, u->old, u->nbytes);
    return 0;
}

/* Attaches by the key alone, as an unrelated process does. */
static int hold_and_raise(void *signal)
{
    struct shm_arrays *a = shm_arrays_attach(root);
    CHILD_EXPECT(a);
    CHILD_EXPECT(shm_arrays_update_with(a, raise_inside, signal, NULL, NULL) == 0);
    return shm_arrays_close(a);
}

static void lock_is_free_within(double seconds)
{
    double start = seconds_now();
    shm_arrays_settimeout(set, (long)(seconds * 1000));
    add();
    ck_assert_double_lt(seconds_now() - start, seconds);
}

START_TEST(a_stopped_holder_lets_others_time_out)
{
    int stop = SIGSTOP, status;
    make_set();
    add();
    pid_t pid = child_start(hold_and_raise, &stop);
    ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
    ck_assert(WIFSTOPPED(status));
    ck_works(shm_arrays_read(set, out));
    ck_assert_double_eq(got[LENGTH - 1], 1);
    for (long timeout = 0; timeout <= 60; timeout += 30) {
        double start = seconds_now();
        shm_arrays_settimeout(set, timeout);
        ck_fails(shm_arrays_update(set, LIBSHM_ADD, 0, data, NULL), EAGAIN);
        ck_assert_msg(strstr(shm_error_detail(), "stayed locked") != NULL, "%s",
                      shm_error_detail());
        ck_fails(shm_arrays_write(set, data), EAGAIN);
        ck_assert_double_ge(seconds_now() - start, 2e-3 * (double)timeout);
    }
    kill(pid, SIGCONT);
    ck_assert_int_eq(child_end(pid), 0);
    lock_is_free_within(0.05);
    ck_works(shm_arrays_read(set, out));
    ck_assert_double_eq(got[0], 2);
    end_set();
}
END_TEST

/* The first of three partitions is held by a process that does not go on. */
START_TEST(a_busy_partition_does_not_keep_others_waiting)
{
    static const size_t shape[] = {20000};
    static int8_t bytes[20000];
    const void *all[] = {bytes, bytes, bytes};
    int stop = SIGSTOP, status;
    struct shm_array_spec specs[3];
    for (int i = 0; i < 3; i++)
        specs[i] = (struct shm_array_spec){
            .key = 2 - i, .dtype = LIBSHM_INT8, .ndim = 1, .shape = shape};
    set = shm_arrays_create(specs, 3, NULL, 0600);
    ck_made(set);
    ck_assert_uint_eq(shm_arrays_npartitions(set), 3);
    root = shm_arrays_root(set);
    pid_t pid = child_start(hold_and_raise, &stop);
    ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
    uint64_t before[3], after[3];
    int moved = 0;
    for (size_t p = 0; p < 3; p++)
        ck_works(shm_arrays_version(set, p, &before[p]));
    shm_arrays_settimeout(set, 20);
    for (int i = 0; i < 3; i++) /* whichever it starts with */
        ck_fails(shm_arrays_update(set, LIBSHM_ADD, 0, all, NULL), EAGAIN);
    for (size_t p = 0; p < 3; p++) {
        ck_works(shm_arrays_version(set, p, &after[p]));
        ck_assert(after[p] == before[p] || after[p] == before[p] + 3);
        moved += after[p] != before[p];
    }
    ck_assert_int_eq(moved, 2);
    kill(pid, SIGKILL);
    child_end(pid);
    ck_works(shm_arrays_update(set, LIBSHM_ADD, 0, all, NULL));
    end_set();
}
END_TEST

START_TEST(a_killed_holder_leaves_the_old_version)
{
    int signal = SIGKILL;
    make_set();
    add();
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(child_run(hold_and_raise, &signal), 128 + SIGKILL);
        ck_works(shm_arrays_read(set, out));
        ck_assert_double_eq(got[0], i + 1);
        ck_assert_double_eq(got[LENGTH - 1], i + 1);
        lock_is_free_within(0.05);
    }
    ck_assert_uint_eq(version(), 21);
    end_set();
}
END_TEST

static void on_alarm(int number)
{
    (void)number;
}

/* A wait is ended by a signal as long as the call has changed nothing. */
START_TEST(a_signal_ends_a_wait)
{
    int stop = SIGSTOP, status;
    struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
    make_set();
    pid_t pid = child_start(hold_and_raise, &stop);
    ck_assert_int_eq(waitpid(pid, &status, WUNTRACED), pid);
    sigaction(SIGUSR1, &action, NULL);
    pid_t bell = fork();
    if (bell == 0) {
        while (getppid() != 1 && kill(getppid(), SIGUSR1) == 0)
            nap_before(0);
        _exit(0);
    }
    ck_fails(shm_arrays_update(set, LIBSHM_ADD, 0, data, NULL), EINTR);
    kill(bell, SIGKILL);
    child_end(bell);
    kill(pid, SIGKILL);
    child_end(pid);
    lock_is_free_within(0.05);
    ck_assert_uint_eq(version(), 1);
    end_set();
}
END_TEST

/* ---- Removal
 * ----------------------------------------------------------------------------------- */

static int remove_inside(const struct shm_array_update *u, void *context)
{
    (void)context;
    memcpy(u->result, u->old, u->nbytes);
    return u->index == 0 ? shm_arrays_remove(set) : 0;
}

START_TEST(removed_by_its_own_callback)
{
    make_set();
    ck_fails(shm_arrays_update_with(set, remove_inside, NULL, NULL, NULL), EIDRM);
    ck_refuses(shm_arrays_attach(root), ENOENT);
    ck_works(shm_arrays_close(set));
}
END_TEST

static int wait_for_the_lock(void *context)
{
    (void)context;
    struct shm_arrays *a = shm_arrays_attach(root);
    CHILD_EXPECT(a);
    CHILD_EXPECT(shm_arrays_write(a, data) == -1 && errno == EIDRM);
    return shm_arrays_close(a);
}

static int waiters(void)
{
    struct shm_key_pair pair;
    shm_arrays_keys(set, &pair, 1);
    return shm_backend_semctl(shm_getsemid(pair.semaphore_key), 0, LIBSHM_GETNCNT,
                              (union shm_backend_semun){0});
}

/* Removes the set while another process sleeps for its lock. */
static int remove_under_a_sleeper(const struct shm_array_update *u, void *context)
{
    pid_t *pid = context;
    memcpy(u->result, u->old, u->nbytes);
    if (u->index != 0)
        return 0;
    *pid = child_start(wait_for_the_lock, NULL);
    ck_eventually(waiters() == 1);
    return shm_arrays_remove(set);
}

START_TEST(removal_wakes_who_waits)
{
    pid_t pid = 0;
    make_set();
    ck_fails(shm_arrays_update_with(set, remove_under_a_sleeper, &pid, NULL, NULL), EIDRM);
    ck_assert_int_eq(child_end(pid), 0);
    ck_works(shm_arrays_close(set));
}
END_TEST

int main(void)
{
    const TTest *tests[] = {a_callback_computes,
                            a_callback_sees_each_array_once,
                            a_callback_that_fails_publishes_nothing,
                            a_callback_that_comes_back,
                            a_callback_that_uses_another_set,
                            a_child_forked_in_a_callback_does_not_own_the_lock,
                            a_stopped_holder_lets_others_time_out,
                            a_busy_partition_does_not_keep_others_waiting,
                            a_killed_holder_leaves_the_old_version,
                            a_signal_ends_a_wait,
                            removed_by_its_own_callback,
                            removal_wakes_who_waits};
    return RUN_TESTS("arrays_callback", tests);
}
