/* Segments and their handles: doc/legacy.md, sections 2 and 3. */
#include "config.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/suite.h"

#define GONE "can't access shared memory segment"

enum { SIZE = 5000 };

static struct shm_memory *make(int number)
{
    struct shm_memory *m = shm_create_memory(test_key(number), SIZE, 0600);
    ck_made(m);
    return m;
}

static struct shm_memory *make_attached(int number)
{
    struct shm_memory *m = make(number);
    ck_works(shm_memory_attach(m, NULL, 0));
    return m;
}

static int id_of(struct shm_memory *m)
{
    int id = -1;
    ck_works(shm_memory_shmid(m, &id));
    return id;
}

static size_t nattch_of(struct shm_memory *m)
{
    size_t n = 99;
    ck_works(shm_memory_nattch(m, &n));
    return n;
}

static char *address_of(struct shm_memory *m)
{
    void *address = NULL;
    ck_works(shm_memory_addr(m, &address));
    return address;
}

START_TEST(members_of_a_new_segment)
{
    int64_t before = time(NULL);
    umask(0777);
    struct shm_memory *m = shm_create_memory(test_key(0), SIZE, 0646);
    ck_made(m);
    struct shm_memory_status st;
    ck_works(shm_memory_stat(m, &st));
    ck_assert_ptr_null(st.addr);
    ck_assert_int_eq(st.attached, 0);
    ck_assert_uint_eq(st.nattch, 0);
    ck_assert_uint_eq(st.perm, 0646);
    ck_assert_uint_eq(st.key, (uint32_t)test_key(0));
    ck_assert_uint_eq(st.size, SIZE);
    ck_assert_int_eq(st.shmid, shm_getshmid(test_key(0)));
    ck_assert_uint_eq(st.uid, geteuid());
    ck_assert_uint_eq(st.gid, getegid());
    ck_assert_uint_eq(st.cuid, geteuid());
    ck_assert_uint_eq(st.cgid, getegid());
    ck_assert_int_eq(st.cpid, getpid());
    ck_assert_int_eq(st.lpid, 0);
    ck_assert_int_eq(st.atime, 0);
    ck_assert_int_eq(st.dtime, 0);
    ck_assert_int_ge(st.ctime, before);
    ck_assert_int_le(st.ctime, time(NULL));
}
END_TEST

