/* Segments of the backend contract: creating, finding, state, removal (S0, S1). */
#include "config.h"

#include "tests/backend_check.h"

#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CREAT = LIBSHM_IPC_CREAT, EXCL = LIBSHM_IPC_EXCL };

START_TEST(private_key_always_makes_a_new_segment) /* S0.1, S0.4 */
{
    int a = new_segment(100, 0600);
    int b = shm_backend_shmget(LIBSHM_IPC_PRIVATE, 100, 0600);

    EXPECT_OK(b);
    register_segment(b);
    EXPECT(a >= 0);
    EXPECT(b >= 0);
    EXPECT(a != b);
    EXPECT_INT(segment_stat(a).perm.key, 0);
}
END_TEST

START_TEST(every_other_key_is_a_key) /* S0.2 */
{
    static const key_t keys[] = {-1, -77007, INT_MIN, INT_MAX, 1};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        int id = segment_at(keys[i], 10 + i, 0600);
        EXPECT_INT(shm_backend_shmget(keys[i], 0, 0), id);
        EXPECT_INT(segment_stat(id).perm.key, keys[i]);
    }
}
END_TEST

START_TEST(families_have_their_own_keys) /* S0.3 */
{
    key_t key = free_key();
    int segment = segment_at(key, 100, 0600);

    EXPECT_ERR(shm_backend_semget(key, 1, 0), ENOENT);
    int set = set_at(key, 3, 0600);
    EXPECT_OK(remove_segment(segment));
    EXPECT_INT(shm_backend_semget(key, 3, 0), set);
    EXPECT_ERR(shm_backend_shmget(key, 0, 0), ENOENT);
}
END_TEST

START_TEST(stale_id_names_nothing) /* S0.5, S1.39 */
{
    key_t key = free_key();
    int old = segment_at(key, 100, 0600);
    struct shm_backend_shmid_ds ds;

    EXPECT_OK(remove_segment(old));
    for (int i = 0; i < 50; i++) {
        int id = segment_at(key, 100, 0600);
        EXPECT(id != old);
        EXPECT_ERR(shm_backend_shmctl(old, LIBSHM_IPC_STAT, &ds), EINVAL);
        EXPECT_OK(remove_segment(id));
    }
    EXPECT_ERR(shm_backend_shmat(old, NULL, 0), EINVAL);
    EXPECT_ERR(remove_segment(old), EINVAL);
    EXPECT_ERR(shm_backend_shmctl(old, LIBSHM_SHM_LOCK, NULL), EINVAL);
}
END_TEST

static void make_at_key(void *key)
{
    int id = segment_at(*(key_t *)key, 100, 0600);

    strcpy(attach(id), "left by a process that is gone");
}

START_TEST(segments_outlive_their_creator) /* S0.7 */
{
    key_t key = free_key();

    EXPECT_INT(run(make_at_key, &key), 0);
    int id = (int)EXPECT_OK(shm_backend_shmget(key, 100, 0600));
    EXPECT_INT(nattch(id), 0);
    EXPECT_INT(strcmp(attach(id), "left by a process that is gone"), 0);
}
END_TEST

START_TEST(get_of_an_existing_key) /* S0.8, S0.9, S0.10, S1.6, S1.7 */
{
    key_t key = free_key();

    EXPECT_ERR(shm_backend_shmget(key, 100, 0600), ENOENT);
    EXPECT_ERR(shm_backend_shmget(key, 0, EXCL), ENOENT);
    int id = segment_at(key, 5000, 0600);
    EXPECT_ERR(shm_backend_shmget(key, 6000, CREAT | EXCL | 0600), EEXIST);
    EXPECT_ERR(shm_backend_shmget(key, 0, CREAT | EXCL), EEXIST);
    EXPECT_INT(shm_backend_shmget(key, 5000, EXCL | 0600), id);
    EXPECT_INT(shm_backend_shmget(key, 5000, CREAT | 0600), id);
    EXPECT_INT(shm_backend_shmget(key, 0, 0), id);
    EXPECT_INT(shm_backend_shmget(key, 0, CREAT), id);
    EXPECT_INT(shm_backend_shmget(key, 1, 0), id);
    EXPECT_ERR(shm_backend_shmget(key, 5001, 0), EINVAL);
    EXPECT_ERR(shm_backend_shmget(key, 5001, CREAT | 0600), EINVAL);
    EXPECT_ERR(shm_backend_shmget(key, SIZE_MAX, 0), EINVAL);
}
END_TEST

