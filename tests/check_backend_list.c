/* Limits and listings (S0.27, S0.28, S1.48, S1.49, S2.49, S2.50, S5.31). */
#include "config.h"

#include "tests/backend_check.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { OBJECTS = 9, CAPACITY = 4096 };

static int any_segment(int index, int command, struct shm_backend_shmid_ds *ds)
{
    return shm_backend_shmctl(index, command, ds);
}

static int any_set(int index, int command, struct shm_backend_semid_ds *ds)
{
    return shm_backend_semctl(index, 0, command, (union shm_backend_semun){.buf = ds});
}

static struct shm_backend_shmusage shm_usage(void)
{
    struct shm_backend_shmusage usage;

    EXPECT_OK(shm_backend_shmctl(0, LIBSHM_SHM_INFO, &usage));
    return usage;
}

static int sem_info(int command, struct shm_backend_seminfo *info)
{
    return shm_backend_semctl(0, 0, command, (union shm_backend_semun){.info = info});
}

START_TEST(stat_by_index_visits_each_segment_once) /* S0.27, S0.28, S5.31 */
{
    int ids[OBJECTS], visits[OBJECTS] = {0};
    struct shm_backend_shmusage usage;
    struct shm_backend_shmid_ds ds;

    for (int i = 0; i < OBJECTS; i++)
        ids[i] = new_segment(1000 + (size_t)i, 0600);
    int highest = (int)EXPECT_OK(shm_backend_shmctl(0, LIBSHM_SHM_INFO, &usage));
    EXPECT_INT(shm_backend_shmctl(0, LIBSHM_IPC_INFO, &(struct shm_backend_shminfo){0}),
               highest);
    for (int index = 0; index <= highest; index++) {
        int id = any_segment(index, LIBSHM_SHM_STAT, &ds);
        EXPECT_INT(any_segment(index, LIBSHM_SHM_STAT_ANY, &ds), id);
        for (int i = 0; i < OBJECTS; i++)
            if (id == ids[i]) {
                visits[i]++;
                EXPECT_INT((long long)ds.segsz, 1000 + i);
            }
    }
    for (int i = 0; i < OBJECTS; i++)
        EXPECT_INT(visits[i], 1);
    EXPECT_ERR(any_segment(highest + 1, LIBSHM_SHM_STAT, &ds), EINVAL);
    EXPECT_ERR(any_segment(-1, LIBSHM_SHM_STAT, &ds), EINVAL);
    EXPECT_ERR(any_segment(highest + 1000000, LIBSHM_SHM_STAT_ANY, &ds), EINVAL);
}
END_TEST

START_TEST(stat_by_index_visits_each_set_once) /* S0.27, S0.28, S5.31 */
{
    int ids[OBJECTS], visits[OBJECTS] = {0};
    struct shm_backend_seminfo info;
    struct shm_backend_semid_ds ds;

    for (int i = 0; i < OBJECTS; i++)
        ids[i] = new_set(1 + i, 0600);
    int highest = (int)EXPECT_OK(sem_info(LIBSHM_SEM_INFO, &info));
    EXPECT_INT(sem_info(LIBSHM_IPC_INFO, &info), highest);
    for (int index = 0; index <= highest; index++) {
        int id = any_set(index, LIBSHM_SEM_STAT, &ds);
        EXPECT_INT(any_set(index, LIBSHM_SEM_STAT_ANY, &ds), id);
        for (int i = 0; i < OBJECTS; i++)
            if (id == ids[i]) {
                visits[i]++;
                EXPECT_INT((long long)ds.nsems, 1 + i);
            }
    }
    for (int i = 0; i < OBJECTS; i++)
        EXPECT_INT(visits[i], 1);
    EXPECT_ERR(any_set(highest + 1, LIBSHM_SEM_STAT, &ds), EINVAL);
    EXPECT_ERR(any_set(-1, LIBSHM_SEM_STAT, &ds), EINVAL);
}
END_TEST

