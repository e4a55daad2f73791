/* Making and finding segments (S1.1 to S1.10). */
#include "config.h"

#include "tests/conformance/conform.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

START_TEST(new_segment_of_no_size) /* S1.1 */
{
    key_t key = free_key();

    EXPECT_ERR(shmget(IPC_PRIVATE, 0, 0600), EINVAL);
    EXPECT_ERR(shmget(key, 0, IPC_CREAT | 0600), EINVAL);
    EXPECT_ERR(shmget(key, 0, 0), ENOENT);
}
END_TEST

START_TEST(size_above_shmmax) /* S1.2 */
{
    key_t key = free_key();
    struct shminfo info;

    if (sizeof(size_t) < 8 && !on_drop_in())
        return; /* a kernel of 64 bits takes every size that 32 can name */
    EXPECT_OK(shmctl(0, IPC_INFO, (struct shmid_ds *)(void *)&info));
    if (info.shmmax < SIZE_MAX)
        EXPECT_ERR(shmget(key, (size_t)info.shmmax + 1, IPC_CREAT | 0600), EINVAL);
    EXPECT_ERR(shmget(key, SIZE_MAX, IPC_CREAT | 0600), EINVAL);
    EXPECT_ERR(shmget(key, SIZE_MAX - 4095, IPC_CREAT | 0600), EINVAL);
    EXPECT_ERR(shmget(key, 0, 0), ENOENT);
}
END_TEST

START_TEST(absurd_size) /* S1.4 */
{
    key_t key = free_key();

    if (sizeof(size_t) < 8)
        return; /* every size below SHMMAX may be possible */
    EXPECT_ERR(shmget(key, (size_t)1 << (sizeof(size_t) * 6 - 1), IPC_CREAT | 0600), ENOMEM);
    EXPECT_ERR(shmget(key, 0, 0), ENOENT);
}
END_TEST

static void huge_without_right(void *unused)
{
    (void)unused;
    EXPECT_ERR(shmget(IPC_PRIVATE, 2 << 20, SHM_HUGETLB | IPC_CREAT | 0600), EPERM);
}

START_TEST(huge_pages) /* S1.5 */
{
    int id = shmget(IPC_PRIVATE, 2 << 20, SHM_HUGETLB | IPC_CREAT | 0600);

    register_object(&families[SHM], id); /* there are machines with huge pages */
    if (id < 0)
        EXPECT(errno == ENOMEM || (errno == EPERM && geteuid() != 0));
    if (have_strangers())
        EXPECT_INT(run_stranger(huge_without_right, NULL), 0);
}
END_TEST

START_TEST(existing_segment_and_its_size) /* S1.6, S1.7 */
{
    key_t key = free_key();
    int id = segment_at(key, 5000, 0600);

    EXPECT_INT(shmget(key, 0, 0), id);
    EXPECT_INT(shmget(key, 0, IPC_CREAT), id);
    EXPECT_INT(shmget(key, 1, 0), id);
    EXPECT_INT(shmget(key, 5000, 0600), id);
    EXPECT_ERR(shmget(key, 5001, 0), EINVAL); /* within the page */
    EXPECT_ERR(shmget(key, 5001, IPC_CREAT | 0600), EINVAL);
    EXPECT_ERR(shmget(key, SIZE_MAX, 0), EINVAL);
}
END_TEST

START_TEST(size_is_kept_exactly) /* S1.8 */
{
    static const size_t sizes[] = {1, 4095, 4096, 4097, 5000, 65535, 65536, 65537, 1000003};

    for (size_t i = 0; i < COUNT(sizes); i++) {
        int id = new_segment(sizes[i], 0600);
        EXPECT_INT((long long)segment_stat(id).shm_segsz, (long long)sizes[i]);
    }
}
END_TEST

START_TEST(state_of_a_new_segment) /* S1.9 */
{
    time_t before = time(NULL) - 1;
    struct shmid_ds ds = segment_stat(new_segment(5000, 0640));

    EXPECT_INT(ds.shm_perm.uid, geteuid());
    EXPECT_INT(ds.shm_perm.cuid, geteuid());
    EXPECT_INT(ds.shm_perm.gid, getegid());
    EXPECT_INT(ds.shm_perm.cgid, getegid());
    EXPECT_INT(ds.shm_cpid, getpid());
    EXPECT_INT(ds.shm_lpid, 0);
    EXPECT_INT(ds.shm_atime, 0);
    EXPECT_INT(ds.shm_dtime, 0);
    EXPECT(ds.shm_ctime >= before && ds.shm_ctime <= time(NULL) + 1);
    EXPECT_INT((long long)ds.shm_nattch, 0);
}
END_TEST

START_TEST(mode_whatever_the_umask) /* S1.9 */
{
    static const int modes[] = {0777, 0666, 0604, 0640, 0444};

    umask(077);
    for (size_t i = 0; i < COUNT(modes); i++)
        EXPECT_INT(segment_stat(new_segment(10, modes[i])).shm_perm.mode, modes[i]);
}
END_TEST

START_TEST(memory_is_zero) /* S1.10 */
{
    enum { SIZE = 300000 };
    const char *bytes = attach(new_segment(SIZE, 0600));

    for (size_t i = 0; i < SIZE; i++)
        if (bytes[i] != 0)
            fail_at(__FILE__, __LINE__, "byte %zu is %d", i, bytes[i]);
}
END_TEST

START_TEST(memory_is_zero_again) /* S1.10 */
{
    for (int i = 0; i < 20; i++) {
        int id = new_segment(50000, 0600);
        char *bytes = attach(id);
        EXPECT_INT(bytes[0] + bytes[25000] + bytes[49999], 0);
        memset(bytes, 7, 50000);
        EXPECT_OK(shmdt(bytes));
        EXPECT_OK(remove_segment(id));
    }
}
END_TEST

void shmget_chapter(void)
{
    ADD_TESTS(new_segment_of_no_size, size_above_shmmax, absurd_size, huge_pages,
              existing_segment_and_its_size, size_is_kept_exactly, state_of_a_new_segment,
              mode_whatever_the_umask, memory_is_zero, memory_is_zero_again);
}
