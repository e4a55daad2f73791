/*
 * A mount of 1 MB, reached through LIBSHM_DIR and as /dev/shm: what does not fit is ENOSPC with
 * a sentence that helps, what was made can be used to the last byte without SIGBUS, and
 * failures leave nothing behind.
 */
#include "config.h"

#include "tests/backend_support.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libshm/shm.h"

enum { UNDO = LIBSHM_SEM_UNDO, OBJECTS = 512, SKIP = 77, PROCESSES = 24 };

static const char *mount_point;

static unsigned long long bytes_free(void)
{
    struct statvfs fs;

    EXPECT_OK(statvfs(mount_point, &fs));
    return (unsigned long long)fs.f_bavail * fs.f_frsize;
}

static int entries(void)
{
    int count = 0;
    DIR *folder = opendir(mount_point);

    EXPECT(folder != NULL);
    for (struct dirent *entry; (entry = readdir(folder));)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

static void expect_said(const char *part)
{
    if (!strstr(shm_error_detail(), part))
        fail_at(__FILE__, __LINE__, "the sentence lacks \"%s\": %s", part, shm_error_detail());
}

static void too_much_at_once(void)
{
    unsigned long long before = bytes_free();
    key_t key = free_key();

    for (int i = 0; i < 10; i++)
        EXPECT_ERR(shm_backend_shmget(key, 3000000, LIBSHM_IPC_CREAT | 0600), ENOSPC);
    expect_said(mount_point);
    expect_said("free");
    expect_said("3.0"); /* wanted */
    expect_said("LIBSHM_DIR");
    EXPECT_ERR(shm_backend_shmget(0, 3000000, 0600), ENOSPC);
    EXPECT_ERR(shm_backend_shmget(key, 0, 0), ENOENT);
    EXPECT_INT(entries(), 0);
    EXPECT_INT((long long)bytes_free(), (long long)before);
    EXPECT_INT(shm_backend_shm_list(NULL, 0), 0);
}

/*
 * Filling.
 */

static int segments[OBJECTS], sets[OBJECTS], queues[OBJECTS];
static int segment_count, set_count, queue_count;
static unsigned char *content[OBJECTS];

static void fill_with_segments(size_t size)
{
    for (;;) {
        int id = shm_backend_shmget(0, size, 0600);
        if (id < 0) {
            EXPECT_INT(errno, ENOSPC);
            return;
        }
        EXPECT(segment_count < OBJECTS);
        segments[segment_count++] = id;
    }
}

static void fill_with_sets(int nsems)
{
    for (;;) {
        int id = shm_backend_semget(0, nsems, 0600);
        if (id < 0) {
            EXPECT_INT(errno, ENOSPC);
            return;
        }
        EXPECT(set_count < OBJECTS);
        sets[set_count++] = id;
    }
}

/* Every byte of what was made was paid for: writing it is no surprise. */
static void write_everything(size_t size)
{
    for (int i = 0; i < segment_count; i++) {
        content[i] = attach(segments[i]);
        memset(content[i], i + 1, size);
    }
    for (int i = 0; i < segment_count; i++) {
        EXPECT_INT(content[i][size - 1], (unsigned char)(i + 1));
        EXPECT_OK(shm_backend_shmdt(content[i]));
    }
}

static void ok_or_no_space(int result)
{
    if (result < 0 && errno != ENOSPC && errno != EAGAIN)
        fail_at(__FILE__, __LINE__, "expected success, ENOSPC or EAGAIN: %s (%s)",
                strerror(errno), shm_error_detail());
}

static void use_sets(void *gate)
{
    for (int i = 0; i < set_count; i++) {
        ok_or_no_space(semop1(sets[i], 0, 1, UNDO));
        ok_or_no_space(semop1_timed(sets[i], 1, -1, UNDO, 1));
        ok_or_no_space(semop1(sets[i], 1, 1, UNDO));
        ok_or_no_space(sem_set(sets[i], 1, 0));
    }
    gate_arrive(gate);
    ok_or_no_space(semop1_timed(sets[0], 1, -1, 0, 300)); /* many sleep at once */
}

static void use_sets_by_many(void)
{
    pid_t pids[PROCESSES];
    struct gate gate;

    EXPECT(set_count > 0);
    gate_make(&gate);
    for (int i = 0; i < PROCESSES; i++)
        pids[i] = start(use_sets, &gate);
    for (int i = 0; i < PROCESSES; i++)
        gate_await(&gate);
    for (int i = 0; i < PROCESSES; i++)
        gate_let_go(&gate);
    for (int i = 0; i < PROCESSES; i++)
        EXPECT_INT(reap(pids[i]), 0);
    for (int i = 0; i < set_count; i++)
        EXPECT_INT(semval(sets[i], 0), 0); /* whoever was let in has been undone */
    gate_close(&gate);
}

static void remove_everything(void)
{
    while (segment_count > 0)
        EXPECT_OK(remove_segment(segments[--segment_count]));
    while (set_count > 0)
        EXPECT_OK(remove_set(sets[--set_count]));
    while (queue_count > 0)
        EXPECT_OK(remove_queue(queues[--queue_count]));
    EXPECT_INT(entries(), 0);
}

static void fill_and_use(size_t size, int nsems)
{
    unsigned long long before = bytes_free();

    for (size_t s = size; s >= 1; s /= 4)
        fill_with_segments(s);
    EXPECT(segment_count > 0);
    write_everything(1);
    EXPECT_OK(remove_segment(segments[0])); /* room for some sets, to the last page again */
    segments[0] = segments[--segment_count];
    fill_with_sets(nsems);
    fill_with_segments(1);
    use_sets_by_many();
    remove_everything();
    EXPECT_INT((long long)bytes_free(), (long long)before);
}

static void fill_with_large_segments(void)
{
    unsigned long long before = bytes_free();

    fill_with_segments(100001);
    EXPECT(segment_count >= 4);
    write_everything(100001);
    remove_everything();
    EXPECT_INT((long long)bytes_free(), (long long)before);
}

/* Sets first, then nothing at all is left for rows and waiters. */
static void fill_with_sets_only(int nsems)
{
    unsigned long long before = bytes_free();

    fill_with_sets(nsems);
    fill_with_segments(1);
    use_sets_by_many();
    remove_everything();
    EXPECT_INT((long long)bytes_free(), (long long)before);
}

/*
 * Message queues: what was sent is received, whatever did not fit.
 */

static void fill_with_queues(void)
{
    for (;;) {
        int id = shm_backend_msgget(0, 0600);
        if (id < 0) {
            EXPECT_INT(errno, ENOSPC);
            return;
        }
        EXPECT(queue_count < OBJECTS);
        queues[queue_count++] = id;
    }
}

static size_t size_of(int number)
{
    return (size_t)(number * 677 % 3000);
}

/* Until the queue or the mount is full; the first byte of a message is its number. */
static int send_until_full(int id)
{
    struct letter letter = {.type = 1};
    int sent = 0;

    for (;; sent++) {
        memset(letter.bytes, sent, size_of(sent));
        if (shm_backend_msgtimedsnd(id, &letter, size_of(sent), LIBSHM_IPC_NOWAIT, NULL) != 0)
            break;
    }
    EXPECT(errno == ENOMEM || errno == EAGAIN || errno == ENOSPC);
    if (errno == ENOMEM)
        expect_said(mount_point);
    return sent;
}

static void receive_all(int id, int sent)
{
    struct letter letter;

    for (int i = 0; i < sent; i++) {
        ssize_t size = receive(id, &letter, sizeof letter.bytes, 0, LIBSHM_IPC_NOWAIT);
        EXPECT_INT(size, (long long)size_of(i));
        for (ssize_t at = 0; at < size; at++)
            EXPECT_INT(letter.bytes[at], (char)i);
    }
    ssize_t none = receive(id, &letter, sizeof letter.bytes, 0, LIBSHM_IPC_NOWAIT);
    EXPECT(none == -1 && (errno == ENOMSG || (errno == ENOSPC && sent == 0)));
}

/* Twice: a failure costs nothing. */
static void use_queues(void *gate)
{
    int sent[OBJECTS];

    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < queue_count; i++)
            sent[i] = send_until_full(queues[i]);
        for (int i = 0; i < queue_count; i++)
            receive_all(queues[i], sent[i]);
    }
    if (gate)
        gate_arrive(gate);
}