START_TEST(segment_limits) /* S1.49 */
{
    struct shm_backend_shminfo info;

    memset(&info, 0xa5, sizeof info);
    EXPECT_OK(shm_backend_shmctl(0, LIBSHM_IPC_INFO, &info));
    EXPECT_INT((long long)info.shmmin, 1);
    EXPECT(info.shmmni >= 32);
    EXPECT_INT((long long)info.shmseg, (long long)info.shmmni);
    EXPECT(info.shmmax >= 1 << 20);
    EXPECT(info.shmall >= 1 << 8);
}
END_TEST

START_TEST(size_above_the_limit) /* S1.2 */
{
    struct shm_backend_shminfo info;

    EXPECT_OK(shm_backend_shmctl(0, LIBSHM_IPC_INFO, &info));
    if (info.shmmax < (size_t)-1 - 1)
        EXPECT_ERR(shm_backend_shmget(0, (size_t)info.shmmax + 1, 0600), EINVAL);
}
END_TEST

START_TEST(segment_usage) /* S1.48 */
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct shm_backend_shmusage before = shm_usage();
    int a = new_segment(1, 0600);
    int b = new_segment(3 * page, 0600);
    int c = new_segment(3 * page + 1, 0600);
    struct shm_backend_shmusage with = shm_usage();

    EXPECT_INT(with.used_ids - before.used_ids, 3);
    EXPECT_INT((long long)(with.shm_tot - before.shm_tot), 1 + 3 + 4);
    EXPECT_OK(remove_segment(a));
    EXPECT_OK(remove_segment(b));
    EXPECT_INT(shm_usage().used_ids - before.used_ids, 1);
    EXPECT_OK(remove_segment(c));
    EXPECT_INT((long long)shm_usage().shm_tot, (long long)before.shm_tot);
}
END_TEST

START_TEST(set_limits) /* S2.49 */
{
    struct shm_backend_seminfo info;

    memset(&info, 0xa5, sizeof info);
    EXPECT_OK(sem_info(LIBSHM_IPC_INFO, &info));
    EXPECT(info.semmni >= 32);
    EXPECT(info.semmns >= 1000);
    EXPECT_INT(info.semmsl, LIBSHM_SEMMSL);
    EXPECT_INT(info.semopm, LIBSHM_SEMOPM);
    EXPECT_INT(info.semvmx, LIBSHM_SEMVMX);
    EXPECT_INT(info.semaem, LIBSHM_SEMAEM);
    EXPECT(info.semume >= 500);
}
END_TEST

START_TEST(set_usage) /* S2.50 */
{
    struct shm_backend_seminfo before, with;

    EXPECT_OK(sem_info(LIBSHM_SEM_INFO, &before));
    new_set(3, 0600);
    int id = new_set(250, 0600);
    EXPECT_OK(sem_info(LIBSHM_SEM_INFO, &with));
    EXPECT_INT(with.semusz - before.semusz, 2);
    EXPECT_INT(with.semaem - before.semaem, 253);
    EXPECT_OK(remove_set(id));
    EXPECT_OK(sem_info(LIBSHM_SEM_INFO, &with));
    EXPECT_INT(with.semusz - before.semusz, 1);
    EXPECT_INT(with.semaem - before.semaem, 3);
}
END_TEST

START_TEST(info_needs_a_buffer) /* S0.25 */
{
    EXPECT_ERR(shm_backend_shmctl(0, LIBSHM_IPC_INFO, NULL), EFAULT);
    EXPECT_ERR(shm_backend_shmctl(0, LIBSHM_SHM_INFO, NULL), EFAULT);
    EXPECT_ERR(sem_info(LIBSHM_IPC_INFO, NULL), EFAULT);
    EXPECT_ERR(sem_info(LIBSHM_SEM_INFO, NULL), EFAULT);
}
END_TEST

typedef ssize_t list_fn(int *ids, size_t capacity);

