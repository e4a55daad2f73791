/* Semaphores and their handles: doc/legacy.md, sections 2 and 4. */
#include "config.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "libshm/backend.h"
#include "tests/suite.h"

#define GONE "can't access semaphore"

static struct shm_semaphore *make(int value)
{
    struct shm_semaphore *s = shm_create_semaphore(test_key(0), value, 0600);
    ck_made(s);
    return s;
}

static int id_of(struct shm_semaphore *s)
{
    int id = -1;
    ck_works(shm_semaphore_semid(s, &id));
    return id;
}

static int val_of(struct shm_semaphore *s)
{
    int val = -1;
    ck_works(shm_semaphore_val(s, &val));
    return val;
}

static int ncnt_of(struct shm_semaphore *s)
{
    int n = -1;
    ck_works(shm_semaphore_ncnt(s, &n));
    return n;
}

static int zcnt_of(struct shm_semaphore *s)
{
    int n = -1;
    ck_works(shm_semaphore_zcnt(s, &n));
    return n;
}

static int blocking_of(struct shm_semaphore *s)
{
    int blocking = -1;
    ck_works(shm_semaphore_blocking(s, &blocking));
    return blocking;
}

/* Bodies of children and threads: the errno of the call, 0 if it succeeded. */
static int child_p(void *s)
{
    return shm_semaphore_p(s) == 0 ? 0 : errno;
}

static int child_z(void *s)
{
    return shm_semaphore_z(s) == 0 ? 0 : errno;
}

static void *thread_p(void *s)
{
    static const char failed;
    return shm_semaphore_p(s) == 0 ? NULL : (void *)&failed;
}

START_TEST(members_of_a_new_semaphore)
{
    int64_t before = time(NULL);
    umask(0777);
    struct shm_semaphore *s = shm_create_semaphore(test_key(0), 7, 0646);
    ck_made(s);
    struct shm_semaphore_status st;
    ck_works(shm_semaphore_stat(s, &st));
    ck_assert_int_eq(st.val, 7);
    ck_assert_int_eq(st.ncnt, 0);
    ck_assert_int_eq(st.zcnt, 0);
    ck_assert_int_eq(st.lpid, getpid());
    ck_assert_uint_eq(st.perm, 0646);
    ck_assert_int_eq(st.blocking, 1);
    ck_assert_uint_eq(st.key, (uint32_t)test_key(0));
    ck_assert_int_eq(st.semid, shm_getsemid(test_key(0)));
    ck_assert_uint_eq(st.uid, geteuid());
    ck_assert_uint_eq(st.gid, getegid());
    ck_assert_uint_eq(st.cuid, geteuid());
    ck_assert_uint_eq(st.cgid, getegid());
    ck_assert_int_eq(st.otime, 0);
    ck_assert_int_ge(st.ctime, before);
    ck_assert_int_le(st.ctime, time(NULL));
}
END_TEST