/* Many sleep in one queue that has no room for all of them, and are served or told so. */
static void wait_for_a_message(void *gate)
{
    struct timespec timeout = {.tv_nsec = 300000000};
    struct letter letter;

    gate_arrive(gate);
    ssize_t n = shm_backend_msgtimedrcv(queues[0], &letter, 10, 0, 0, &timeout);
    ok_or_no_space((int)n);
    EXPECT(n <= 1);
}

static void use_queue_by_many(void)
{
    pid_t pids[PROCESSES];
    struct gate gate;

    gate_make(&gate);
    for (int i = 0; i < PROCESSES; i++)
        pids[i] = start(wait_for_a_message, &gate);
    for (int i = 0; i < PROCESSES; i++)
        gate_await(&gate);
    for (int i = 0; i < PROCESSES; i++)
        gate_let_go(&gate);
    for (int i = 0; i < PROCESSES / 2; i++)
        if (send_text(queues[0], 1, "x") != 0)
            EXPECT(errno == ENOMEM || errno == EAGAIN || errno == ENOSPC);
    for (int i = 0; i < PROCESSES; i++)
        EXPECT_INT(reap(pids[i]), 0);
    gate_close(&gate);
}

/* With some room for messages, to the last page; and with none at all. */
static void fill_with_queues_and_use(int spare)
{
    unsigned long long before = bytes_free();

    fill_with_queues();
    EXPECT(queue_count > spare);
    for (int i = 0; i < spare; i++)
        EXPECT_OK(remove_queue(queues[--queue_count]));
    EXPECT_INT(run(use_queues, NULL), 0);
    use_queues(NULL);
    use_queue_by_many();
    fill_with_segments(1);
    EXPECT_INT(run(use_queues, NULL), 0);
    use_queue_by_many();
    remove_everything();
    EXPECT_INT((long long)bytes_free(), (long long)before);
}