static int listed(list_fn *list, int id)
{
    static int ids[CAPACITY];
    ssize_t n = list(ids, CAPACITY);
    int found = 0;

    EXPECT_OK(n);
    EXPECT(n <= CAPACITY);
    for (ssize_t i = 0; i < n; i++) {
        found += ids[i] == id;
        if (i > 0 && ids[i - 1] >= ids[i])
            fail_at(__FILE__, __LINE__, "%d is listed before %d", ids[i - 1], ids[i]);
    }
    return found;
}

START_TEST(list_of_segments) /* backend.h */
{
    int ids[OBJECTS];
    ssize_t before = shm_backend_shm_list(NULL, 0);

    EXPECT_OK(before);
    for (int i = 0; i < OBJECTS; i++)
        ids[i] = segment_at(i % 2 ? free_key() : 0, 100, 0600);
    EXPECT_INT(shm_backend_shm_list(NULL, 0), before + OBJECTS);
    for (int i = 0; i < OBJECTS; i++)
        EXPECT_INT(listed(shm_backend_shm_list, ids[i]), 1);
    EXPECT_INT(listed(shm_backend_sem_list, -1), 0);
    attach(ids[0]); /* marked ones are listed until they are gone */
    EXPECT_OK(remove_segment(ids[0]));
    EXPECT_INT(listed(shm_backend_shm_list, ids[0]), 1);
    EXPECT_OK(remove_segment(ids[1]));
    EXPECT_INT(listed(shm_backend_shm_list, ids[1]), 0);
}
END_TEST

START_TEST(list_of_sets) /* backend.h */
{
    int ids[OBJECTS];
    ssize_t before = shm_backend_sem_list(NULL, 0);

    EXPECT_OK(before);
    for (int i = 0; i < OBJECTS; i++)
        ids[i] = set_at(i % 2 ? free_key() : 0, 2, 0600);
    EXPECT_INT(shm_backend_sem_list(NULL, 0), before + OBJECTS);
    for (int i = 0; i < OBJECTS; i++)
        EXPECT_INT(listed(shm_backend_sem_list, ids[i]), 1);
    EXPECT_OK(remove_set(ids[1]));
    EXPECT_INT(listed(shm_backend_sem_list, ids[1]), 0);
}
END_TEST

START_TEST(list_keeps_within_its_capacity) /* backend.h */
{
    int first[3] = {-7, -7, -7}, all[CAPACITY];

    for (int i = 0; i < OBJECTS; i++)
        new_segment(100, 0600);
    ssize_t n = shm_backend_shm_list(all, CAPACITY);
    EXPECT_INT(shm_backend_shm_list(first, 2), n);
    EXPECT_INT(first[0], all[0]); /* the smallest */
    EXPECT_INT(first[1], all[1]);
    EXPECT_INT(first[2], -7);
}
END_TEST

START_TEST(collect_touches_no_whole_object) /* backend.h */
{
    int segment = segment_at(free_key(), 100, 0600), set = set_at(free_key(), 2, 0600);

    EXPECT_OK(sem_set(set, 1, 5));
    EXPECT_OK(shm_backend_collect(NULL, NULL));
    EXPECT_INT(nattch(segment), 0);
    EXPECT_INT(semval(set, 1), 5);
}
END_TEST

int main(int argc, char **argv)
{
    const struct listed_test tests[] = {
        {"stat_segments", stat_by_index_visits_each_segment_once},
        {"stat_sets", stat_by_index_visits_each_set_once},
        {"segment_limits", segment_limits},
        {"size_limit", size_above_the_limit},
        {"segment_usage", segment_usage},
        {"set_limits", set_limits},
        {"set_usage", set_usage},
        {"no_buffer", info_needs_a_buffer},
        {"list_segments", list_of_segments},
        {"list_sets", list_of_sets},
        {"list_capacity", list_keeps_within_its_capacity},
        {"collect", collect_touches_no_whole_object},
    };
    return RUN_SUITE(argc, argv, "listings", tests);
}