#define SAME(member, type)                                                                     \
    do {                                                                                       \
        type value;                                                                            \
        ck_works(shm_memory_##member(m, &value));                                              \
        ck_assert_msg(value == st.member, "%s differs", #member);                              \
    } while (0)

START_TEST(members_one_by_one)
{
    struct shm_memory *m = make_attached(0);
    struct shm_memory_status st;
    ck_works(shm_memory_stat(m, &st));
    ck_assert_ptr_nonnull(st.addr);
    ck_assert_int_eq(st.attached, 1);
    ck_assert_uint_eq(st.nattch, 1);
    ck_assert_int_eq(st.lpid, getpid());
    ck_assert_int_gt(st.atime, 0);
    SAME(addr, void *);
    SAME(attached, int);
    SAME(nattch, size_t);
    SAME(perm, mode_t);
    SAME(key, uint32_t);
    SAME(size, size_t);
    SAME(shmid, int);
    SAME(uid, uid_t);
    SAME(gid, gid_t);
    SAME(cuid, uid_t);
    SAME(cgid, gid_t);
    SAME(cpid, pid_t);
    SAME(lpid, pid_t);
}
END_TEST

START_TEST(creation_is_exclusive)
{
    make(0);
    ck_refuses(shm_create_memory(test_key(0), SIZE, 0600), EEXIST);
    ck_assert_int_eq(shm_memory_haskey(test_key(0)), 1);
}
END_TEST

START_TEST(creation_refuses_and_leaves_nothing)
{
    ck_refuses(shm_create_memory(test_key(0), 0, 0600), EINVAL);
    ck_refuses(shm_create_memory(test_key(0), SIZE_MAX, 0600), EINVAL);
    ck_refuses(shm_create_memory(test_key(0), SIZE, 01600), EINVAL);
    ck_refuses(shm_create_memory(test_key(0), SIZE, (mode_t)-1), EINVAL);
    ck_assert_int_eq(shm_memory_haskey(test_key(0)), 0);
}
END_TEST

static int create_unreadable(void *context)
{
    (void)context;
    CHILD_EXPECT(become_nobody());
    errno = 0;
    CHILD_EXPECT(!shm_create_memory(test_key(0), SIZE, 0200) && errno == EACCES);
    CHILD_EXPECT(strcmp(shm_error_detail(), GONE) == 0);
    CHILD_EXPECT(!shm_memory_haskey(test_key(0)));
    return 0;
}

START_TEST(creation_of_what_the_creator_cannot_read)
{
    if (have_root("a creator without permission to read"))
        ck_assert_int_eq(child_run(create_unreadable, NULL), 0);
}
END_TEST

START_TEST(private_segments_are_all_new)
{
    struct shm_memory *a = noted_memory(shm_create_memory(LIBSHM_PRIVATE, SIZE, 0600));
    struct shm_memory *b = noted_memory(shm_create_memory(LIBSHM_PRIVATE, SIZE, 0600));
    ck_made(a);
    ck_made(b);
    ck_assert_int_ne(id_of(a), id_of(b));
    uint32_t key = 1;
    ck_works(shm_memory_key(a, &key));
    ck_assert_uint_eq(key, 0);
}
END_TEST

START_TEST(keys_are_reported_unsigned)
{
    key_t negative = (key_t)((uint32_t)test_key(0) | 0x80000000u);
    ck_assert_int_lt(negative, 0);
    struct shm_memory *m = noted_memory(shm_create_memory(negative, SIZE, 0600));
    ck_made(m);
    uint32_t key = 0;
    ck_works(shm_memory_key(m, &key));
    ck_assert_uint_eq(key, (uint32_t)test_key(0) | 0x80000000u);
    ck_assert_int_eq(shm_getshmid((key_t)key), id_of(m));
}
END_TEST

START_TEST(bytes_written_are_read)
{
    struct shm_memory *m = make_attached(0);
    char bytes[SIZE], zero[SIZE] = {0};
    memset(bytes, 'x', SIZE);
    ck_works(shm_memory_read(m, bytes, SIZE, 0));
    ck_assert_mem_eq(bytes, zero, SIZE);
    ck_works(shm_memory_write(m, "ab\0cd", 5, SIZE - 5));
    ck_works(shm_memory_read(m, bytes, 7, SIZE - 7));
    ck_assert_mem_eq(bytes, "\0\0ab\0cd", 7);
    ck_assert_mem_eq(address_of(m) + SIZE - 5, "ab\0cd", 5);
}
END_TEST

START_TEST(read_ends_at_the_end)
{
    struct shm_memory *m = make_attached(0);
    char bytes[SIZE + 1];
    ck_works(shm_memory_read(m, bytes, SIZE, 0));
    ck_works(shm_memory_read(m, bytes, 0, SIZE));
    ck_works(shm_memory_read(m, NULL, 0, 0));
    ck_fails(shm_memory_read(m, bytes, SIZE + 1, 0), EINVAL);
    ck_says("read() argument exceeds upper memory limit");
    ck_fails(shm_memory_read(m, bytes, SIZE, 1), EINVAL);
    ck_says("read() arguments exceed upper memory limit");
    ck_fails(shm_memory_read(m, bytes, 0, SIZE + 1), EINVAL);
    ck_says("read() arguments exceed upper memory limit");
}
END_TEST

START_TEST(write_ends_at_the_end)
{
    struct shm_memory *m = make_attached(0);
    char bytes[SIZE + 1], after[SIZE], zero[SIZE] = {0};
    memset(bytes, 'x', sizeof bytes);
    ck_works(shm_memory_write(m, bytes, 0, SIZE));
    ck_works(shm_memory_write(m, NULL, 0, 0));
    ck_fails(shm_memory_write(m, bytes, SIZE + 1, 0), EINVAL);
    ck_says("write() argument exceeds upper memory limit");
    ck_fails(shm_memory_write(m, bytes, SIZE, 1), EINVAL);
    ck_says("write() arguments exceed upper memory limit");
    ck_fails(shm_memory_write(m, bytes, 0, SIZE + 1), EINVAL);
    ck_works(shm_memory_read(m, after, SIZE, 0));
    ck_assert_mem_eq(after, zero, SIZE);
}
END_TEST

START_TEST(sums_do_not_wrap)
{
    struct shm_memory *m = make_attached(0);
    char byte = 0;
    static const size_t sums[][2] = {
        {1, SIZE_MAX},        {SIZE_MAX, 1},       {SIZE_MAX, SIZE_MAX},
        {SIZE_MAX - 10, 100}, {100, SIZE_MAX - 9}, {SIZE_MAX / 2 + 1, SIZE_MAX / 2 + 1},
    };
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++) {
        ck_fails(shm_memory_read(m, &byte, sums[i][0], sums[i][1]), EINVAL);
        ck_says("read() arguments exceed upper memory limit");
        ck_fails(shm_memory_write(m, &byte, sums[i][0], sums[i][1]), EINVAL);
        ck_says("write() arguments exceed upper memory limit");
    }
    ck_fails(shm_memory_read(m, &byte, SIZE_MAX, 0), EINVAL);
    ck_says("read() argument exceeds upper memory limit");
}
END_TEST

START_TEST(detached_memory_is_not_accessed)
{
    struct shm_memory *m = make(0);
    char byte = 0;
    ck_fails(shm_memory_read(m, &byte, SIZE + 1, 0), EINVAL);
    ck_says("R/W operation on detached memory");
    ck_fails(shm_memory_write(m, &byte, SIZE + 1, 0), EINVAL);
    ck_says("R/W operation on detached memory");
}
END_TEST

START_TEST(read_only_memory_is_not_written)
{
    struct shm_memory *m = make(0);
    char byte = 'x';
    ck_works(shm_memory_attach(m, NULL, LIBSHM_RDONLY));
    ck_works(shm_memory_read(m, &byte, 1, 0));
    ck_assert_int_eq(byte, 0);
    ck_fails(shm_memory_write(m, &byte, 1, SIZE), EACCES);
    ck_says("can't write on read-only attached memory");
    ck_works(shm_memory_attach(m, NULL, 0));
    ck_works(shm_memory_write(m, &byte, 1, 0));
}
END_TEST

START_TEST(attach_again_does_nothing)
{
    struct shm_memory *m = make_attached(0);
    char *address = address_of(m);
    ck_works(shm_memory_attach(m, NULL, 0));
    ck_works(shm_memory_attach(m, address, 0));
    ck_assert_ptr_eq(address_of(m), address);
    ck_assert_uint_eq(nattch_of(m), 1);
}
END_TEST

START_TEST(attach_otherwise_moves)
{
    struct shm_memory *m = make_attached(0);
    char *address = address_of(m);
    ck_works(shm_memory_attach(m, NULL, LIBSHM_RDONLY));
    ck_assert_ptr_ne(address_of(m), address);
    ck_assert_uint_eq(nattch_of(m), 1);
    ck_works(shm_memory_attach(m, address + 1, LIBSHM_RND));
    ck_assert_ptr_eq(address_of(m), address);
    ck_assert_uint_eq(nattch_of(m), 1);
}
END_TEST

START_TEST(failed_attach_keeps_the_mapping)
{
    struct shm_memory *m = make_attached(0);
    char *address = address_of(m);
    ck_fails(shm_memory_attach(m, address + 1, 0), EINVAL);
    static char occupied[8];
    char *page = occupied - (uintptr_t)occupied % shm_lba();
    ck_fails(shm_memory_attach(m, page, 0), EINVAL);
    ck_assert_ptr_eq(address_of(m), address);
    ck_assert_uint_eq(nattch_of(m), 1);
    ck_works(shm_memory_write(m, "x", 1, 0));
}
END_TEST

START_TEST(detach_releases)
{
    struct shm_memory *m = make_attached(0);
    int attached = 1;
    ck_works(shm_memory_detach(m));
    ck_works(shm_memory_attached(m, &attached));
    ck_assert_int_eq(attached, 0);
    ck_assert_ptr_null(address_of(m));
    ck_assert_uint_eq(nattch_of(m), 0);
    ck_works(shm_memory_detach(m));
}
END_TEST

#define ck_gone(call)                                                                          \
    do {                                                                                       \
        ck_fails(call, EIDRM);                                                                 \
        ck_says(GONE);                                                                         \
    } while (0)

static void check_all_refuse(struct shm_memory *m)
{
    struct shm_memory_status st;
    char byte = 0;
    uint32_t key;
    ck_gone(shm_memory_read(m, &byte, 1, 0));
    ck_gone(shm_memory_write(m, &byte, 1, 0));
    ck_gone(shm_memory_attach(m, NULL, 0));
    ck_gone(shm_memory_setperm(m, 0600));
    ck_gone(shm_memory_setuid(m, geteuid()));
    ck_gone(shm_memory_setgid(m, getegid()));
    ck_gone(shm_memory_stat(m, &st));
    ck_gone(shm_memory_addr(m, &(void *){NULL}));
    ck_gone(shm_memory_attached(m, &(int){0}));
    ck_gone(shm_memory_nattch(m, &(size_t){0}));
    ck_gone(shm_memory_perm(m, &(mode_t){0}));
    ck_gone(shm_memory_key(m, &key));
    ck_gone(shm_memory_size(m, &(size_t){0}));
    ck_gone(shm_memory_shmid(m, &(int){0}));
    ck_gone(shm_memory_uid(m, &(uid_t){0}));
    ck_gone(shm_memory_gid(m, &(gid_t){0}));
    ck_gone(shm_memory_cuid(m, &(uid_t){0}));
    ck_gone(shm_memory_cgid(m, &(gid_t){0}));
    ck_gone(shm_memory_cpid(m, &(pid_t){0}));
    ck_gone(shm_memory_lpid(m, &(pid_t){0}));
}

START_TEST(removed_while_attached)
{
    struct shm_memory *m = make_attached(0);
    int id = id_of(m);
    char *address = address_of(m);
    ck_works(shm_memory_write(m, "still", 5, 0));
    ck_works(shm_remove_memory(id));
    ck_assert_int_eq(shm_memory_haskey(test_key(0)), 0);
    check_all_refuse(m);
    ck_assert_mem_eq(address, "still", 5);
    ck_works(shm_remove_memory(id));
    ck_works(shm_memory_detach(m));
    check_all_refuse(m);
    ck_refuses(shm_memory(id), EINVAL);
    ck_says(GONE);
    ck_works(shm_memory_detach(m));
}
END_TEST

START_TEST(removed_while_detached)
{
    struct shm_memory *m = make(0);
    ck_works(shm_remove_memory(id_of(m)));
    check_all_refuse(m);
    ck_works(shm_memory_detach(m));
}
END_TEST

START_TEST(the_old_handle_stays_dead)
{
    struct shm_memory *old = make_attached(0);
    ck_works(shm_remove_memory(id_of(old)));
    struct shm_memory *new = make_attached(0);
    ck_assert_ptr_ne(new, old);
    check_all_refuse(old);
    ck_works(shm_memory_detach(old));
    check_all_refuse(old);
    ck_works(shm_memory_write(new, "x", 1, 0));
}
END_TEST

START_TEST(private_memory_survives_removal)
{
    struct shm_memory *m = noted_memory(shm_create_memory(LIBSHM_PRIVATE, SIZE, 0600));
    ck_made(m);
    ck_works(shm_memory_attach(m, NULL, 0));
    ck_works(shm_remove_memory(id_of(m)));
    ck_works(shm_memory_write(m, "x", 1, 0));
    ck_assert_uint_eq(nattch_of(m), 1);
    ck_works(shm_memory_detach(m));
    check_all_refuse(m);
}
END_TEST

START_TEST(removed_memory_revives_by_id)
{
    struct shm_memory *m = make_attached(0);
    int id = id_of(m);
    uint32_t key = 1;
    ck_works(shm_remove_memory(id));
    check_all_refuse(m);
    ck_assert_ptr_eq(shm_memory(id), m);
    ck_works(shm_memory_key(m, &key));
    ck_assert_uint_eq(key, 0);
    ck_works(shm_memory_write(m, "x", 1, 0));
    ck_works(shm_memory_detach(m));
    check_all_refuse(m);
}
END_TEST

START_TEST(unknown_ids)
{
    struct shm_memory *m = make(0);
    int stale = id_of(m);
    shm_memory_free(m);
    ck_works(shm_remove_memory(stale));
    static const int never[] = {-1, INT_MIN, INT_MAX};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        ck_refuses(shm_memory(never[i]), EINVAL);
        ck_says(GONE);
        ck_fails(shm_remove_memory(never[i]), EINVAL);
    }
    ck_refuses(shm_memory(stale), EINVAL);
    ck_fails(shm_remove_memory(stale), EINVAL);
}
END_TEST