START_TEST(unknown_flags_are_ignored) /* S0.10, S1.9 */
{
    key_t key = free_key();
    int id = shm_backend_shmget(key, 100, CREAT | 0x400000 | 0640);

    EXPECT_OK(id);
    register_segment(id);
    EXPECT_INT(segment_stat(id).perm.mode, 0640);
    EXPECT_INT(shm_backend_shmget(key, 100, 0x400000), id);
}
END_TEST

START_TEST(impossible_sizes) /* S1.1, S1.2, S1.4 */
{
    key_t key = free_key();

    EXPECT_ERR(shm_backend_shmget(LIBSHM_IPC_PRIVATE, 0, 0600), EINVAL);
    EXPECT_ERR(shm_backend_shmget(key, 0, CREAT | 0600), EINVAL);
    EXPECT_ERR(shm_backend_shmget(key, SIZE_MAX, CREAT | 0600), EINVAL);
    EXPECT_ERR(shm_backend_shmget(key, SIZE_MAX - 4095, CREAT | 0600), EINVAL);
    EXPECT_ERR(shm_backend_shmget(key, 0, 0), ENOENT);
}
END_TEST

START_TEST(absurd_size_leaves_nothing) /* S1.4 */
{
    key_t key = free_key();
    size_t absurd = (size_t)1 << (sizeof(size_t) == 8 ? 47 : 30);

    if (sizeof(size_t) < 8)
        return; /* every size below SHMMAX may be possible */
    errno = 0;
    int id = shm_backend_shmget(key, absurd, CREAT | 0600);
    register_segment(id);
    EXPECT_INT(id, -1);
    EXPECT(errno == ENOMEM || (on_posix() && errno == ENOSPC));
    EXPECT_ERR(shm_backend_shmget(key, 0, 0), ENOENT);
}
END_TEST

static void expect_recent(int64_t when, int64_t before, const char *what)
{
    if (when < before || when > time(NULL) + 1)
        fail_at(__FILE__, __LINE__, "%s is %lld, expected %lld to now", what, (long long)when,
                (long long)before);
}

START_TEST(state_of_a_new_segment) /* S1.8, S1.9 */
{
    int64_t before = time(NULL) - 1;
    key_t key = free_key();
    int id = segment_at(key, 5000, 0640);
    struct shm_backend_shmid_ds ds = segment_stat(id);

    EXPECT_INT(ds.perm.key, key);
    EXPECT_INT(ds.perm.uid, geteuid());
    EXPECT_INT(ds.perm.cuid, geteuid());
    EXPECT_INT(ds.perm.gid, getegid());
    EXPECT_INT(ds.perm.cgid, getegid());
    EXPECT_INT(ds.perm.mode, 0640);
    EXPECT_INT((long long)ds.segsz, 5000);
    EXPECT_INT(ds.cpid, getpid());
    EXPECT_INT(ds.lpid, 0);
    EXPECT_INT(ds.atime, 0);
    EXPECT_INT(ds.dtime, 0);
    EXPECT_INT((long long)ds.nattch, 0);
    expect_recent(ds.ctime, before, "ctime");
}
END_TEST

START_TEST(mode_is_as_asked_whatever_the_umask) /* S1.9, S0.17 */
{
    static const int modes[] = {0, 0777, 0666, 0604, 0066, 0200, 0444};

    umask(077);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        if (geteuid() != 0 && !(modes[i] & 0400))
            continue; /* its owner may not look */
        EXPECT_INT(segment_stat(new_segment(10, modes[i])).perm.mode, modes[i]);
    }
}
END_TEST