#define SAME(member, type)                                                                     \
    do {                                                                                       \
        type value;                                                                            \
        ck_works(shm_semaphore_##member(s, &value));                                           \
        ck_assert_msg(value == st.member, "%s differs", #member);                              \
    } while (0)

START_TEST(members_one_by_one)
{
    struct shm_semaphore *s = make(3);
    struct shm_semaphore_status st;
    ck_works(shm_semaphore_p(s));
    ck_works(shm_semaphore_stat(s, &st));
    ck_assert_int_gt(st.otime, 0);
    SAME(val, int);
    SAME(ncnt, int);
    SAME(zcnt, int);
    SAME(lpid, pid_t);
    SAME(perm, mode_t);
    SAME(blocking, int);
    SAME(key, uint32_t);
    SAME(semid, int);
    SAME(uid, uid_t);
    SAME(gid, gid_t);
    SAME(cuid, uid_t);
    SAME(cgid, gid_t);
}
END_TEST

START_TEST(creation_refuses_and_leaves_nothing)
{
    ck_refuses(shm_create_semaphore(test_key(0), -1, 0600), ERANGE);
    ck_refuses(shm_create_semaphore(test_key(0), 32768, 0600), ERANGE);
    ck_refuses(shm_create_semaphore(test_key(0), INT_MIN, 0600), ERANGE);
    ck_refuses(shm_create_semaphore(test_key(0), 1, 01600), EINVAL);
    ck_refuses(shm_create_semaphore(test_key(0), 1, (mode_t)-1), EINVAL);
    ck_assert_int_eq(shm_semaphore_haskey(test_key(0)), 0);
    make(32767);
    ck_refuses(shm_create_semaphore(test_key(0), 1, 0600), EEXIST);
    ck_refuses(shm_create_semaphore(test_key(0), -1, 0600), ERANGE);
}
END_TEST

static int create_unusable(void *context)
{
    (void)context;
    CHILD_EXPECT(become_nobody());
    for (unsigned perm = 0; perm < 0600; perm += 0200) {
        errno = 0;
        CHILD_EXPECT(!shm_create_semaphore(test_key(0), 1, perm) && errno == EACCES);
        CHILD_EXPECT(perm & 0200 ? strcmp(shm_error_detail(), GONE) == 0
                                 : shm_error_detail()[0] != '\0');
        CHILD_EXPECT(!shm_semaphore_haskey(test_key(0)));
    }
    return 0;
}

START_TEST(creation_of_what_the_creator_cannot_use)
{
    if (have_root("a creator without permissions"))
        ck_assert_int_eq(child_run(create_unusable, NULL), 0);
}
END_TEST

START_TEST(private_semaphores_are_all_new)
{
    struct shm_semaphore *a = noted_semaphore(shm_create_semaphore(LIBSHM_PRIVATE, 1, 0600));
    struct shm_semaphore *b = noted_semaphore(shm_create_semaphore(LIBSHM_PRIVATE, 1, 0600));
    ck_made(a);
    ck_made(b);
    ck_assert_int_ne(id_of(a), id_of(b));
    uint32_t key = 1;
    ck_works(shm_semaphore_key(a, &key));
    ck_assert_uint_eq(key, 0);
}
END_TEST

START_TEST(p_takes_and_v_gives)
{
    struct shm_semaphore *s = make(2);
    ck_works(shm_semaphore_p(s));
    ck_works(shm_semaphore_p(s));
    ck_assert_int_eq(val_of(s), 0);
    ck_works(shm_semaphore_z(s));
    ck_works(shm_semaphore_v(s));
    ck_assert_int_eq(val_of(s), 1);
}
END_TEST

START_TEST(without_blocking_p_and_z_are_refused)
{
    struct shm_semaphore *s = make(0);
    ck_works(shm_semaphore_setblocking(s, 0));
    ck_assert_int_eq(blocking_of(s), 0);
    ck_fails(shm_semaphore_p(s), EAGAIN);
    ck_fails(shm_semaphore_p_timed(s, -1), EAGAIN);
    ck_works(shm_semaphore_z(s));
    ck_works(shm_semaphore_v(s));
    ck_fails(shm_semaphore_z(s), EAGAIN);
    ck_fails(shm_semaphore_z_timed(s, 20000), EAGAIN);
    ck_works(shm_semaphore_p(s));
    ck_works(shm_semaphore_setblocking(s, 42));
    ck_assert_int_eq(blocking_of(s), 1);
}
END_TEST

START_TEST(values_have_a_range)
{
    struct shm_semaphore *s = make(32767);
    ck_fails(shm_semaphore_v(s), ERANGE);
    ck_fails(shm_semaphore_setval(s, 32768), ERANGE);
    ck_fails(shm_semaphore_setval(s, -1), ERANGE);
    ck_assert_int_eq(val_of(s), 32767);
    ck_works(shm_semaphore_setval(s, 0));
    ck_assert_int_eq(val_of(s), 0);
}
END_TEST

START_TEST(time_runs_out)
{
    struct shm_semaphore *s = make(0);
    double start = seconds_now();
    ck_fails(shm_semaphore_p_timed(s, 60), EAGAIN);
    ck_assert(seconds_now() - start >= 0.06);
    ck_fails(shm_semaphore_p_timed(s, 0), EAGAIN);
    ck_works(shm_semaphore_z_timed(s, 0));
    ck_works(shm_semaphore_setval(s, 1));
    start = seconds_now();
    ck_fails(shm_semaphore_z_timed(s, 60), EAGAIN);
    ck_assert(seconds_now() - start >= 0.06);
    ck_fails(shm_semaphore_z_timed(s, 0), EAGAIN);
    ck_works(shm_semaphore_p_timed(s, 0));
    ck_assert_int_eq(ncnt_of(s), 0);
    ck_assert_int_eq(zcnt_of(s), 0);
}
END_TEST

static int child_p_timed(void *s)
{
    return shm_semaphore_p_timed(s, 20000) == 0 ? 0 : errno;
}

static int child_p_for_ever(void *s)
{
    return shm_semaphore_p_timed(s, LONG_MIN) == 0 ? 0 : errno;
}

START_TEST(timed_calls_wait_for_v)
{
    struct shm_semaphore *s = make(0);
    pid_t a = child_start(child_p_timed, s), b = child_start(child_p_for_ever, s);
    ck_eventually(ncnt_of(s) == 2);
    ck_works(shm_semaphore_v(s));
    ck_works(shm_semaphore_v(s));
    ck_assert_int_eq(child_end(a), 0);
    ck_assert_int_eq(child_end(b), 0);
    ck_assert_int_eq(val_of(s), 0);
}
END_TEST

START_TEST(waiters_are_counted_and_woken)
{
    struct shm_semaphore *s = make(0);
    pid_t a = child_start(child_p, s), b = child_start(child_p, s);
    ck_eventually(ncnt_of(s) == 2);
    ck_works(shm_semaphore_v(s));
    ck_eventually(ncnt_of(s) == 1);
    ck_assert_int_eq(val_of(s), 0);
    ck_works(shm_semaphore_setval(s, 1));
    ck_assert_int_eq(child_end(a), 0);
    ck_assert_int_eq(child_end(b), 0);
    ck_works(shm_semaphore_setval(s, 2));
    a = child_start(child_z, s);
    ck_eventually(zcnt_of(s) == 1);
    ck_assert_int_eq(ncnt_of(s), 0);
    ck_works(shm_semaphore_p(s));
    ck_works(shm_semaphore_p(s));
    ck_assert_int_eq(child_end(a), 0);
    pid_t last = 0;
    ck_works(shm_semaphore_lpid(s, &last));
    ck_assert_int_eq(last, a);
}
END_TEST

START_TEST(removal_wakes_waiters)
{
    struct shm_semaphore *s = make(0);
    pid_t child = child_start(child_p, s);
    ck_eventually(ncnt_of(s) == 1);
    ck_works(shm_remove_semaphore(id_of(s)));
    ck_assert_int_eq(child_end(child), EIDRM);
}
END_TEST

#define ck_gone(call)                                                                          \
    do {                                                                                       \
        ck_fails(call, EIDRM);                                                                 \
        ck_says(GONE);                                                                         \
    } while (0)

static void check_all_refuse(struct shm_semaphore *s)
{
    struct shm_semaphore_status st;
    ck_gone(shm_semaphore_p(s));
    ck_gone(shm_semaphore_v(s));
    ck_gone(shm_semaphore_z(s));
    ck_gone(shm_semaphore_p_timed(s, 0));
    ck_gone(shm_semaphore_z_timed(s, 0));
    ck_gone(shm_semaphore_setblocking(s, 1));
    ck_gone(shm_semaphore_setundo(s, 1));
    ck_gone(shm_semaphore_setval(s, 1));
    ck_gone(shm_semaphore_setperm(s, 0600));
    ck_gone(shm_semaphore_setuid(s, geteuid()));
    ck_gone(shm_semaphore_setgid(s, getegid()));
    ck_gone(shm_semaphore_stat(s, &st));
    ck_gone(shm_semaphore_val(s, &(int){0}));
    ck_gone(shm_semaphore_ncnt(s, &(int){0}));
    ck_gone(shm_semaphore_zcnt(s, &(int){0}));
    ck_gone(shm_semaphore_lpid(s, &(pid_t){0}));
    ck_gone(shm_semaphore_perm(s, &(mode_t){0}));
    ck_gone(shm_semaphore_blocking(s, &(int){0}));
    ck_gone(shm_semaphore_key(s, &(uint32_t){0}));
    ck_gone(shm_semaphore_semid(s, &(int){0}));
    ck_gone(shm_semaphore_uid(s, &(uid_t){0}));
    ck_gone(shm_semaphore_gid(s, &(gid_t){0}));
    ck_gone(shm_semaphore_cuid(s, &(uid_t){0}));
    ck_gone(shm_semaphore_cgid(s, &(gid_t){0}));
}

START_TEST(a_removed_semaphore_refuses_everything)
{
    struct shm_semaphore *old = make(1);
    int id = id_of(old);
    ck_works(shm_remove_semaphore(id));
    check_all_refuse(old);
    ck_fails(shm_remove_semaphore(id), EINVAL);
    ck_refuses(shm_semaphore(id), EINVAL);
    ck_says(GONE);
    struct shm_semaphore *new = make(1);
    ck_assert_ptr_ne(new, old);
    check_all_refuse(old);
    ck_works(shm_semaphore_p(new));
}
END_TEST

static int remove_elsewhere(void *id)
{
    return shm_remove_semaphore(*(int *)id);
}

START_TEST(removed_by_another_process)
{
    struct shm_semaphore *s = make(1);
    int id = id_of(s);
    ck_works(shm_semaphore_p(s));
    ck_works(shm_semaphore_v(s));
    ck_assert_int_eq(child_run(remove_elsewhere, &id), 0);
    check_all_refuse(s);
}
END_TEST

START_TEST(unknown_ids)
{
    static const int never[] = {-1, INT_MIN, INT_MAX};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        ck_refuses(shm_semaphore(never[i]), EINVAL);
        ck_says(GONE);
        ck_fails(shm_remove_semaphore(never[i]), EINVAL);
    }
}
END_TEST

static void on_signal(int number)
{
    (void)number;
}

static int child_p_with_handler(void *s)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    sigaction(SIGUSR1, &action, NULL);
    return child_p(s);
}

