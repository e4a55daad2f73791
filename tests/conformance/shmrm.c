/* Removing and locking segments (S1.39 to S1.47, S5.26). */
#include "config.h"

#include "tests/conformance/conform.h"

#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static bool is_gone(int id)
{
    struct shmid_ds ds;

    return shmctl(id, IPC_STAT, &ds) == -1 && errno == EINVAL;
}

START_TEST(removed_when_not_attached) /* S1.39 */
{
    key_t key = free_key();
    int id = segment_at(key, 100, 0600);

    EXPECT_OK(shmdt(attach(id)));
    EXPECT_OK(remove_segment(id));
    EXPECT(is_gone(id));
    EXPECT_ERR(shmget(key, 0, 0), ENOENT);
    EXPECT_ERR(remove_segment(id), EINVAL);
    EXPECT_ERR(shmat(id, NULL, 0), EINVAL);
}
END_TEST

START_TEST(removed_while_attached) /* S1.40, S1.43 */
{
    int id = segment_at(free_key(), 100, 0640);
    char *bytes = attach(id);

    strcpy(bytes, "still here");
    EXPECT_OK(remove_segment(id));
    struct shmid_ds ds = segment_stat(id);
    EXPECT_INT(key_of(&ds.shm_perm), 0);
    EXPECT_INT(ds.shm_perm.mode, SHM_DEST | 0640);
    EXPECT_INT((long long)ds.shm_segsz, 100);
    EXPECT_INT((long long)ds.shm_nattch, 1);
    EXPECT_OK(remove_segment(id));
    EXPECT_INT(strcmp(bytes, "still here"), 0);
    EXPECT_OK(shmdt(bytes));
    EXPECT(is_gone(id));
}
END_TEST

START_TEST(old_key_is_free_at_once) /* S1.41 */
{
    key_t key = free_key();
    int id = segment_at(key, 100, 0600);
    char *bytes = attach(id);

    strcpy(bytes, "old");
    EXPECT_OK(remove_segment(id));
    EXPECT_ERR(shmget(key, 0, 0), ENOENT);
    int other = segment_at(key, 50, 0600);
    EXPECT(other != id);
    EXPECT_INT(*(char *)attach(other), 0);
    EXPECT_OK(shmdt(bytes));
    EXPECT_INT(shmget(key, 0, 0), other);
}
END_TEST

START_TEST(marked_segment_is_used_by_its_id) /* S1.42 */
{
    int id = segment_at(free_key(), 100, 0600);
    char *first = attach(id);

    EXPECT_OK(remove_segment(id));
    char *second = attach(id);
    second[5] = 55;
    EXPECT_INT(first[5], 55);
    union object_ds ds = object_stat(&families[SHM], id);
    ds.perm.mode = 0660;
    EXPECT_OK(object_set(&families[SHM], id, &ds));
    EXPECT_INT(segment_stat(id).shm_perm.mode, SHM_DEST | 0660);
    EXPECT_OK(shmdt(first));
    EXPECT_INT(nattch(id), 1);
    EXPECT_OK(shmdt(second));
    EXPECT(is_gone(id));
}
END_TEST

struct target {
    int id;
    struct gate gate;
};

static void attach_as_another(void *context)
{
    char *bytes = attach(*(int *)context);

    EXPECT_INT(bytes[0], 9);
    EXPECT_OK(shmdt(bytes));
    EXPECT_ERR(remove_segment(*(int *)context), EPERM);
}

START_TEST(marked_segment_is_attached_by_others) /* S1.42 */
{
    int id = segment_at(free_key(), 100, 0666);
    char *bytes = attach(id);

    bytes[0] = 9;
    EXPECT_OK(remove_segment(id));
    if (have_strangers())
        EXPECT_INT(run_stranger(attach_as_another, &id), 0);
    EXPECT_INT(nattch(id), 1);
    EXPECT_OK(shmdt(bytes));
    EXPECT(is_gone(id));
}
END_TEST

static void attach_and_stay(void *context)
{
    struct target *t = context;

    attach(t->id);
    gate_arrive(&t->gate);
    exec_idle(&t->gate);
}

static pid_t start_attached(struct target *t)
{
    t->id = new_segment(100, 0600);
    gate_make(&t->gate);
    pid_t pid = start(attach_and_stay, t);
    gate_await(&t->gate);
    EXPECT_OK(remove_segment(t->id));
    EXPECT_INT(nattch(t->id), 1);
    return pid;
}

static void expect_gone_for_another(void *context)
{
    struct shmid_ds ds;

    EXPECT_INT(shmctl(*(int *)context, IPC_STAT, &ds), -1);
    EXPECT(errno == EINVAL || (errno == EACCES && differs("S5.26")));
}