START_TEST(size_is_kept_exactly) /* S1.8 */
{
    static const size_t sizes[] = {1, 4095, 4096, 4097, 65535, 65536, 65537, 1000003};

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int id = new_segment(sizes[i], 0600);
        EXPECT_INT((long long)segment_stat(id).segsz, (long long)sizes[i]);
        unsigned char *bytes = attach(id);
        EXPECT_INT(bytes[0], 0);
        bytes[sizes[i] - 1] = 9;
        EXPECT_OK(shm_backend_shmdt(bytes));
    }
}
END_TEST

START_TEST(memory_is_zero) /* S1.10 */
{
    enum { SIZE = 300000 };
    int id = new_segment(SIZE, 0600);
    const unsigned char *bytes = attach(id);

    for (size_t i = 0; i < SIZE; i++)
        if (bytes[i] != 0)
            fail_at(__FILE__, __LINE__, "byte %zu is %d", i, bytes[i]);
}
END_TEST

START_TEST(noreserve_is_accepted) /* S1.10 */
{
    int id = shm_backend_shmget(LIBSHM_IPC_PRIVATE, 100000, LIBSHM_NORESERVE | 0600);

    EXPECT_OK(id);
    register_segment(id);
    unsigned char *bytes = attach(id);
    bytes[99999] = 1;
    EXPECT_INT(segment_stat(id).perm.mode, 0600);
}
END_TEST

START_TEST(removed_when_not_attached) /* S1.39 */
{
    key_t key = free_key();
    int id = segment_at(key, 100, 0600);
    struct shm_backend_shmid_ds ds;

    EXPECT_OK(shm_backend_shmdt(attach(id)));
    EXPECT_OK(remove_segment(id));
    EXPECT_ERR(shm_backend_shmctl(id, LIBSHM_IPC_STAT, &ds), EINVAL);
    EXPECT_ERR(shm_backend_shmget(key, 0, 0), ENOENT);
    EXPECT_ERR(remove_segment(id), EINVAL);
}
END_TEST

START_TEST(removed_while_attached) /* S1.40, S1.43, S1.45 */
{
    key_t key = free_key();
    int id = segment_at(key, 100, 0640);
    char *bytes = attach(id);
    struct shm_backend_shmid_ds before = segment_stat(id);

    strcpy(bytes, "still here");
    EXPECT_OK(remove_segment(id));
    struct shm_backend_shmid_ds ds = segment_stat(id);
    EXPECT_INT(ds.perm.key, 0);
    EXPECT_INT(ds.perm.mode, LIBSHM_MODE_DEST | 0640);
    EXPECT_INT(ds.ctime, before.ctime);
    EXPECT_INT((long long)ds.segsz, 100);
    EXPECT_INT((long long)ds.nattch, 1);
    EXPECT_INT(strcmp(bytes, "still here"), 0);
    EXPECT_OK(remove_segment(id));
    EXPECT_OK(shm_backend_shmdt(bytes));
    EXPECT_ERR(shm_backend_shmctl(id, LIBSHM_IPC_STAT, &ds), EINVAL);
    EXPECT_ERR(remove_segment(id), EINVAL);
}
END_TEST

START_TEST(old_key_is_free_at_once) /* S1.41 */
{
    key_t key = free_key();
    int id = segment_at(key, 100, 0600);
    char *bytes = attach(id);

    strcpy(bytes, "old");
    EXPECT_OK(remove_segment(id));
    EXPECT_ERR(shm_backend_shmget(key, 0, 0), ENOENT);
    int other = segment_at(key, 50, 0600);
    EXPECT(other != id);
    char *fresh = attach(other);
    EXPECT_INT(fresh[0], 0);
    EXPECT_OK(shm_backend_shmdt(bytes));
    EXPECT_INT(shm_backend_shmget(key, 0, 0), other);
}
END_TEST