START_TEST(one_handle_for_each_id)
{
    struct shm_memory *a = make_attached(0);
    int id = id_of(a);
    struct shm_memory *b = shm_memory(id);
    ck_assert_ptr_eq(a, b);
    ck_works(shm_memory_write(b, "x", 1, 0));
    shm_memory_free(a);
    char byte = 0;
    ck_works(shm_memory_read(b, &byte, 1, 0));
    ck_assert_int_eq(byte, 'x');
    shm_memory_free(b);
}
END_TEST

START_TEST(the_last_free_does_not_detach)
{
    struct shm_memory *m = make_attached(0);
    int id = id_of(m);
    char *address = address_of(m);
    shm_memory_free(m);
    m = shm_memory(id);
    ck_made(m);
    ck_assert_ptr_null(address_of(m));
    ck_assert_uint_eq(nattch_of(m), 1);
    ck_works(shm_memory_attach(m, NULL, 0));
    ck_assert_uint_eq(nattch_of(m), 2);
    strcpy(address, "same");
    ck_assert_str_eq(address_of(m), "same");
}
END_TEST

enum { MANY = 200 };

START_TEST(many_handles)
{
    struct shm_memory *m[MANY];
    for (int i = 0; i < MANY; i++) {
        m[i] = noted_memory(shm_create_memory(LIBSHM_PRIVATE, 1, 0600));
        ck_made(m[i]);
    }
    for (int i = 0; i < MANY; i++)
        ck_assert_ptr_eq(shm_memory(id_of(m[i])), m[i]);
    for (int i = 0; i < MANY; i++)
        shm_memory_free(m[i]);
    for (int i = 1; i < MANY; i += 2)
        shm_memory_free(m[i]);
    for (int i = 0; i < MANY; i += 2)
        ck_assert_uint_eq(nattch_of(m[i]), 0);
}
END_TEST

