/* Attaching (S1.11 to S1.25). */
#include "config.h"

#include "tests/conformance/conform.h"

#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static size_t page(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Free address space, in the middle of much more of it: what others map goes to an end. */
static char *hole(size_t pages)
{
    const size_t around = 64 << 20;
    size_t length = 2 * around + pages * page();
    char *start = mmap(NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    EXPECT(start != MAP_FAILED);
    EXPECT_OK(munmap(start, length));
    return start + around;
}

/* `pages` that hold sevens. */
static char *wall(size_t pages)
{
    char *start =
        mmap(NULL, pages * page(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    EXPECT(start != MAP_FAILED);
    memset(start, 7, pages * page());
    return start;
}

/* The permission comes behind the address and the id: strangers are in stranger.c. */
START_TEST(id_comes_before_the_address) /* S1.11 */
{
    int id = new_segment(100, 0600);

    EXPECT_ERR(shmat(-1, NULL, 0), EINVAL);
    EXPECT_ERR(shmat(-1, hole(1) + 1, 0), EINVAL);
    EXPECT_OK(remove_segment(id));
    EXPECT_ERR(shmat(id, NULL, 0), EINVAL);
    EXPECT_ERR(shmat(id, (void *)(uintptr_t)5, SHM_RND), EINVAL);
}
END_TEST

START_TEST(system_picks_an_address) /* S1.12, S1.24 */
{
    int id = new_segment(100, 0600);
    char *a = attach(id), *b = attach(id);

    EXPECT_INT((long long)((uintptr_t)a % page()), 0);
    EXPECT_INT((long long)((uintptr_t)b % page()), 0);
    EXPECT(a != b);
    a[3] = 33;
    EXPECT_INT(b[3], 33);
    EXPECT_INT(nattch(id), 2);
}
END_TEST

START_TEST(mapped_to_the_end_of_the_page) /* S1.13 */
{
    int id = new_segment(page() + 1, 0600);
    char *bytes = attach(id), *again = attach(id);

    EXPECT_INT(bytes[page() + 1] + bytes[2 * page() - 1], 0);
    bytes[2 * page() - 1] = 77;
    EXPECT_INT(again[2 * page() - 1], 77);
    char *place = hole(4);
    attach_flags(id, place, 0);
    EXPECT(attach_flags(id, place + 2 * page(), 0) == place + 2 * page()); /* and not further */
}
END_TEST

START_TEST(unaligned_address) /* S1.14 */
{
    int id = new_segment(100, 0600);
    char *place = hole(3) + page();

    EXPECT_ERR(shmat(id, place + 1, 0), EINVAL);
    EXPECT_ERR(shmat(id, place + 8, SHM_RDONLY), EINVAL);
    EXPECT(attach_flags(id, place + 1, SHM_RND) == place);
    EXPECT_OK(shmdt(place));
    EXPECT(attach_flags(id, place + page() - 1, SHM_RND | SHM_RDONLY) == place);
    EXPECT_OK(shmdt(place));
    EXPECT(attach_flags(id, place, 0) == place);
    EXPECT_INT(nattch(id), 1);
}
END_TEST

START_TEST(overlap_is_refused) /* S1.15 */
{
    int id = new_segment(2 * page(), 0600);
    char *middle = wall(4) + page();

    EXPECT_ERR(shmat(id, middle, 0), EINVAL);
    EXPECT_ERR(shmat(id, middle + 1, SHM_RND), EINVAL);
    EXPECT_OK(munmap(middle - page(), page()));
    EXPECT_ERR(shmat(id, middle - page(), 0), EINVAL); /* its second page is taken */
    EXPECT_OK(mprotect(middle, page(), PROT_NONE));
    EXPECT_ERR(shmat(id, middle - page(), 0), EINVAL);
    EXPECT_OK(mprotect(middle, page(), PROT_READ));
    EXPECT_INT(middle[0], 7);
    EXPECT_INT(nattch(id), 0);
}
END_TEST

START_TEST(overlap_of_an_attach_is_refused) /* S1.15 */
{
    int id = new_segment(2 * page(), 0600);
    char *bytes = attach(id);

    EXPECT_ERR(shmat(id, bytes, 0), EINVAL);
    EXPECT_ERR(shmat(id, bytes + page(), 0), EINVAL);
    EXPECT_INT(nattch(id), 1);
}
END_TEST

START_TEST(remap_replaces) /* S1.16 */
{
    int id = new_segment(2 * page(), 0600);
    char *start = wall(3);

    EXPECT(attach_flags(id, start, SHM_REMAP) == start);
    EXPECT_INT(start[0] + start[2 * page() - 1], 0);
    EXPECT_INT(start[2 * page()], 7);
    EXPECT_INT(nattch(id), 1);
    EXPECT_OK(shmdt(start));
    EXPECT_INT(nattch(id), 0);
}
END_TEST

START_TEST(remap_over_an_attach) /* S1.16, S1.27 */
{
    int first = new_segment(page(), 0600), second = new_segment(page(), 0600);
    char *place = attach(first);

    strcpy(place, "first");
    EXPECT(attach_flags(second, place, SHM_REMAP) == place);
    EXPECT_INT(place[0], 0);
    EXPECT_INT(nattch(first), 0);
    EXPECT_INT(nattch(second), 1);
    EXPECT_OK(shmdt(place));
    EXPECT_INT(nattch(second), 0);
    EXPECT_ERR(shmdt(place), EINVAL);
}
END_TEST

START_TEST(remap_needs_an_address) /* S1.17 */
{
    int id = new_segment(100, 0600);

    EXPECT_ERR(shmat(id, NULL, SHM_REMAP), EINVAL);
    EXPECT_ERR(shmat(id, NULL, SHM_REMAP | SHM_RND), EINVAL);
    EXPECT_ERR(shmat(id, (void *)(uintptr_t)5, SHM_REMAP | SHM_RND), EINVAL);
    EXPECT_INT(nattch(id), 0);
}
END_TEST

static void attach_page_zero(void *id)
{
    EXPECT_ERR(shmat(*(int *)id, (void *)(uintptr_t)5, SHM_RND), EPERM);
}

START_TEST(address_that_rounds_to_zero) /* S1.18 */
{
    int id = new_segment(100, 0666);

    if (geteuid() != 0) {
        attach_page_zero(&id);
        return;
    }
    EXPECT_INT(run_stranger(attach_page_zero, &id), 0);
    char *zero = shmat(id, (void *)(uintptr_t)5, SHM_RND);
    EXPECT(zero == NULL);
    EXPECT_INT(nattch(id), 1);
    EXPECT_OK(shmdt(zero));
    EXPECT_INT(nattch(id), 0);
}
END_TEST

/* Who may attach how is in stranger.c; here are owners. */
START_TEST(executable_attach) /* S1.19 */
{
    int id = new_segment(100, 0700);

    attach_flags(id, NULL, SHM_EXEC);
    attach_flags(id, NULL, SHM_EXEC | SHM_RDONLY);
    EXPECT_INT(nattch(id), 2);
}
END_TEST

START_TEST(readonly_attach_stays_so) /* S1.20, S1.21 */
{
    int id = new_segment(100, 0600);
    char *bytes = attach_flags(id, NULL, SHM_RDONLY);

    EXPECT_ERR(mprotect(bytes, page(), PROT_READ | PROT_WRITE), EACCES);
    EXPECT_OK(mprotect(bytes, page(), PROT_READ | PROT_EXEC));
    EXPECT_INT(bytes[0], 0);
}
END_TEST

static sigjmp_buf back;

static void jump_back(int signal)
{
    (void)signal;
    siglongjmp(back, 1);
}

static bool write_faults(volatile char *byte)
{
    struct sigaction action = {.sa_handler = jump_back}, old;
    volatile bool faulted = true;

    sigaction(SIGSEGV, &action, &old);
    if (sigsetjmp(back, 1) == 0) {
        *byte = 1;
        faulted = false;
    }
    sigaction(SIGSEGV, &old, NULL);
    return faulted;
}

START_TEST(writing_to_a_readonly_attach) /* S1.22 */
{
    int id = new_segment(100, 0600);
    char *bytes = attach(id), *readonly = attach_flags(id, NULL, SHM_RDONLY);

    bytes[0] = 5;
    EXPECT_INT(readonly[0], 5);
    EXPECT(write_faults(readonly));
    EXPECT(!write_faults(bytes));
}
END_TEST

static void attach_without_room(void *id)
{
    struct rlimit limit = {256 << 20, 256 << 20};

    EXPECT_OK(setrlimit(RLIMIT_AS, &limit));
    EXPECT_ERR(shmat(*(int *)id, NULL, 0), ENOMEM);
    EXPECT_INT(nattch(*(int *)id), 0);
}

START_TEST(out_of_address_space) /* S1.23 */
{
    int id = shmget(IPC_PRIVATE, 512 << 20, SHM_NORESERVE | 0600);

    EXPECT_OK(id);
    register_object(&families[SHM], id);
    EXPECT_INT(run(attach_without_room, &id), 0);
    EXPECT_INT(nattch(id), 0);
}
END_TEST

START_TEST(each_attach_counts) /* S1.24, S1.27, S1.29 */
{
    enum { TIMES = 120 };
    int id = new_segment(100, 0600);
    char *at[TIMES];

    for (int i = 0; i < TIMES; i++) {
        at[i] = attach_flags(id, NULL, i % 2 ? SHM_RDONLY : 0);
        EXPECT_INT(nattch(id), i + 1);
    }
    for (int i = 0; i < TIMES; i++) {
        EXPECT_OK(shmdt(at[i]));
        EXPECT_INT(nattch(id), TIMES - i - 1);
    }
}
END_TEST

START_TEST(attach_sets_fields) /* S1.25 */
{
    time_t before = time(NULL) - 1;
    int id = new_segment(100, 0600);
    struct shmid_ds made = segment_stat(id);

    await_next_second();
    attach(id);
    struct shmid_ds ds = segment_stat(id);
    EXPECT_INT(ds.shm_lpid, getpid());
    EXPECT(ds.shm_atime > before && ds.shm_atime >= made.shm_ctime);
    EXPECT_INT(ds.shm_dtime, 0);
    EXPECT_INT(ds.shm_ctime, made.shm_ctime);
    EXPECT_INT((long long)ds.shm_nattch, 1);
}
END_TEST

void shmat_chapter(void)
{
    ADD_TESTS(id_comes_before_the_address, system_picks_an_address,
              mapped_to_the_end_of_the_page, unaligned_address, overlap_is_refused,
              overlap_of_an_attach_is_refused, remap_replaces, remap_over_an_attach,
              remap_needs_an_address, address_that_rounds_to_zero, executable_attach,
              readonly_attach_stays_so, writing_to_a_readonly_attach, out_of_address_space,
              each_attach_counts, attach_sets_fields);
}