START_TEST(marked_segment_can_be_used_by_its_id) /* S1.42, S1.44 */
{
    int id = segment_at(free_key(), 100, 0600);
    char *first = attach(id);

    EXPECT_OK(remove_segment(id));
    char *second = attach(id);
    second[5] = 55;
    EXPECT_INT(first[5], 55);
    EXPECT_INT(nattch(id), 2);
    struct shm_backend_shmid_ds ds = segment_stat(id);
    ds.perm.mode = 0660;
    EXPECT_OK(shm_backend_shmctl(id, LIBSHM_IPC_SET, &ds));
    EXPECT_INT(segment_stat(id).perm.mode, LIBSHM_MODE_DEST | 0660);
    EXPECT_OK(shm_backend_shmdt(first));
    EXPECT_INT(nattch(id), 1);
    EXPECT_OK(shm_backend_shmdt(second));
    EXPECT_ERR(shm_backend_shmat(id, NULL, 0), EINVAL);
}
END_TEST

START_TEST(marked_segment_goes_with_a_readonly_attach) /* S1.44 */
{
    int id = new_segment(100, 0600);
    char *bytes = attach_flags(id, NULL, LIBSHM_ATTACH_RDONLY);
    struct shm_backend_shmid_ds ds;

    EXPECT_OK(remove_segment(id));
    EXPECT_INT(nattch(id), 1);
    EXPECT_OK(shm_backend_shmdt(bytes));
    EXPECT_ERR(shm_backend_shmctl(id, LIBSHM_IPC_STAT, &ds), EINVAL);
}
END_TEST

START_TEST(ipc_set_takes_only_what_it_may) /* S0.22, S0.23 */
{
    key_t key = free_key();
    int id = segment_at(key, 100, 0600);
    struct shm_backend_shmid_ds ds = segment_stat(id), was = ds;

    ds.perm.mode = 07000 | LIBSHM_MODE_DEST | 0523;
    ds.perm.key = key + 1;
    ds.perm.cuid = 4711;
    ds.segsz = 7;
    ds.cpid = ds.lpid = 1;
    ds.nattch = 8;
    ds.atime = ds.dtime = ds.ctime = 99;
    EXPECT_OK(shm_backend_shmctl(id, LIBSHM_IPC_SET, &ds));
    ds = segment_stat(id);
    EXPECT_INT(ds.perm.mode, 0523);
    EXPECT_INT(ds.perm.key, key);
    EXPECT_INT(ds.perm.cuid, was.perm.cuid);
    EXPECT_INT(ds.perm.uid, was.perm.uid);
    EXPECT_INT((long long)ds.segsz, 100);
    EXPECT_INT(ds.cpid, getpid());
    EXPECT_INT(ds.lpid, 0);
    EXPECT_INT((long long)ds.nattch, 0);
    EXPECT_INT(ds.atime, 0);
    EXPECT_INT(ds.dtime, 0);
    EXPECT(ds.ctime >= was.ctime);
    ds.perm.uid = (uid_t)-1;
    EXPECT_ERR(shm_backend_shmctl(id, LIBSHM_IPC_SET, &ds), EINVAL);
    ds.perm.uid = was.perm.uid;
    ds.perm.gid = (gid_t)-1;
    EXPECT_ERR(shm_backend_shmctl(id, LIBSHM_IPC_SET, &ds), EINVAL);
}
END_TEST