static int child_z_with_handler(void *s)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, NULL);
    return child_z(s);
}

START_TEST(signals_interrupt)
{
    struct shm_semaphore *s = make(0);
    pid_t child = child_start(child_p_with_handler, s);
    ck_eventually(ncnt_of(s) == 1);
    kill(child, SIGUSR1);
    ck_assert_int_eq(child_end(child), EINTR);
    ck_assert_int_eq(ncnt_of(s), 0);
    ck_works(shm_semaphore_v(s));
    child = child_start(child_z_with_handler, s);
    ck_eventually(zcnt_of(s) == 1);
    kill(child, SIGUSR1);
    ck_assert_int_eq(child_end(child), EINTR);
    ck_assert_int_eq(val_of(s), 1);
    ck_assert_int_eq(zcnt_of(s), 0);
}
END_TEST

static int take_and_be_killed(void *s)
{
    if (shm_semaphore_p(s) == 0)
        kill(getpid(), SIGKILL);
    return 1;
}

static int take_with_undo_and_be_killed(void *s)
{
    CHILD_EXPECT(shm_semaphore_setundo(s, 1) == 0);
    return take_and_be_killed(s);
}

static int give_with_undo(void *s)
{
    CHILD_EXPECT(shm_semaphore_setundo(s, 1) == 0);
    CHILD_EXPECT(shm_semaphore_v(s) == 0);
    return 0;
}