static atomic_bool stop;

/* Makes and frees the handle; while `kept` has a reference it must always be the same. */
static void *take_and_free(void *kept)
{
    int id;
    if (shm_memory_shmid(kept, &id) < 0)
        return kept;
    while (!stop) {
        struct shm_memory *m = shm_memory(id);
        if (m != kept)
            return kept;
        shm_memory_free(m);
    }
    return NULL;
}

static void start_threads(pthread_t *threads, int count, void *(*body)(void *), void *context)
{
    for (int i = 0; i < count; i++)
        ck_assert_int_eq(pthread_create(&threads[i], NULL, body, context), 0);
}

/* None has found anything wrong. */
static void join_threads(const pthread_t *threads, int count)
{
    for (int i = 0; i < count; i++) {
        void *wrong;
        ck_assert_int_eq(pthread_join(threads[i], &wrong), 0);
        ck_assert_ptr_null(wrong);
    }
}

static int use_inherited(void *context)
{
    struct shm_memory *kept = context;
    int id;
    CHILD_EXPECT(shm_memory_shmid(kept, &id) == 0);
    struct shm_memory *m = shm_memory(id);
    CHILD_EXPECT(m == kept);
    shm_memory_free(m);
    m = noted_memory(shm_create_memory(LIBSHM_PRIVATE, 1, 0600));
    CHILD_EXPECT(m);
    CHILD_EXPECT(shm_remove_memory(shm_memory_shmid(m, &id) < 0 ? -1 : id) == 0);
    shm_memory_free(m);
    return 0;
}

