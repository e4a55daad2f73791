/* Making and finding sets (S2.1 to S2.5). */
#include "config.h"

#include "tests/conformance/conform.h"

#include <limits.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { SEMMSL = 32000 };

START_TEST(number_is_checked_first) /* S2.1 */
{
    key_t key = free_key(), existing = free_key();

    set_at(existing, 1, 0600);
    EXPECT_ERR(semget(key, -1, 0), EINVAL); /* not ENOENT */
    EXPECT_ERR(semget(key, INT_MAX, 0), EINVAL);
    EXPECT_ERR(semget(IPC_PRIVATE, -1, 0600), EINVAL);
    EXPECT_ERR(semget(IPC_PRIVATE, SEMMSL + 1, 0600), EINVAL);
    EXPECT_ERR(semget(existing, -1, IPC_CREAT | IPC_EXCL), EINVAL); /* not EEXIST */
    EXPECT_ERR(semget(existing, SEMMSL + 1, IPC_CREAT | IPC_EXCL), EINVAL);
    EXPECT_ERR(semget(existing, SEMMSL + 1, 0), EINVAL);
}
END_TEST

START_TEST(largest_set) /* S2.1 */
{
    static unsigned short values[SEMMSL];
    int id = new_set(SEMMSL, 0600);

    EXPECT_OK(semop1(id, SEMMSL - 1, 5, 0));
    EXPECT_OK(semop1(id, 0, 7, 0));
    EXPECT_OK(sem_get_all(id, values));
    EXPECT_INT(values[SEMMSL - 1], 5);
    EXPECT_INT(values[0], 7);
    EXPECT_INT(values[SEMMSL / 2], 0);
    EXPECT_ERR(semop1(id, SEMMSL, 1, 0), EFBIG);
    EXPECT_INT((long long)set_stat(id).sem_nsems, SEMMSL);
}
END_TEST

START_TEST(new_set_of_none) /* S2.2 */
{
    key_t key = free_key();

    EXPECT_ERR(semget(IPC_PRIVATE, 0, 0600), EINVAL);
    EXPECT_ERR(semget(key, 0, IPC_CREAT | 0600), EINVAL);
    EXPECT_ERR(semget(key, 0, 0), ENOENT);
}
END_TEST

START_TEST(existing_set_and_its_number) /* S2.3 */
{
    key_t key = free_key();
    int id = set_at(key, 3, 0600);

    EXPECT_INT(semget(key, 0, 0), id);
    EXPECT_INT(semget(key, 0, IPC_CREAT), id);
    EXPECT_INT(semget(key, 1, 0), id);
    EXPECT_INT(semget(key, 3, 0600), id);
    EXPECT_ERR(semget(key, 4, 0), EINVAL);
    EXPECT_ERR(semget(key, 4, IPC_CREAT | 0600), EINVAL);
}
END_TEST

START_TEST(state_of_a_new_set) /* S2.5 */
{
    time_t before = time(NULL) - 1;
    int id = new_set(5, 0640);
    struct semid_ds ds = set_stat(id);

    EXPECT_INT(ds.sem_perm.uid, geteuid());
    EXPECT_INT(ds.sem_perm.cuid, geteuid());
    EXPECT_INT(ds.sem_perm.gid, getegid());
    EXPECT_INT(ds.sem_perm.cgid, getegid());
    EXPECT_INT((long long)ds.sem_nsems, 5);
    EXPECT_INT(ds.sem_otime, 0);
    EXPECT(ds.sem_ctime >= before && ds.sem_ctime <= time(NULL) + 1);
    for (int i = 0; i < 5; i++) {
        EXPECT_INT(semval(id, i) + sempid(id, i), 0);
        EXPECT_INT(semncnt(id, i) + semzcnt(id, i), 0);
    }
}
END_TEST

START_TEST(mode_of_a_new_set) /* S2.5 */
{
    static const int modes[] = {0777, 0666, 0604, 0640, 0444};

    umask(077);
    for (size_t i = 0; i < COUNT(modes); i++)
        EXPECT_INT(set_stat(new_set(1, modes[i])).sem_perm.mode, modes[i]);
}
END_TEST

void semget_chapter(void)
{
    ADD_TESTS(number_is_checked_first, largest_set, new_set_of_none,
              existing_set_and_its_number, state_of_a_new_set, mode_of_a_new_set);
}