START_TEST(goes_with_a_kill) /* S1.44, S5.26 */
{
    struct target t;
    pid_t pid = start_attached(&t);

    kill(pid, SIGKILL);
    await_zombie(pid);
    if (have_strangers())
        EXPECT_INT(run_stranger(expect_gone_for_another, &t.id), 0);
    EXPECT(is_gone(t.id));
    EXPECT_ERR(shmat(t.id, NULL, 0), EINVAL);
    EXPECT_INT(reap(pid), 128 + SIGKILL);
}
END_TEST

START_TEST(goes_with_an_exec) /* S1.44 */
{
    struct target t;
    pid_t pid = start_attached(&t);

    gate_let_go(&t.gate);
    gate_await(&t.gate);
    EXPECT(is_gone(t.id));
    gate_let_go(&t.gate);
    EXPECT_INT(reap(pid), 0);
}
END_TEST

START_TEST(goes_with_a_readonly_attach) /* S1.44 */
{
    int id = new_segment(100, 0600);
    char *bytes = attach_flags(id, NULL, SHM_RDONLY);

    EXPECT_OK(remove_segment(id));
    EXPECT_INT(nattch(id), 1);
    EXPECT_OK(shmdt(bytes));
    EXPECT(is_gone(id));
}
END_TEST

START_TEST(removal_keeps_ctime) /* S1.45 */
{
    int id = new_segment(100, 0600);
    char *bytes = attach(id);
    time_t made = segment_stat(id).shm_ctime;

    await_next_second();
    EXPECT_OK(remove_segment(id));
    EXPECT_INT(segment_stat(id).shm_ctime, made);
    EXPECT_OK(shmdt(bytes));
}
END_TEST

START_TEST(locking_shows_in_the_mode) /* S1.46 */
{
    int id = new_segment(100, 0600);
    struct rlimit limit;

    EXPECT_OK(getrlimit(RLIMIT_MEMLOCK, &limit));
    if (geteuid() != 0 && limit.rlim_cur < 65536)
        return;
    EXPECT_OK(shmctl(id, SHM_LOCK, NULL));
    EXPECT_INT(segment_stat(id).shm_perm.mode, SHM_LOCKED | 0600);
    EXPECT_OK(shmctl(id, SHM_LOCK, NULL));
    EXPECT_OK(shmctl(id, SHM_UNLOCK, NULL));
    EXPECT_INT(segment_stat(id).shm_perm.mode, 0600);
    EXPECT_OK(remove_segment(id));
    EXPECT_ERR(shmctl(id, SHM_LOCK, NULL), EINVAL);
}
END_TEST

static void set_memlock(rlim_t bytes)
{
    struct rlimit limit = {bytes, bytes};

    EXPECT_OK(setrlimit(RLIMIT_MEMLOCK, &limit));
}

static void lock_without_allowance(void *unused)
{
    int id = new_segment(100, 0600);

    (void)unused;
    set_memlock(0);
    EXPECT_ERR(shmctl(id, SHM_LOCK, NULL), EPERM);
    EXPECT_INT(segment_stat(id).shm_perm.mode, 0600);
    EXPECT_OK(shmctl(id, SHM_UNLOCK, NULL));
}

static void lock_of_another(void *id)
{
    EXPECT_ERR(shmctl(*(int *)id, SHM_LOCK, NULL), EPERM);
    EXPECT_ERR(shmctl(*(int *)id, SHM_UNLOCK, NULL), EPERM);
}

START_TEST(who_may_lock) /* S1.47 */
{
    if (!have_strangers())
        return;
    int id = new_segment(100, 0666);
    EXPECT_INT(run_stranger(lock_of_another, &id), 0);
    EXPECT_INT(run_stranger(lock_without_allowance, NULL), 0);
}
END_TEST

static void lock_too_much(void *unused)
{
    int small = new_segment(4096, 0600), large = new_segment(1 << 20, 0600);

    (void)unused;
    set_memlock(128 << 10);
    EXPECT_ERR(shmctl(large, SHM_LOCK, NULL), ENOMEM);
    EXPECT_INT(segment_stat(large).shm_perm.mode, 0600);
    /* Counted for each user: another test may have something locked as the same one now. */
    UNTIL(shmctl(small, SHM_LOCK, NULL) == 0);
    EXPECT_OK(shmctl(small, SHM_UNLOCK, NULL));
}

START_TEST(lock_of_more_than_allowed) /* S1.50 */
{
    if (have_strangers())
        EXPECT_INT(run_stranger(lock_too_much, NULL), 0);
}
END_TEST

void shmrm_chapter(void)
{
    ADD_TESTS(removed_when_not_attached, removed_while_attached, old_key_is_free_at_once,
              marked_segment_is_used_by_its_id, marked_segment_is_attached_by_others,
              goes_with_a_kill, goes_with_an_exec, goes_with_a_readonly_attach,
              removal_keeps_ctime, locking_shows_in_the_mode, who_may_lock,
              lock_of_more_than_allowed);
}