START_TEST(threads_and_forks_share_handles)
{
    struct shm_memory *m = make(0);
    pthread_t threads[2];
    stop = false;
    start_threads(threads, 2, take_and_free, m);
    for (int i = 0; i < 100; i++)
        ck_assert_int_eq(child_run(use_inherited, m), 0);
    stop = true;
    join_threads(threads, 2);
}
END_TEST

/* Without a reference kept elsewhere the handle comes and goes. */
static void *come_and_go(void *context)
{
    const int *id = context;
    for (int i = 0; i < 20000; i++) {
        struct shm_memory *m = shm_memory(*id);
        int seen = -1;
        if (!m || shm_memory_shmid(m, &seen) < 0 || seen != *id)
            return context;
        shm_memory_free(m);
    }
    return NULL;
}

START_TEST(threads_make_and_free_the_last_reference)
{
    struct shm_memory *m = make(0);
    int id = id_of(m);
    shm_memory_free(m);
    pthread_t threads[3];
    start_threads(threads, 3, come_and_go, &id);
    join_threads(threads, 3);
}
END_TEST

static pthread_barrier_t barrier;

static void *attach_together(void *m)
{
    pthread_barrier_wait(&barrier);
    return shm_memory_attach(m, NULL, 0) == 0 ? NULL : m;
}

