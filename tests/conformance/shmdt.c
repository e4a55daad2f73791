/* Detaching, and what else is done to mappings (S1.26 to S1.28, S1.35 to S1.38, S5.1). */
#include "config.h"

#include "tests/conformance/conform.h"

#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static size_t page(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

static bool is_mapped(char *start)
{
    return mprotect(start, page(), PROT_READ) == 0;
}

START_TEST(detach_needs_a_start) /* S1.26 */
{
    int id = new_segment(3 * page(), 0600);
    char *bytes = attach(id);
    char *other = mmap(NULL, page(), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    EXPECT_ERR(shmdt(NULL), EINVAL);
    EXPECT_ERR(shmdt(bytes + page()), EINVAL);
    EXPECT_ERR(shmdt(bytes + 1), EINVAL);
    EXPECT_ERR(shmdt(other), EINVAL);
    EXPECT_ERR(shmdt(&id), EINVAL);
    EXPECT_INT(nattch(id), 1);
    EXPECT(is_mapped(bytes) && is_mapped(bytes + page()) && is_mapped(other));
}
END_TEST

START_TEST(detach_sets_fields) /* S1.27 */
{
    int id = new_segment(100, 0600);
    char *bytes = attach(id);
    struct shmid_ds made = segment_stat(id);

    await_next_second();
    EXPECT_OK(shmdt(bytes));
    struct shmid_ds ds = segment_stat(id);
    EXPECT_INT(ds.shm_lpid, getpid());
    EXPECT(ds.shm_dtime > made.shm_ctime);
    EXPECT_INT(ds.shm_atime, made.shm_atime);
    EXPECT_INT(ds.shm_ctime, made.shm_ctime);
    EXPECT_INT((long long)ds.shm_nattch, 0);
    EXPECT(!is_mapped(bytes));
}
END_TEST

START_TEST(second_detach) /* S1.28 */
{
    int id = new_segment(100, 0600);
    char *bytes = attach(id);

    EXPECT_OK(shmdt(bytes));
    EXPECT_ERR(shmdt(bytes), EINVAL);
    EXPECT_INT(nattch(id), 0);
}
END_TEST

START_TEST(munmap_of_the_whole) /* S1.35, S5.1, S5.28 */
{
    int id = new_segment(2 * page(), 0600);
    char *bytes = attach(id);

    EXPECT_OK(munmap(bytes, 2 * page()));
    EXPECT_INT(nattch(id), keeps_descriptors() ? 1 : 0);
    if (shmdt(bytes) == 0)
        EXPECT(differs("S5.1"));
    else
        EXPECT_INT(errno, EINVAL);
    EXPECT_INT(nattch(id), 0);
    EXPECT_OK(remove_segment(id));
    EXPECT_ERR(shmctl(id, IPC_STAT, &(struct shmid_ds){0}), EINVAL);
}
END_TEST

START_TEST(munmap_of_the_first_page) /* S1.36 */
{
    int id = new_segment(3 * page(), 0600);
    char *bytes = attach(id);

    EXPECT_OK(munmap(bytes, page()));
    EXPECT_INT(nattch(id), 1);
    bytes[page()] = 1;
    EXPECT_OK(shmdt(bytes));
    EXPECT_INT(nattch(id), 0);
    EXPECT(!is_mapped(bytes + page()) && !is_mapped(bytes + 2 * page()));
}
END_TEST

START_TEST(munmap_of_the_last_page) /* S1.36 */
{
    int id = new_segment(3 * page(), 0600);
    char *bytes = attach(id);

    EXPECT_OK(munmap(bytes + 2 * page(), page()));
    EXPECT_INT(nattch(id), 1);
    EXPECT_OK(shmdt(bytes));
    EXPECT_INT(nattch(id), 0);
    EXPECT(!is_mapped(bytes) && !is_mapped(bytes + page()));
}
END_TEST

/* The kernel counts the pieces, which is no contract: S5.1. */
START_TEST(mprotect_of_a_part) /* S1.37, S5.1 */
{
    int id = new_segment(4 * page(), 0600);
    char *kept = attach(id), *bytes = attach(id);

    EXPECT_OK(mprotect(bytes + page(), page(), PROT_READ));
    EXPECT(nattch(id) >= 2);
    EXPECT_OK(shmdt(bytes));
    EXPECT_INT(nattch(id), 1);
    for (size_t i = 0; i < 4; i++)
        EXPECT(!is_mapped(bytes + i * page()));
    EXPECT_OK(shmdt(kept));
}
END_TEST

START_TEST(mremap_of_an_attach) /* S1.38, S5.1 */
{
    int id = new_segment(2 * page(), 0600);
    char *bytes = attach(id);
    char *place = mmap(NULL, 2 * page(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *moved = mremap(bytes, 2 * page(), 2 * page(), MREMAP_MAYMOVE | MREMAP_FIXED, place);

    EXPECT(moved == place);
    if (differs("S5.1")) {
        EXPECT_OK(munmap(place, 2 * page()));
        EXPECT_OK(shmdt(bytes));
        EXPECT_INT(nattch(id), 0);
        return;
    }
    EXPECT_INT(nattch(id), 1);
    EXPECT_ERR(shmdt(bytes), EINVAL);
    EXPECT_OK(shmdt(place));
    EXPECT_INT(nattch(id), 0);
}
END_TEST

void shmdt_chapter(void)
{
    ADD_TESTS(detach_needs_a_start, detach_sets_fields, second_detach, munmap_of_the_whole,
              munmap_of_the_first_page, munmap_of_the_last_page, mprotect_of_a_part,
              mremap_of_an_attach);
}