static atomic_int times_asked;
static struct shm_semaphore *given_when_asked;

static int give_up_when_asked_twice(void)
{
    return ++times_asked == 2;
}

static int give_when_asked(void)
{
    times_asked++;
    return shm_semaphore_v(given_when_asked) == 0;
}

/* Where the kernel waits, nothing is asked. */
START_TEST(waiting_calls_ask_whether_to_give_up)
{
    struct shm_semaphore *s = make(0);
    bool asks = strcmp(shm_backend(), "posix") == 0;
    shm_setinterrupt(give_up_when_asked_twice);
    ck_fails(shm_semaphore_p_timed(s, asks ? 10000 : 100), asks ? EINTR : EAGAIN);
    ck_assert_int_eq(times_asked, asks ? 2 : 0);
    ck_assert_int_eq(ncnt_of(s), 0);
    shm_setinterrupt(NULL);
    ck_fails(shm_semaphore_p_timed(s, 100), EAGAIN);
    ck_assert_int_eq(times_asked, asks ? 2 : 0);
    shm_semaphore_free(s);
}
END_TEST

/* What is asked may use the very semaphore, as a handler may; the wait is over by then or ends. */
START_TEST(what_is_asked_may_make_calls)
{
    struct shm_semaphore *s = given_when_asked = make(0);
    bool asks = strcmp(shm_backend(), "posix") == 0;
    times_asked = 0;
    shm_setinterrupt(give_when_asked);
    ck_fails(shm_semaphore_p_timed(s, asks ? 10000 : 100), asks ? EINTR : EAGAIN);
    shm_setinterrupt(NULL);
    ck_assert_int_eq(val_of(s), times_asked);
    ck_assert_int_eq(ncnt_of(s), 0);
    shm_semaphore_free(s);
}
END_TEST