START_TEST(threads_attach_once)
{
    struct shm_memory *m = make(0);
    for (int i = 0; i < 100; i++) {
        pthread_t threads[4];
        ck_assert_int_eq(pthread_barrier_init(&barrier, NULL, 4), 0);
        start_threads(threads, 4, attach_together, m);
        join_threads(threads, 4);
        pthread_barrier_destroy(&barrier);
        ck_assert_uint_eq(nattch_of(m), 1);
        ck_works(shm_memory_detach(m));
    }
}
END_TEST

static int child_of_an_attached(void *context)
{
    struct shm_memory *m = context;
    char byte = 0;
    size_t nattch;
    CHILD_EXPECT(shm_memory_read(m, &byte, 1, 0) == 0 && byte == 'p');
    CHILD_EXPECT(shm_memory_nattch(m, &nattch) == 0 && nattch == 2);
    CHILD_EXPECT(shm_memory_write(m, "c", 1, 0) == 0);
    CHILD_EXPECT(shm_memory_detach(m) == 0);
    /* In user space the parent may still hold this attach for it: not back from fork yet. */
    for (double end = deadline(); shm_memory_nattch(m, &nattch) == 0 && nattch != 1;)
        CHILD_EXPECT(nattch == 2 && nap_before(end));
    CHILD_EXPECT(nattch == 1);
    return 0;
}

START_TEST(a_child_inherits_the_attachment)
{
    struct shm_memory *m = make_attached(0);
    ck_works(shm_memory_write(m, "p", 1, 0));
    pid_t child = child_start(child_of_an_attached, m);
    ck_assert_int_eq(child_end(child), 0);
    pid_t last = 0;
    ck_works(shm_memory_lpid(m, &last));
    ck_assert_int_eq(last, child);
    ck_assert_uint_eq(nattch_of(m), 1);
    char byte = 0;
    ck_works(shm_memory_read(m, &byte, 1, 0));
    ck_assert_int_eq(byte, 'c');
}
END_TEST