START_TEST(bad_commands_and_pointers) /* S0.25, S0.26, S5.4 */
{
    int id = new_segment(100, 0600);
    struct shm_backend_shmid_ds ds = segment_stat(id);

    EXPECT_ERR(shm_backend_shmctl(id, 4242, &ds), EINVAL);
    EXPECT_ERR(shm_backend_shmctl(id, -1, &ds), EINVAL);
    EXPECT_ERR(shm_backend_shmctl(id, LIBSHM_IPC_STAT, NULL), EFAULT);
    EXPECT_ERR(shm_backend_shmctl(id, LIBSHM_IPC_SET, NULL), EFAULT);
    EXPECT_ERR(shm_backend_shmctl(-1, LIBSHM_IPC_STAT, &ds), EINVAL);
    EXPECT_ERR(shm_backend_shmctl(-1, LIBSHM_IPC_SET, NULL), EINVAL);
    EXPECT_ERR(shm_backend_shmctl(-1, LIBSHM_IPC_SET, &ds), EINVAL);
    EXPECT_ERR(shm_backend_shmctl(-1, LIBSHM_IPC_RMID, NULL), EINVAL);
    EXPECT_OK(remove_segment(id));
    EXPECT_ERR(shm_backend_shmctl(id, LIBSHM_IPC_SET, NULL), EFAULT);
    EXPECT_ERR(shm_backend_shmctl(id, LIBSHM_IPC_SET, &ds), EINVAL);
}
END_TEST

START_TEST(locking_shows_in_the_mode) /* S1.46 */
{
    int id = new_segment(100, 0600);

    if (geteuid() != 0 && !on_posix()) {
        struct rlimit limit;
        getrlimit(RLIMIT_MEMLOCK, &limit);
        if (limit.rlim_cur == 0)
            return;
    }
    EXPECT_OK(shm_backend_shmctl(id, LIBSHM_SHM_LOCK, NULL));
    EXPECT_INT(segment_stat(id).perm.mode, LIBSHM_MODE_LOCKED | 0600);
    EXPECT_OK(shm_backend_shmctl(id, LIBSHM_SHM_UNLOCK, NULL));
    EXPECT_INT(segment_stat(id).perm.mode, 0600);
}
END_TEST

START_TEST(success_leaves_errno_alone) /* contract of backend.h */
{
    struct shm_backend_shmid_ds ds;

    errno = 4711;
    int id = shm_backend_shmget(LIBSHM_IPC_PRIVATE, 100, 0600);
    register_segment(id);
    EXPECT_INT(errno, 4711);
    void *bytes = shm_backend_shmat(id, NULL, 0);
    EXPECT_INT(errno, 4711);
    shm_backend_shmctl(id, LIBSHM_IPC_STAT, &ds);
    EXPECT_INT(errno, 4711);
    shm_backend_shmctl(id, LIBSHM_IPC_SET, &ds);
    EXPECT_INT(errno, 4711);
    shm_backend_shmdt(bytes);
    EXPECT_INT(errno, 4711);
    remove_segment(id);
    EXPECT_INT(errno, 4711);
}
END_TEST

int main(int argc, char **argv)
{
    const struct listed_test tests[] = {
        {"private_key", private_key_always_makes_a_new_segment},
        {"keys", every_other_key_is_a_key},
        {"families", families_have_their_own_keys},
        {"stale_id", stale_id_names_nothing},
        {"outlive", segments_outlive_their_creator},
        {"get_existing", get_of_an_existing_key},
        {"unknown_flags", unknown_flags_are_ignored},
        {"impossible_sizes", impossible_sizes},
        {"absurd_size", absurd_size_leaves_nothing},
        {"new_state", state_of_a_new_segment},
        {"mode", mode_is_as_asked_whatever_the_umask},
        {"size", size_is_kept_exactly},
        {"zero", memory_is_zero},
        {"noreserve", noreserve_is_accepted},
        {"remove", removed_when_not_attached},
        {"remove_attached", removed_while_attached},
        {"old_key", old_key_is_free_at_once},
        {"marked", marked_segment_can_be_used_by_its_id},
        {"marked_readonly", marked_segment_goes_with_a_readonly_attach},
        {"ipc_set", ipc_set_takes_only_what_it_may},
        {"bad_commands", bad_commands_and_pointers},
        {"lock", locking_shows_in_the_mode},
        {"errno", success_leaves_errno_alone},
    };
    return RUN_SUITE(argc, argv, "segments", tests);
}