START_TEST(undo_gives_back)
{
    struct shm_semaphore *s = make(1);
    ck_assert_int_eq(child_run(take_with_undo_and_be_killed, s), 128 + SIGKILL);
    ck_assert_int_eq(val_of(s), 1);
    ck_assert_int_eq(child_run(give_with_undo, s), 0);
    ck_assert_int_eq(val_of(s), 1);
    ck_assert_int_eq(child_run(take_and_be_killed, s), 128 + SIGKILL);
    ck_assert_int_eq(val_of(s), 0);
}
END_TEST

static int end_without_operation(void *s)
{
    (void)s;
    return 0;
}

START_TEST(undo_is_the_process_s_own)
{
    struct shm_semaphore *s = make(1);
    ck_works(shm_semaphore_setundo(s, 1));
    ck_works(shm_semaphore_p(s));
    ck_assert_int_eq(child_run(end_without_operation, s), 0);
    ck_assert_int_eq(val_of(s), 0);
    ck_works(shm_semaphore_v(s));
    /* The flag, unlike what is owed, is inherited. */
    ck_assert_int_eq(child_run(take_and_be_killed, s), 128 + SIGKILL);
    ck_assert_int_eq(val_of(s), 1);
}
END_TEST

static int take_with_undo_and_setval(void *s)
{
    CHILD_EXPECT(shm_semaphore_setundo(s, 1) == 0);
    CHILD_EXPECT(shm_semaphore_p(s) == 0);
    CHILD_EXPECT(shm_semaphore_setval(s, 5) == 0);
    return 0;
}

START_TEST(setval_forgets_undo)
{
    struct shm_semaphore *s = make(1);
    ck_assert_int_eq(child_run(take_with_undo_and_setval, s), 0);
    ck_assert_int_eq(val_of(s), 5);
}
END_TEST

START_TEST(one_handle_for_each_id)
{
    struct shm_semaphore *a = make(1);
    int id = id_of(a);
    ck_works(shm_semaphore_setblocking(a, 0));
    struct shm_semaphore *b = shm_semaphore(id);
    ck_assert_ptr_eq(a, b);
    shm_semaphore_free(a);
    ck_assert_int_eq(blocking_of(b), 0);
    shm_semaphore_free(b);
    b = shm_semaphore(id);
    ck_made(b);
    ck_assert_int_eq(blocking_of(b), 1);
    ck_works(shm_semaphore_p(b));
}
END_TEST

static int expect_inherited_flags(void *s)
{
    int blocking = 1;
    CHILD_EXPECT(shm_semaphore_blocking(s, &blocking) == 0 && blocking == 0);
    CHILD_EXPECT(shm_semaphore_p(s) < 0 && errno == EAGAIN);
    CHILD_EXPECT(shm_semaphore_setblocking(s, 1) == 0);
    return 0;
}

START_TEST(flags_are_inherited_not_shared)
{
    struct shm_semaphore *s = make(0);
    ck_works(shm_semaphore_setblocking(s, 0));
    ck_assert_int_eq(child_run(expect_inherited_flags, s), 0);
    ck_assert_int_eq(blocking_of(s), 0);
}
END_TEST