START_TEST(setperm_assigns_the_nine_bits)
{
    struct shm_memory *m = make(0);
    static const mode_t wanted[] = {0666, 0600, 0600, 0777, 0, 0640};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        mode_t perm = 01;
        if (geteuid() != 0 && !(wanted[i] & 0400))
            continue; /* who may not read it could not look, nor go on */
        ck_works(shm_memory_setperm(m, wanted[i] | 07000));
        ck_works(shm_memory_perm(m, &perm));
        ck_assert_uint_eq(perm, wanted[i]);
    }
}
END_TEST

START_TEST(the_owner_changes_but_not_the_creator)
{
    if (!have_root("giving a segment away"))
        return;
    struct shm_memory *m = make(0);
    struct shm_memory_status st;
    ck_works(shm_memory_setuid(m, NOBODY));
    ck_works(shm_memory_setgid(m, NOBODY));
    ck_works(shm_memory_stat(m, &st));
    ck_assert_uint_eq(st.uid, NOBODY);
    ck_assert_uint_eq(st.gid, NOBODY);
    ck_assert_uint_eq(st.cuid, 0);
    ck_assert_uint_eq(st.cgid, 0);
    ck_assert_uint_eq(st.perm, 0600);
    ck_fails(shm_memory_setuid(m, (uid_t)-1), EINVAL);
    ck_fails(shm_memory_setgid(m, (gid_t)-1), EINVAL);
}
END_TEST

static int stranger_without_permission(void *context)
{
    struct shm_memory *m = context;
    char byte;
    CHILD_EXPECT(become_nobody());
    int id = shm_getshmid(test_key(0));
    CHILD_EXPECT(id >= 0 && shm_memory_haskey(test_key(0)) == 1);
    errno = 0;
    CHILD_EXPECT(!shm_memory(id) && errno == EACCES);
    CHILD_EXPECT(strcmp(shm_error_detail(), GONE) == 0);
    errno = 0;
    CHILD_EXPECT(shm_memory_read(m, &byte, 1, 0) < 0 && errno == EACCES);
    CHILD_EXPECT(strcmp(shm_error_detail(), GONE) == 0);
    CHILD_EXPECT(shm_memory_detach(m) == 0);
    CHILD_EXPECT(shm_remove_memory(id) < 0 && errno == EPERM);
    return 0;
}

static int stranger_who_may_read(void *context)
{
    struct shm_memory *m = context;
    CHILD_EXPECT(become_nobody());
    CHILD_EXPECT(shm_memory_attach(m, NULL, 0) < 0 && errno == EACCES);
    CHILD_EXPECT(shm_memory_attach(m, NULL, LIBSHM_RDONLY) == 0);
    CHILD_EXPECT(shm_memory_setperm(m, 0666) < 0 && errno == EPERM);
    CHILD_EXPECT(shm_memory_setuid(m, NOBODY) < 0 && errno == EPERM);
    CHILD_EXPECT(shm_memory_setgid(m, NOBODY) < 0 && errno == EPERM);
    return 0;
}

/* The owner takes permissions away while a stranger has it attached: they are asked for each time. */
static int stranger_who_may_no_longer(void *pipes)
{
    const int *ends = pipes; /* to read from, to write to */
    char byte = 0;
    CHILD_EXPECT(become_nobody());
    struct shm_memory *m = shm_memory(shm_getshmid(test_key(1)));
    CHILD_EXPECT(m && shm_memory_attach(m, NULL, LIBSHM_RDONLY) == 0);
    CHILD_EXPECT(shm_memory_read(m, &byte, 1, 0) == 0);
    CHILD_EXPECT(write(ends[1], &byte, 1) == 1 && read(ends[0], &byte, 1) == 1);
    errno = 0;
    CHILD_EXPECT(shm_memory_read(m, &byte, 1, 0) < 0 && errno == EACCES);
    CHILD_EXPECT(strcmp(shm_error_detail(), GONE) == 0);
    return shm_memory_detach(m);
}