static void work_in_the_mount(void *unused)
{
    (void)unused;
    announce();
    too_much_at_once();
    fill_with_large_segments();
    fill_and_use(200000, 2);
    fill_and_use(30000, 300);
    fill_with_sets_only(3);
    fill_with_sets_only(2000);
    fill_with_queues_and_use(0);
    fill_with_queues_and_use(1);
    fill_with_queues_and_use(7);
}

static bool mount_small(const char *where)
{
    return mount("libshm-test", where, "tmpfs", 0, "size=1m,mode=1777") == 0;
}

static void through_a_folder(const char *folder)
{
    if (!mount_small(folder))
        fail_at(__FILE__, __LINE__, "tmpfs on %s: %s", folder, strerror(errno));
    mount_point = folder;
    setenv("LIBSHM_DIR", folder, 1);
    EXPECT_INT(run(work_in_the_mount, NULL), 0);
    EXPECT_OK(umount(folder));
}

static void as_the_usual_mount(void)
{
    if (!mount_small("/dev/shm"))
        fail_at(__FILE__, __LINE__, "tmpfs on /dev/shm: %s", strerror(errno));
    mount_point = "/dev/shm";
    unsetenv("LIBSHM_DIR");
    EXPECT_INT(run(work_in_the_mount, NULL), 0);
    EXPECT_OK(umount("/dev/shm"));
}

static int skip(const char *reason)
{
    printf("skipped: %s\n", reason);
    return SKIP;
}

int main(void)
{
    char folder[] = "/tmp/libshm-full-XXXXXX";

    printf("backend: %s\n", shm_backend_name());
    if (!on_posix())
        return skip("the kernel's segments lie in no mount");
    if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0)
        return skip("needs the right to mount");
    if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return skip("the root is no mount point of its own (a chroot)");
    EXPECT(mkdtemp(folder) != NULL);
    through_a_folder(folder);
    as_the_usual_mount();
    EXPECT_OK(rmdir(folder));
    return 0;
}