START_TEST(threads_wait_on_one_handle)
{
    struct shm_semaphore *s = make(0);
    pthread_t threads[2];
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, thread_p, s), 0);
    ck_eventually(ncnt_of(s) == 2);
    /* Whoever waits already goes on. */
    ck_works(shm_semaphore_setblocking(s, 0));
    ck_fails(shm_semaphore_p(s), EAGAIN);
    ck_assert_int_eq(ncnt_of(s), 2);
    ck_works(shm_semaphore_v(s));
    ck_works(shm_semaphore_v(s));
    for (int i = 0; i < 2; i++) {
        void *failed = s;
        ck_assert_int_eq(pthread_join(threads[i], &failed), 0);
        ck_assert_ptr_null(failed);
    }
    ck_assert_int_eq(val_of(s), 0);
}
END_TEST

START_TEST(sets_of_other_programs)
{
    int id = shm_backend_semget(test_key(1), 3, LIBSHM_IPC_CREAT | LIBSHM_IPC_EXCL | 0600);
    ck_assert_int_ge(id, 0);
    union shm_backend_semun two = {.val = 2};
    ck_assert_int_eq(shm_backend_semctl(id, 1, LIBSHM_SETVAL, two), 0);
    ck_assert_int_eq(shm_getsemid(test_key(1)), id);
    struct shm_semaphore *s = shm_semaphore(id);
    ck_made(s);
    ck_works(shm_semaphore_setval(s, 1));
    ck_works(shm_semaphore_p(s));
    ck_assert_int_eq(val_of(s), 0);
    ck_assert_int_eq(shm_backend_semctl(id, 1, LIBSHM_GETVAL, two), 2);
}
END_TEST

START_TEST(setperm_assigns_the_nine_bits)
{
    struct shm_semaphore *s = make(1);
    static const mode_t wanted[] = {0666, 0600, 0600, 0777, 0640};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        mode_t perm = 01;
        ck_works(shm_semaphore_setperm(s, wanted[i] | 07000));
        ck_works(shm_semaphore_perm(s, &perm));
        ck_assert_uint_eq(perm, wanted[i]);
    }
}
END_TEST

START_TEST(the_owner_changes_but_not_the_creator)
{
    if (!have_root("giving a semaphore away"))
        return;
    struct shm_semaphore *s = make(1);
    struct shm_semaphore_status st;
    ck_works(shm_semaphore_setuid(s, NOBODY));
    ck_works(shm_semaphore_setgid(s, NOBODY));
    ck_works(shm_semaphore_stat(s, &st));
    ck_assert_uint_eq(st.uid, NOBODY);
    ck_assert_uint_eq(st.gid, NOBODY);
    ck_assert_uint_eq(st.cuid, 0);
    ck_assert_uint_eq(st.cgid, 0);
    ck_fails(shm_semaphore_setuid(s, (uid_t)-1), EINVAL);
    ck_fails(shm_semaphore_setgid(s, (gid_t)-1), EINVAL);
}
END_TEST

static int stranger_without_permission(void *s)
{
    int val;
    CHILD_EXPECT(become_nobody());
    int id = shm_getsemid(test_key(0));
    CHILD_EXPECT(id >= 0 && shm_semaphore_haskey(test_key(0)) == 1);
    errno = 0;
    CHILD_EXPECT(!shm_semaphore(id) && errno == EACCES);
    CHILD_EXPECT(strcmp(shm_error_detail(), GONE) == 0);
    errno = 0;
    CHILD_EXPECT(shm_semaphore_val(s, &val) < 0 && errno == EACCES);
    CHILD_EXPECT(strcmp(shm_error_detail(), GONE) == 0);
    CHILD_EXPECT(shm_remove_semaphore(id) < 0 && errno == EPERM);
    return 0;
}

static int stranger_who_may_read(void *context)
{
    (void)context;
    int val;
    CHILD_EXPECT(become_nobody());
    struct shm_semaphore *s = shm_semaphore(shm_getsemid(test_key(1)));
    CHILD_EXPECT(s);
    CHILD_EXPECT(shm_semaphore_val(s, &val) == 0 && val == 0);
    CHILD_EXPECT(shm_semaphore_z(s) == 0);
    CHILD_EXPECT(shm_semaphore_p(s) < 0 && errno == EACCES);
    CHILD_EXPECT(shm_semaphore_v(s) < 0 && errno == EACCES);
    CHILD_EXPECT(shm_semaphore_setval(s, 1) < 0 && errno == EACCES);
    CHILD_EXPECT(shm_semaphore_setperm(s, 0666) < 0 && errno == EPERM);
    return 0;
}