static void lose_permission(void)
{
    struct shm_memory *m = shm_create_memory(test_key(1), 100, 0644);
    int to[2], from[2];
    char byte = 0;
    ck_made(m);
    ck_assert(pipe(to) == 0 && pipe(from) == 0);
    int ends[] = {to[0], from[1]};
    pid_t pid = child_start(stranger_who_may_no_longer, ends);
    ck_assert_int_eq(read(from[0], &byte, 1), 1);
    ck_works(shm_memory_setperm(m, 0600));
    ck_assert_int_eq(write(to[1], &byte, 1), 1);
    ck_assert_int_eq(child_end(pid), 0);
    close(to[0]), close(to[1]), close(from[0]), close(from[1]);
}

START_TEST(strangers)
{
    if (!have_root("other users"))
        return;
    lose_permission();
    struct shm_memory *m = make_attached(0);
    ck_assert_int_eq(child_run(stranger_without_permission, m), 0);
    ck_works(shm_memory_detach(m));
    ck_works(shm_memory_setperm(m, 0644));
    ck_assert_int_eq(child_run(stranger_who_may_read, m), 0);
}
END_TEST

/* Not where every byte has to be there: two gigabytes of real memory. */
START_TEST(more_than_two_gigabytes)
{
    size_t size = ((size_t)1 << 31) + 10, seen = 0;
    if (strcmp(shm_backend(), "sysv") != 0 || sizeof(size_t) < 8) {
        puts("left out, because the whole segment would be reserved: 2 GiB");
        return;
    }
    struct shm_memory *m = shm_create_memory(test_key(0), size, 0600);
    ck_made(m);
    ck_works(shm_memory_attach(m, NULL, 0));
    ck_works(shm_memory_size(m, &seen));
    ck_assert_uint_eq(seen, size);
    ck_works(shm_memory_write(m, "end", 3, size - 3));
    ck_fails(shm_memory_write(m, "end", 3, size - 2), EINVAL);
}
END_TEST

START_TEST(success_leaves_errno_and_sentence_alone)
{
    ck_fails(shm_getshmid(0), ENOENT);
    char before[512];
    snprintf(before, sizeof before, "%s", shm_error_detail());
    struct shm_memory_status st;
    char byte;
    errno = 77;
    struct shm_memory *m = make_attached(0);
    ck_works(shm_memory_write(m, "x", 1, 0));
    ck_works(shm_memory_read(m, &byte, 1, 0));
    ck_works(shm_memory_stat(m, &st));
    ck_works(shm_memory_setperm(m, 0600));
    ck_assert_int_eq(shm_memory_haskey(test_key(0)), 1);
    ck_assert_ptr_eq(shm_memory(st.shmid), m);
    ck_works(shm_memory_detach(m));
    ck_works(shm_remove_memory(st.shmid));
    ck_works(shm_memory_detach(m));
    shm_memory_free(m);
    shm_memory_free(m);
    ck_assert_int_eq(errno, 77);
    ck_says(before);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        members_of_a_new_segment,
        members_one_by_one,
        creation_is_exclusive,
        creation_refuses_and_leaves_nothing,
        creation_of_what_the_creator_cannot_read,
        private_segments_are_all_new,
        keys_are_reported_unsigned,
        bytes_written_are_read,
        read_ends_at_the_end,
        write_ends_at_the_end,
        sums_do_not_wrap,
        detached_memory_is_not_accessed,
        read_only_memory_is_not_written,
        attach_again_does_nothing,
        attach_otherwise_moves,
        failed_attach_keeps_the_mapping,
        detach_releases,
        removed_while_attached,
        removed_while_detached,
        the_old_handle_stays_dead,
        private_memory_survives_removal,
        removed_memory_revives_by_id,
        unknown_ids,
        one_handle_for_each_id,
        the_last_free_does_not_detach,
        many_handles,
        threads_and_forks_share_handles,
        threads_make_and_free_the_last_reference,
        threads_attach_once,
        a_child_inherits_the_attachment,
        setperm_assigns_the_nine_bits,
        the_owner_changes_but_not_the_creator,
        strangers,
        more_than_two_gigabytes,
        success_leaves_errno_and_sentence_alone,
    };
    return RUN_TESTS("memory", tests);
}
