/*
 * What the file of an object says of itself, one wrong field at a time: the object is refused, or
 * the field leads nowhere. Further, a half-made object whose key is bound to another by now.
 */
#include "config.h"

#include "tests/backend_support.h"
#include "tests/backend_files.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "posix/posix_set_format.h"

enum { SIZE = 5000, NSEMS = 4, FAR = 0x00ffffff, KEY = 0x5abe, DEAD_ROW = 40 };

static int set, segment;
static bool of_set; /* the object under test */
static struct gate gate;

static void file_of(char path[FILE_PATH_SIZE])
{
    file_path(path, of_set ? "s" : "m", (unsigned)(of_set ? set : segment));
}

static void transfer(off_t offset, void *bytes, size_t size, bool store)
{
    char path[FILE_PATH_SIZE];

    file_of(path);
    int fd = (int)EXPECT_OK(open(path, O_RDWR));
    EXPECT_INT(store ? pwrite(fd, bytes, size, offset) : pread(fd, bytes, size, offset),
               (long long)size);
    close(fd);
}

static void put(size_t offset, uint32_t word)
{
    transfer((off_t)offset, &word, sizeof word, true);
}

static uint32_t get(size_t offset)
{
    uint32_t word;

    transfer((off_t)offset, &word, sizeof word, false);
    return word;
}

/*
 * Headers.
 */

/* In a process that has not used the object before. */
static void expect_refused(void *unused)
{
    struct shm_backend_shmid_ds ds;

    (void)unused;
    if (of_set) {
        EXPECT_ERR(sem_get(set, 0, LIBSHM_GETVAL), EINVAL);
    } else {
        EXPECT_ERR(shm_backend_shmctl(segment, LIBSHM_IPC_STAT, &ds), EINVAL);
        EXPECT(shm_backend_shmat(segment, NULL, 0) == NOT_ATTACHED);
    }
}

static void expect_usable(void *unused)
{
    (void)unused;
    if (of_set)
        EXPECT_INT(semval(set, 0), 5);
    else
        EXPECT_OK(shm_backend_shmdt(attach(segment)));
}

static void refuses(const char *what, size_t offset, uint32_t word)
{
    uint32_t before = get(offset);

    put(offset, word);
    if (run(expect_refused, NULL) != 0)
        fail_at(__FILE__, __LINE__, "%s of a %s may be %#x", what, of_set ? "set" : "segment",
                (unsigned)word);
    put(offset, before);
    EXPECT_INT(run(expect_usable, NULL), 0);
}

#define REFUSES(field, word) refuses(#field, offsetof(struct px_header, field), word)

static void check_header(bool is_set)
{
    of_set = is_set;
    REFUSES(magic, 0x01020304);
    REFUSES(format, 99);
    REFUSES(byte_order, 0x04030201);
    REFUSES(kind, is_set ? PX_SEGMENT : PX_SET);
    REFUSES(id, 0);
    REFUSES(state, PX_DEAD + 1);
    REFUSES(size, 0);
    REFUSES(size, is_set ? 1000 : 1 << 20);
    REFUSES(file_size, 1 << 30);
    REFUSES(boot_id, 0x12345678);
}

/* A handle that has the segment attached looks at the header before each access. */
static void expect_other_object(size_t offset, uint32_t word)
{
    struct shm_memory *m = shm_memory(segment);
    uint32_t before = get(offset);
    char byte;

    EXPECT(m != NULL);
    EXPECT_OK(shm_memory_attach(m, NULL, 0));
    EXPECT_OK(shm_memory_read(m, &byte, 1, 0));
    put(offset, word);
    EXPECT_ERR(shm_memory_read(m, &byte, 1, 0), EIDRM);
    put(offset, before);
    EXPECT_OK(shm_memory_read(m, &byte, 1, 0));
    EXPECT_OK(shm_memory_detach(m));
    shm_memory_free(m);
}

static void check_attached(void)
{
    expect_other_object(offsetof(struct px_header, key), KEY);
    expect_other_object(offsetof(struct px_header, size), SIZE - 1);
}

/*
 * What this process knows of a segment that it has detached is not looked at through a mapping: a file
 * that is cut off meanwhile is an error, of that segment only, and no signal.
 */
static void check_detached(void)
{
    struct shm_memory *m = shm_memory(segment);
    int other = new_segment(SIZE, 0600);
    char path[FILE_PATH_SIZE], header[sizeof(struct px_header)], byte;
    struct stat st;

    EXPECT(m != NULL);
    EXPECT_OK(shm_memory_attach(m, NULL, 0));
    EXPECT_OK(shm_memory_detach(m));
    file_of(path);
    transfer(0, header, sizeof header, false);
    EXPECT_OK(stat(path, &st));
    EXPECT_OK(truncate(path, 0));
    EXPECT_ERR(shm_memory_read(m, &byte, 1, 0), EIDRM);
    EXPECT(shm_backend_shmat(segment, NULL, 0) == NOT_ATTACHED && errno == EINVAL);
    EXPECT_OK(shm_backend_shmdt(attach(other)));
    /* An empty one could be one that is being created; with a part of a header it is none. */
    EXPECT_OK(truncate(path, sizeof header / 2));
    EXPECT(shm_backend_shmat(segment, NULL, 0) == NOT_ATTACHED && errno == EINVAL);
    EXPECT(strstr(shm_error_detail(), "is not a segment of this format") != NULL);
    EXPECT_OK(truncate(path, st.st_size));
    transfer(0, header, sizeof header, true);
    EXPECT_INT(run(expect_usable, NULL), 0);
    EXPECT_OK(remove_segment(other));
    shm_memory_free(m);
}