/* The owner takes permissions away while a stranger uses it: reading is asked for each time. */
static int stranger_who_may_no_longer(void *pipes)
{
    const int *ends = pipes; /* to read from, to write to */
    char byte = 0;
    CHILD_EXPECT(become_nobody());
    struct shm_semaphore *s = shm_semaphore(shm_getsemid(test_key(2)));
    CHILD_EXPECT(s);
    CHILD_EXPECT(shm_semaphore_v(s) == 0);
    CHILD_EXPECT(shm_semaphore_p(s) == 0);
    CHILD_EXPECT(write(ends[1], &byte, 1) == 1 && read(ends[0], &byte, 1) == 1);
    errno = 0;
    CHILD_EXPECT(shm_semaphore_v(s) < 0 && errno == EACCES);
    CHILD_EXPECT(strcmp(shm_error_detail(), GONE) == 0);
    return 0;
}

static void lose_permission(void)
{
    struct shm_semaphore *s = shm_create_semaphore(test_key(2), 1, 0666);
    int to[2], from[2];
    char byte = 0;
    ck_made(s);
    ck_assert(pipe(to) == 0 && pipe(from) == 0);
    int ends[] = {to[0], from[1]};
    pid_t pid = child_start(stranger_who_may_no_longer, ends);
    ck_assert_int_eq(read(from[0], &byte, 1), 1);
    ck_works(shm_semaphore_setperm(s, 0602));
    ck_assert_int_eq(write(to[1], &byte, 1), 1);
    ck_assert_int_eq(child_end(pid), 0);
    close(to[0]), close(to[1]), close(from[0]), close(from[1]);
}

START_TEST(strangers)
{
    if (!have_root("other users"))
        return;
    lose_permission();
    struct shm_semaphore *s = make(1);
    ck_assert_int_eq(child_run(stranger_without_permission, s), 0);
    ck_made(shm_create_semaphore(test_key(1), 0, 0644));
    ck_assert_int_eq(child_run(stranger_who_may_read, NULL), 0);
}
END_TEST

START_TEST(success_leaves_errno_and_sentence_alone)
{
    ck_fails(shm_getsemid(0), ENOENT);
    char before[512];
    snprintf(before, sizeof before, "%s", shm_error_detail());
    struct shm_semaphore_status st;
    errno = 77;
    struct shm_semaphore *s = make(1);
    ck_works(shm_semaphore_p(s));
    ck_works(shm_semaphore_z(s));
    ck_works(shm_semaphore_v(s));
    ck_works(shm_semaphore_stat(s, &st));
    ck_works(shm_semaphore_setval(s, 3));
    ck_works(shm_semaphore_setperm(s, 0600));
    ck_assert_ptr_eq(shm_semaphore(st.semid), s);
    ck_works(shm_remove_semaphore(st.semid));
    shm_semaphore_free(s);
    shm_semaphore_free(s);
    ck_assert_int_eq(errno, 77);
    ck_says(before);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        members_of_a_new_semaphore,
        members_one_by_one,
        creation_refuses_and_leaves_nothing,
        creation_of_what_the_creator_cannot_use,
        private_semaphores_are_all_new,
        p_takes_and_v_gives,
        without_blocking_p_and_z_are_refused,
        values_have_a_range,
        time_runs_out,
        timed_calls_wait_for_v,
        waiters_are_counted_and_woken,
        removal_wakes_waiters,
        a_removed_semaphore_refuses_everything,
        removed_by_another_process,
        unknown_ids,
        signals_interrupt,
        waiting_calls_ask_whether_to_give_up,
        what_is_asked_may_make_calls,
        undo_gives_back,
        undo_is_the_process_s_own,
        setval_forgets_undo,
        one_handle_for_each_id,
        flags_are_inherited_not_shared,
        threads_wait_on_one_handle,
        sets_of_other_programs,
        setperm_assigns_the_nine_bits,
        the_owner_changes_but_not_the_creator,
        strangers,
        success_leaves_errno_and_sentence_alone,
    };
    return RUN_TESTS("semaphore", tests);
}
