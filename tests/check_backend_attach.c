/* Attaching and detaching: addresses, rights, remapping (S1.11 to S1.28, S1.35 to S1.38). */
#include "config.h"

#include "tests/backend_check.h"

#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum {
    RDONLY = LIBSHM_ATTACH_RDONLY,
    RND = LIBSHM_ATTACH_RND,
    REMAP = LIBSHM_ATTACH_REMAP,
};

static size_t page;

/*
 * `pages` of free address space, in the middle of much more of it: what the library or the
 * tools around it map meanwhile goes to an end.
 */
static char *hole(size_t pages)
{
    const size_t around = 64 << 20;
    size_t length = 2 * around + pages * page;
    char *start = mmap(NULL, length, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    EXPECT(start != MAP_FAILED);
    EXPECT_OK(munmap(start, length));
    return start + around;
}

START_TEST(check_order_id_before_all) /* S1.11 */
{
    EXPECT_ERR(shm_backend_shmat(-1, NULL, 0), EINVAL);
    EXPECT_ERR(shm_backend_shmat(-1, (void *)(uintptr_t)(16 * page + 1), 0), EINVAL);
    EXPECT_ERR(shm_backend_shmat(0x7ffffff0, NULL, 0), EINVAL);
}
END_TEST

START_TEST(system_picks_an_aligned_address) /* S1.12 */
{
    int id = new_segment(100, 0600);
    char *a = attach(id), *b = attach(id);

    EXPECT_INT((long long)((uintptr_t)a % page), 0);
    EXPECT_INT((long long)((uintptr_t)b % page), 0);
    EXPECT(a != b);
    a[3] = 33;
    EXPECT_INT(b[3], 33);
}
END_TEST

START_TEST(mapped_to_the_end_of_the_page) /* S1.13 */
{
    int id = new_segment(page + 1, 0600);
    unsigned char *bytes = attach(id), *again;

    EXPECT_INT(bytes[page + 1], 0);
    EXPECT_INT(bytes[2 * page - 1], 0);
    bytes[2 * page - 1] = 77;
    again = attach(id);
    EXPECT_INT(again[2 * page - 1], 77);
    /* and not further: the page behind is free for others */
    EXPECT_OK(shm_backend_shmdt(bytes));
    char *behind = hole(4);
    attach_flags(id, behind, 0);
    EXPECT(attach_flags(id, behind + 2 * page, 0) == behind + 2 * page);
}
END_TEST

START_TEST(unaligned_address) /* S1.14 */
{
    int id = new_segment(100, 0600);
    char *place = hole(3) + page;

    EXPECT_ERR(shm_backend_shmat(id, place + 1, 0), EINVAL);
    EXPECT_ERR(shm_backend_shmat(id, place + 8, RDONLY), EINVAL);
    EXPECT(attach_flags(id, place + 1, RND) == place);
    EXPECT_OK(shm_backend_shmdt(place));
    EXPECT(attach_flags(id, place + page - 1, RND | RDONLY) == place);
    EXPECT_OK(shm_backend_shmdt(place));
    EXPECT(attach_flags(id, place, RND) == place);
    EXPECT_OK(shm_backend_shmdt(place));
    EXPECT(attach_flags(id, place, 0) == place);
    EXPECT_INT(nattch(id), 1);
}
END_TEST

START_TEST(overlap_is_refused) /* S1.15 */
{
    int id = new_segment(2 * page, 0600);
    char *wall =
        mmap(NULL, 4 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    EXPECT(wall != MAP_FAILED);
    memset(wall, 7, 4 * page);
    EXPECT_ERR(shm_backend_shmat(id, wall + page, 0), EINVAL);
    EXPECT_ERR(shm_backend_shmat(id, wall + page + 1, RND), EINVAL);
    EXPECT_OK(munmap(wall, page));
    EXPECT_OK(munmap(wall + 2 * page, 2 * page));
    EXPECT_ERR(shm_backend_shmat(id, wall, 0), EINVAL); /* its second page is taken */
    EXPECT_OK(mprotect(wall + page, page, PROT_NONE));
    EXPECT_ERR(shm_backend_shmat(id, wall, 0), EINVAL);
    EXPECT_OK(mprotect(wall + page, page, PROT_READ));
    EXPECT_INT(wall[page], 7);
    EXPECT_INT(nattch(id), 0);
    EXPECT(attach_flags(id, wall + 2 * page, 0) == wall + 2 * page);
}
END_TEST

START_TEST(remap_replaces) /* S1.16 */
{
    int id = new_segment(2 * page, 0600);
    char *wall =
        mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    EXPECT(wall != MAP_FAILED);
    memset(wall, 7, 3 * page);
    EXPECT(attach_flags(id, wall, REMAP) == wall);
    EXPECT_INT(wall[0], 0);
    EXPECT_INT(wall[2 * page], 7);
    EXPECT_INT(nattch(id), 1);
    EXPECT_OK(shm_backend_shmdt(wall));
    EXPECT_INT(nattch(id), 0);
}
END_TEST

START_TEST(remap_over_an_attach) /* S1.16, S1.35 */
{
    int first = new_segment(page, 0600), second = new_segment(page, 0600);
    char *place = attach(first);

    strcpy(place, "first");
    EXPECT(attach_flags(second, place, REMAP) == place);
    EXPECT_INT(place[0], 0);
    EXPECT_INT(nattch(first), 0);
    EXPECT_INT(nattch(second), 1);
    EXPECT_OK(shm_backend_shmdt(place));
    EXPECT_INT(nattch(second), 0);
    EXPECT_ERR(shm_backend_shmdt(place), EINVAL);
}
END_TEST

START_TEST(remap_needs_an_address) /* S1.17 */
{
    int id = new_segment(100, 0600);

    EXPECT_ERR(shm_backend_shmat(id, NULL, REMAP), EINVAL);
    EXPECT_ERR(shm_backend_shmat(id, NULL, REMAP | RND), EINVAL);
    EXPECT_ERR(shm_backend_shmat(id, (void *)(uintptr_t)5, REMAP | RND), EINVAL);
    EXPECT_INT(nattch(id), 0);
}
END_TEST

static void attach_page_zero(void *id)
{
    EXPECT_ERR(shm_backend_shmat(*(int *)id, (void *)(uintptr_t)5, RND), EPERM);
}

START_TEST(address_that_rounds_to_zero) /* S1.18 */
{
    int id = new_segment(100, 0666);

    if (geteuid() != 0)
        attach_page_zero(&id);
    else
        EXPECT_INT(run_stranger(attach_page_zero, &id), 0);
    EXPECT_INT(nattch(id), 0);
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

START_TEST(readonly_attach_stays_readonly) /* S1.20, S1.21, S1.22 */
{
    int id = new_segment(100, 0600);
    char *bytes = attach(id);
    char *readonly = attach_flags(id, NULL, RDONLY);

    bytes[0] = 5;
    EXPECT_INT(readonly[0], 5);
    EXPECT(write_faults(readonly));
    EXPECT(!write_faults(bytes));
    EXPECT_ERR(mprotect(readonly, page, PROT_READ | PROT_WRITE), EACCES);
    EXPECT_OK(mprotect(readonly, page, PROT_READ | PROT_EXEC));
}
END_TEST

START_TEST(exec_attach) /* S1.19 */
{
    int id = new_segment(100, 0700);

    attach_flags(id, NULL, LIBSHM_ATTACH_EXEC);
    attach_flags(id, NULL, LIBSHM_ATTACH_EXEC | RDONLY);
    EXPECT_INT(nattch(id), 2);
}
END_TEST

static void attach_without_room(void *id)
{
    struct rlimit limit = {256 << 20, 256 << 20};

    EXPECT_OK(setrlimit(RLIMIT_AS, &limit));
    EXPECT_ERR(shm_backend_shmat(*(int *)id, NULL, 0), ENOMEM);
    EXPECT_INT(nattch(*(int *)id), 0);
}

START_TEST(out_of_address_space) /* S1.23 */
{
    int id = shm_backend_shmget(LIBSHM_IPC_PRIVATE, 512 << 20, LIBSHM_NORESERVE | 0600);

    EXPECT_OK(id);
    register_segment(id);
    EXPECT_INT(run(attach_without_room, &id), 0);
    EXPECT_INT(nattch(id), 0);
}
END_TEST

START_TEST(each_attach_counts) /* S1.24, S1.27 */
{
    enum { TIMES = 40 };
    int id = new_segment(100, 0600);
    char *at[TIMES];

    for (int i = 0; i < TIMES; i++) {
        at[i] = attach_flags(id, NULL, i % 2 ? RDONLY : 0);
        EXPECT_INT(nattch(id), i + 1);
    }
    for (int i = 0; i < TIMES; i++) {
        EXPECT_OK(shm_backend_shmdt(at[i]));
        EXPECT_INT(nattch(id), TIMES - i - 1);
    }
}
END_TEST

START_TEST(attach_and_detach_set_fields) /* S1.25, S1.27 */
{
    int64_t before = time(NULL) - 1;
    int id = new_segment(100, 0600);
    struct shm_backend_shmid_ds made = segment_stat(id);
    char *bytes = attach(id);
    struct shm_backend_shmid_ds ds = segment_stat(id);

    EXPECT_INT(ds.lpid, getpid());
    EXPECT(ds.atime >= before);
    EXPECT_INT(ds.dtime, 0);
    EXPECT_INT(ds.ctime, made.ctime);
    EXPECT_INT((long long)ds.nattch, 1);
    EXPECT_OK(shm_backend_shmdt(bytes));
    ds = segment_stat(id);
    EXPECT_INT(ds.lpid, getpid());
    EXPECT(ds.dtime >= before);
    EXPECT_INT(ds.ctime, made.ctime);
    EXPECT_INT((long long)ds.nattch, 0);
}
END_TEST

static void attach_and_detach(void *id)
{
    EXPECT_OK(shm_backend_shmdt(attach(*(int *)id)));
}

START_TEST(lpid_is_the_last_user) /* S1.25, S1.27 */
{
    int id = new_segment(100, 0600);

    attach(id);
    pid_t pid = start(attach_and_detach, &id);
    EXPECT_INT(reap(pid), 0);
    struct shm_backend_shmid_ds ds = segment_stat(id);
    EXPECT_INT(ds.cpid, getpid());
    if (!on_posix()) /* S5.15: the exit's own detach of the inherited attach is not seen */
        EXPECT_INT(ds.lpid, pid);
    EXPECT_INT((long long)ds.nattch, 1);
}
END_TEST

START_TEST(detach_needs_a_start) /* S1.26, S1.28 */
{
    int id = new_segment(3 * page, 0600);
    char *bytes = attach(id);
    char *other = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    EXPECT_ERR(shm_backend_shmdt(NULL), EINVAL);
    EXPECT_ERR(shm_backend_shmdt(bytes + page), EINVAL);
    EXPECT_ERR(shm_backend_shmdt(bytes + 1), EINVAL);
    EXPECT_ERR(shm_backend_shmdt(other), EINVAL);
    EXPECT_ERR(shm_backend_shmdt(&id), EINVAL);
    EXPECT_INT(nattch(id), 1);
    bytes[0] = bytes[3 * page - 1] = 1;
    EXPECT_OK(shm_backend_shmdt(bytes));
    EXPECT_ERR(shm_backend_shmdt(bytes), EINVAL);
    other[0] = 1; /* still mapped */
}
END_TEST

START_TEST(mprotect_changes_nothing_for_good) /* S1.37, S5.1 */
{
    int id = new_segment(4 * page, 0600);
    char *kept = attach(id), *bytes = attach(id);

    EXPECT_OK(mprotect(bytes + page, page, PROT_READ));
    long long split = nattch(id);
    EXPECT(split >= 2);
    if (on_posix())
        EXPECT_INT(split, 2);
    EXPECT_OK(shm_backend_shmdt(bytes));
    EXPECT_INT(nattch(id), 1);
    EXPECT_ERR(mprotect(bytes, page, PROT_READ), ENOMEM); /* all of it is unmapped */
    EXPECT_ERR(mprotect(bytes + page, page, PROT_READ), ENOMEM);
    EXPECT_ERR(mprotect(bytes + 3 * page, page, PROT_READ), ENOMEM);
    kept[0] = 1;
}
END_TEST

START_TEST(munmap_of_the_whole_counts_down) /* S1.35: on posix the mapping is the record */
{
    int id = new_segment(2 * page, 0600);
    char *bytes = attach(id);

    EXPECT_OK(munmap(bytes, 2 * page));
    if (keeps_descriptors()) {
        leave_out("S1.35, munmap of the whole", "S5.28: the lock is not the mapping's");
        EXPECT_OK(shm_backend_shmdt(bytes));
    }
    EXPECT_INT(nattch(id), 0);
    if (on_posix())
        leave_out("S1.35, shmdt after munmap", "S5.1: munmap is outside its view");
    else
        EXPECT_ERR(shm_backend_shmdt(bytes), EINVAL);
    EXPECT_OK(remove_segment(id));
    struct shm_backend_shmid_ds ds;
    EXPECT_ERR(shm_backend_shmctl(id, LIBSHM_IPC_STAT, &ds), EINVAL);
}
END_TEST

START_TEST(munmap_of_the_first_page) /* S1.36 */
{
    int id = new_segment(3 * page, 0600);
    char *bytes = attach(id);

    EXPECT_OK(munmap(bytes, page));
    EXPECT_INT(nattch(id), 1);
    bytes[page] = 1;
    EXPECT_OK(shm_backend_shmdt(bytes));
    EXPECT_INT(nattch(id), 0);
    EXPECT_ERR(mprotect(bytes + page, page, PROT_READ), ENOMEM);
}
END_TEST

START_TEST(mremap_moves_an_attach) /* S1.38 */
{
    if (on_posix()) {
        leave_out("S1.38", "S5.1: mremap is outside its view");
        return;
    }
    int id = new_segment(2 * page, 0600);
    char *bytes = attach(id), *place = hole(2);
    void *moved = mremap(bytes, 2 * page, 2 * page, MREMAP_MAYMOVE | MREMAP_FIXED, place);
    EXPECT(moved == place);
    EXPECT_INT(nattch(id), 1);
    EXPECT_ERR(shm_backend_shmdt(bytes), EINVAL);
    EXPECT_OK(shm_backend_shmdt(place));
    EXPECT_INT(nattch(id), 0);
}
END_TEST

int main(int argc, char **argv)
{
    const struct listed_test tests[] = {
        {"order", check_order_id_before_all},
        {"aligned", system_picks_an_aligned_address},
        {"page_end", mapped_to_the_end_of_the_page},
        {"unaligned", unaligned_address},
        {"overlap", overlap_is_refused},
        {"remap", remap_replaces},
        {"remap_attach", remap_over_an_attach},
        {"remap_null", remap_needs_an_address},
        {"page_zero", address_that_rounds_to_zero},
        {"readonly", readonly_attach_stays_readonly},
        {"exec_attach", exec_attach},
        {"no_room", out_of_address_space},
        {"counts", each_attach_counts},
        {"fields", attach_and_detach_set_fields},
        {"lpid", lpid_is_the_last_user},
        {"detach", detach_needs_a_start},
        {"mprotect", mprotect_changes_nothing_for_good},
        {"munmap", munmap_of_the_whole_counts_down},
        {"munmap_part", munmap_of_the_first_page},
        {"mremap", mremap_moves_an_attach},
    };
    page = (size_t)sysconf(_SC_PAGESIZE);
    return RUN_SUITE(argc, argv, "attach", tests);
}