/* And so does one that has the set open, before each operation. */
static void check_opened(void)
{
    struct shm_semaphore *s = shm_semaphore(set);
    uint32_t before = get(offsetof(struct px_header, key));

    EXPECT(s != NULL);
    EXPECT_OK(shm_semaphore_v(s));
    put(offsetof(struct px_header, key), KEY);
    EXPECT_ERR(shm_semaphore_v(s), EIDRM);
    put(offsetof(struct px_header, key), before);
    EXPECT_OK(shm_semaphore_p(s));
    shm_semaphore_free(s);
}

/*
 * The set lock is held by a dead process, which has left a redo record; or the queue is damaged.
 */

#define CONTROL(field) (PX_CONTROL_OFFSET + offsetof(struct px_control, field))
#define REDO(field)    (CONTROL(redo) + offsetof(struct px_redo, field))
#define ENTRY(field)                                                                           \
    (PX_SEMAPHORES_OFFSET + NSEMS * sizeof(struct px_semaphore) +                              \
     offsetof(struct px_redo_entry, field))

static void use_set(void *unused)
{
    (void)unused;
    EXPECT_OK(semop1_timed(set, 1, 1, 0, 2000));
    EXPECT_INT(semval(set, 0), 5);
    EXPECT_OK(semop1_timed(set, 1, -1, 0, 2000));
}

static void still_works(const char *what)
{
    int result = run(use_set, NULL);

    if (result != 0)
        fail_at(__FILE__, __LINE__, "%s: the caller ended with %d", what, result);
}

static void leave_redo(uint32_t count, uint32_t row, uint32_t index)
{
    put(REDO(count), count);
    put(REDO(row), row);
    put(ENTRY(index), index);
    put(REDO(valid), 1);
    put(CONTROL(lock), DEAD_ROW);
}

static void check_redo(void)
{
    leave_redo(1, 0, FAR);
    still_works("a redo record with a far index");
    leave_redo(0, FAR, 0);
    still_works("a redo record with a far row");
    EXPECT_INT(get(REDO(valid)), 0);
}

static void check_queue(void)
{
    put(CONTROL(fifo_head), FAR);
    still_works("a queue whose head is far");
    put(CONTROL(fifo_head), 0);
    put(CONTROL(fifo_tail), 0);
}

static void hold_a_row(void *unused)
{
    (void)unused;
    use_set(NULL);
    gate_arrive(&gate);
}

/* The row of a process that lives and has the set open. */
static uint32_t row_of(pid_t pid, const struct px_set_layout *l)
{
    for (uint32_t row = 1; row <= l->rows; row++) {
        size_t at = l->rows_offset + (row - 1) * l->row_stride;
        if (get(at + offsetof(struct px_row, pid)) == (uint32_t)pid &&
            get(at + offsetof(struct px_row, state)) == PX_ROW_USED)
            return row;
    }
    fail_at(__FILE__, __LINE__, "process %ld has no row", (long)pid);
    return 0;
}

/* A sleeper that names a semaphore which the set does not have is sent away. */
static void check_operations(void)
{
    struct px_set_layout l;
    struct px_waiter sleeper = {.state = PX_WAITER_WAITING, .nops = 1, .ops = {{60000, 1, 0}}};

    px_set_layout(&l, NSEMS);
    pid_t pid = start(hold_a_row, NULL);
    gate_await(&gate);
    sleeper.row = row_of(pid, &l);
    transfer((off_t)l.waiters_offset, &sleeper, sizeof sleeper, true);
    put(CONTROL(fifo_head), 1);
    put(CONTROL(fifo_tail), 1);
    still_works("a sleeper with an impossible operation");
    transfer((off_t)l.waiters_offset, &sleeper, sizeof sleeper, false);
    EXPECT_INT(sleeper.state, PX_WAITER_DONE);
    EXPECT_INT(sleeper.result, EINVAL);
    gate_let_go(&gate);
    EXPECT_INT(reap(pid), 0);
}

/*
 * The creator of another object with the same key died before it came to the key.
 */

static void check_binding(void)
{
    char path[FILE_PATH_SIZE];
    struct px_header header;
    int id = segment_at(KEY, SIZE, 0600);

    of_set = false;
    transfer(0, &header, sizeof header, false);
    header.id = 0x1234567;
    header.key = KEY;
    header.state = PX_PENDING;
    file_path(path, "m", header.id);
    int fd = (int)EXPECT_OK(open(path, O_RDWR | O_CREAT | O_EXCL, 0600));
    EXPECT_INT(write(fd, &header, sizeof header), (long long)sizeof header);
    close(fd);
    EXPECT(shm_backend_collect(NULL, NULL) >= 1);
    EXPECT(access(path, F_OK) != 0);
    EXPECT_INT(shm_backend_shmget(KEY, 0, 0), id);
    EXPECT_OK(remove_segment(id));
}

/* The bytes of an object are its own from the start: a full mount is no surprise later. */
static void check_space(void)
{
    char path[FILE_PATH_SIZE];
    struct stat st;

    of_set = false;
    file_of(path);
    EXPECT_OK(stat(path, &st));
    EXPECT(st.st_blocks * 512 >= SIZE);
}

int main(void)
{
    announce();
    registry_start();
    gate_make(&gate);
    segment = new_segment(SIZE, 0600);
    set = new_set(NSEMS, 0600);
    EXPECT_OK(sem_set(set, 0, 5));
    check_space();
    check_header(false);
    check_attached();
    check_detached();
    check_header(true);
    check_opened();
    check_redo();
    check_queue();
    check_operations();
    check_binding();
    remove_all();
    return 0;
}
