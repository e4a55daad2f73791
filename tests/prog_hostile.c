/*
 * Foreign bytes where the posix backend keeps its objects and keys: calls fail or succeed, but
 * no process gets a signal and none hangs. Content never causes a signal; only a co-writer who
 * truncates a file that is in use can, and that is not done here.
 */
#include "config.h"

#include "tests/backend_support.h"
#include "tests/backend_files.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { UNDO = LIBSHM_SEM_UNDO, CALL_SECONDS = 2, KEY = 0x51ab };

static int set, segment, queue;
static unsigned state = 4711;

static unsigned random_number(void)
{
    state = state * 1664525u + 1013904223u;
    return state >> 8;
}

/* Everything a program could do with the objects; results do not matter, ends do. */
static void try_segment(int id)
{
    struct shm_backend_shmid_ds ds;
    volatile char *bytes = shm_backend_shmat(id, NULL, 0);

    if (bytes != NOT_ATTACHED) {
        bytes[0] = 1;
        bytes[4999] = 1;
        shm_backend_shmdt((const void *)bytes);
    }
    bytes = shm_backend_shmat(id, NULL, LIBSHM_ATTACH_RDONLY);
    if (bytes != NOT_ATTACHED)
        shm_backend_shmdt((const void *)bytes);
    if (shm_backend_shmctl(id, LIBSHM_IPC_STAT, &ds) == 0)
        shm_backend_shmctl(id, LIBSHM_IPC_SET, &ds);
    shm_backend_shmctl(id, LIBSHM_SHM_LOCK, NULL);
}

static void try_set(int id)
{
    static unsigned short values[LIBSHM_SEMMSL];
    struct shm_backend_sembuf ops[] = {{0, 1, UNDO}, {1, 0, LIBSHM_IPC_NOWAIT}, {2, -1, UNDO}};
    struct shm_backend_semid_ds ds;

    semop1_timed(id, 0, 1, UNDO, 5);
    semop1_timed(id, 1, -1, 0, 1);
    semops_timed(id, ops, 3, 2);
    for (int command = LIBSHM_GETPID; command <= LIBSHM_GETZCNT; command++)
        if (command != LIBSHM_GETALL)
            sem_get(id, 2, command);
    sem_get_all(id, values);
    sem_set(id, 2, 7);
    sem_set_all(id, values);
    if (shm_backend_semctl(id, 0, LIBSHM_IPC_STAT, (union shm_backend_semun){.buf = &ds}) == 0)
        shm_backend_semctl(id, 0, LIBSHM_IPC_SET, (union shm_backend_semun){.buf = &ds});
}

static void try_queue(int id)
{
    static struct letter letter;
    const struct timespec shortly = {.tv_nsec = 2000000};
    struct shm_backend_msqid_ds ds;

    letter.type = 2;
    shm_backend_msgtimedsnd(id, &letter, 500, 0, &shortly);
    shm_backend_msgtimedrcv(id, &letter, 200, 0, 0, &shortly);
    receive(id, &letter, LIBSHM_MSGMAX, 1, LIBSHM_MSG_COPY | LIBSHM_IPC_NOWAIT);
    receive(id, &letter, LIBSHM_MSGMAX, -3, LIBSHM_IPC_NOWAIT);
    shm_backend_msgtimedrcv(id, &letter, 10, 7, LIBSHM_MSG_NOERROR, &shortly);
    send_filled(id, 1, 0);
    if (shm_backend_msgctl(id, LIBSHM_IPC_STAT, &ds) == 0)
        shm_backend_msgctl(id, LIBSHM_IPC_SET, &ds);
}

static void try_listings(void)
{
    struct shm_backend_msqid_ds queue_ds;
    struct shm_backend_msginfo messages;
    struct shm_backend_shmusage usage;
    struct shm_backend_seminfo info;
    struct shm_backend_shmid_ds ds;
    int ids[16];

    shm_backend_shmctl(0, LIBSHM_SHM_INFO, &usage);
    shm_backend_shmctl(0, LIBSHM_SHM_STAT, &ds);
    shm_backend_semctl(0, 0, LIBSHM_SEM_INFO, (union shm_backend_semun){.info = &info});
    shm_backend_shm_list(ids, 16);
    shm_backend_sem_list(ids, 16);
    shm_backend_msgctl(0, LIBSHM_MSG_INFO, &messages);
    shm_backend_msgctl(0, LIBSHM_MSG_STAT, &queue_ds);
    shm_backend_msg_list(ids, 16);
    collect_debris();
}

static void try_keys(void)
{
    int made = shm_backend_shmget(KEY, 5000, 0600);
    if (made >= 0)
        try_segment(made);
    made = shm_backend_semget(KEY, 3, 0600);
    if (made >= 0)
        try_set(made);
    made = shm_backend_msgget(KEY, 0600);
    if (made >= 0)
        try_queue(made);
    shm_backend_msgget(KEY, LIBSHM_IPC_CREAT | 0600);
    shm_backend_shmget(KEY, 5000, LIBSHM_IPC_CREAT | LIBSHM_IPC_EXCL | 0600);
    shm_backend_shmget(KEY, 5000, LIBSHM_IPC_CREAT | 0600);
    shm_backend_semget(KEY, 3, LIBSHM_IPC_CREAT | 0600);
}

static void try_everything(void *unused)
{
    (void)unused;
    alarm(CALL_SECONDS * 4);
    try_segment(segment);
    try_set(set);
    try_queue(queue);
    try_listings();
    try_keys();
    remove_segment(segment);
    remove_set(set);
    remove_queue(queue);
    int id = shm_backend_shmget(KEY, 0, 0);
    if (id >= 0)
        remove_segment(id);
    id = shm_backend_semget(KEY, 0, 0);
    if (id >= 0)
        remove_set(id);
    id = shm_backend_msgget(KEY, 0);
    if (id >= 0)
        remove_queue(id);
}

/* In a process of its own: nothing of this one's may remember the objects as they were. */
static void make_all(void *ids)
{
    int *made = ids;

    made[0] = segment_at(KEY, 5000, 0600);
    made[1] = set_at(KEY, 3, 0600);
    EXPECT_OK(semop1(made[1], 0, 3, 0));
    made[2] = queue_at(KEY, 0600);
    for (int i = 0; i < 4; i++)
        EXPECT_OK(send_filled(made[2], 1 + i % 3, (size_t)i * 100));
}

static int *shared_ids;

static void expect_survival(const char *attack, int detail)
{
    int result = run(try_everything, NULL);

    if (result != 0)
        fail_at(__FILE__, __LINE__, "%s (%d): the caller ended with %d", attack, detail,
                result);
}

static void fresh(void)
{
    remove_files();
    EXPECT_INT(run(make_all, shared_ids), 0);
    segment = shared_ids[0];
    set = shared_ids[1];
    queue = shared_ids[2];
}

/*
 * Bytes.
 */

static void write_at(const char *type, unsigned id, off_t offset, const void *bytes,
                     size_t size)
{
    char path[FILE_PATH_SIZE];

    file_path(path, type, id);
    int fd = open(path, O_WRONLY);
    EXPECT_OK(fd);
    EXPECT_INT(pwrite(fd, bytes, size, offset), (long long)size);
    close(fd);
}

static void write_all(off_t offset, const void *bytes, size_t size)
{
    write_at("m", (unsigned)segment, offset, bytes, size);
    write_at("s", (unsigned)set, offset, bytes, size);
    write_at("q", (unsigned)queue, offset, bytes, size);
}

static void fill_random(unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)random_number();
}

static void attack_whole_header(void)
{
    unsigned char bytes[8192];

    for (int i = 0; i < 20; i++) {
        fresh();
        fill_random(bytes, sizeof bytes);
        write_all(0, bytes, sizeof bytes);
        expect_survival("random header", i);
    }
}

/* Every 32-bit field in turn: the checks behind the magic are reached only so. */
static void attack_each_field(void)
{
    static const uint32_t values[] = {0, 1, 0x7fffffff, 0xffffffff};

    for (int offset = 0; offset < 704; offset += 4)
        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
            if (offset >= 128 && i % 2)
                continue;
            fresh();
            write_all(offset, &values[i], sizeof values[i]);
            expect_survival("a field of the header", offset);
        }
}

/* Of every other place the start of the file, where most is. */
static void attack_random_places(const char *type, const int *id)
{
    unsigned char bytes[64];
    struct stat st;
    char path[FILE_PATH_SIZE];

    for (int i = 0; i < scaled(150); i++) {
        fresh();
        file_path(path, type, (unsigned)*id);
        EXPECT_OK(stat(path, &st));
        for (int places = 0; places < 40; places++) {
            fill_random(bytes, sizeof bytes);
            off_t limit = places % 2 ? 8192 : st.st_size;
            write_at(type, (unsigned)*id, (off_t)random_number() % (limit - 264) + 240, bytes,
                     1 + random_number() % sizeof bytes % 24);
        }
        expect_survival("random places", i);
    }
}

static void attack_sizes(void)
{
    static const off_t sizes[] = {0, 1, 100, 239, 240, 4095, 4096, 65536, 65537, 1 << 22};
    char path[FILE_PATH_SIZE];

    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        fresh();
        file_path(path, "m", (unsigned)segment);
        EXPECT_OK(truncate(path, sizes[i]));
        file_path(path, "s", (unsigned)set);
        EXPECT_OK(truncate(path, sizes[i]));
        file_path(path, "q", (unsigned)queue);
        EXPECT_OK(truncate(path, sizes[i]));
        expect_survival("another size", (int)sizes[i]);
    }
}

/*
 * Names.
 */

static void replace(const char *path, int how)
{
    char other[FILE_PATH_SIZE];

    unlink(path);
    switch (how) {
    case 0:
        EXPECT_OK(mkfifo(path, 0666));
        return;
    case 1:
        EXPECT_OK(mkdir(path, 0777));
        return;
    case 2:
        EXPECT_OK(symlink("/dev/zero", path));
        return;
    case 3:
        EXPECT_OK(symlink(path, path));
        return;
    default:
        file_path(other, "s", 0x7ffffff0 + (unsigned)how);
        EXPECT_OK(close(open(other, O_CREAT | O_RDWR, 0666)));
        EXPECT_OK(link(other, path));
    }
}

static void attack_names(void)
{
    static const char *const types[] = {"m", "s", "q", "mk", "sk", "qk"};
    char path[FILE_PATH_SIZE];

    for (int how = 0; how < 5; how++)
        for (int i = 0; i < 6; i++) {
            fresh();
            const int numbers[] = {segment, set, queue, KEY, KEY, KEY};
            file_path(path, types[i], (unsigned)numbers[i]);
            replace(path, how);
            expect_survival("something else under the name", how * 10 + i);
        }
}

static void attack_hard_links(void)
{
    char path[FILE_PATH_SIZE], other[FILE_PATH_SIZE];

    fresh();
    file_path(path, "m", (unsigned)segment);
    file_path(other, "m", 0x12345);
    EXPECT_OK(link(path, other));
    expect_survival("a second name", 0);
}

static void attack_keys(void)
{
    static const char *const texts[] = {
        "x",
        "-1 5",
        "99999999999999999999 1",
        "5",
        "1 2 3",
        " ",
        "0 0",
        "1 -1",
        "2147483647 1",
        "2147483648 1",
        "1 18446744073709551616",
        "0x10 5",
        "../../etc/passwd",
        "1 5000 ",
        "\n",
    };
    char path[FILE_PATH_SIZE];

    for (int i = 0; i < (int)(sizeof texts / sizeof *texts); i++) {
        fresh();
        file_path(path, "mk", KEY);
        EXPECT_OK(unlink(path));
        EXPECT_OK(symlink(texts[i], path));
        file_path(path, "sk", KEY);
        EXPECT_OK(unlink(path));
        EXPECT_OK(symlink(texts[i], path));
        file_path(path, "qk", KEY);
        EXPECT_OK(unlink(path));
        EXPECT_OK(symlink(texts[i], path));
        expect_survival("the text of a key", i);
    }
}

static void attack_by_crossed_keys(void)
{
    char path[FILE_PATH_SIZE], text[64];

    fresh();
    file_path(path, "mk", KEY);
    EXPECT_OK(unlink(path));
    snprintf(text, sizeof text, "%d 5000", set); /* names a set, or nothing */
    EXPECT_OK(symlink(text, path));
    expect_survival("a key that names another kind", 0);
}

/*
 * A set or a queue in use: another process scribbles over all of it while calls run.
 */

static void timed(const char *what, double begun)
{
    if (seconds_now() - begun > CALL_SECONDS)
        fail_at(__FILE__, __LINE__, "%s took %.1f s", what, seconds_now() - begun);
}

static void use_scribbled_set(void *unused)
{
    static unsigned short values[LIBSHM_SEMMSL];

    (void)unused;
    for (;;) {
        double begun = seconds_now();
        semop1_timed(set, 0, 1, UNDO, 20);
        timed("semop + 1", begun);
        begun = seconds_now();
        semop1_timed(set, 0, -1, UNDO, 20);
        timed("semop - 1", begun);
        begun = seconds_now();
        semop1_timed(set, 1, 0, 0, 2);
        timed("wait for zero", begun);
        begun = seconds_now();
        sem_get(set, 1, LIBSHM_GETNCNT);
        timed("GETNCNT", begun);
        begun = seconds_now();
        sem_get_all(set, values);
        sem_set(set, 1, 3);
        timed("SETVAL", begun);
    }
}

static void use_scribbled_queue(void *unused)
{
    (void)unused;
    for (;;) {
        double begun = seconds_now();
        try_queue(queue);
        timed("sending and receiving", begun);
    }
}

static void scribble(unsigned char *bytes, size_t size, double seconds)
{
    for (double end = seconds_now() + seconds; seconds_now() < end;) {
        size_t at = random_number() % 2 ? random_number() % size : random_number() % 4096;
        size_t length = 1 + random_number() % 16;
        for (size_t i = at; i < size && i < at + length; i++)
            bytes[i] = (unsigned char)random_number();
        if (random_number() % 64 == 0)
            usleep(200);
    }
}

static void attack_in_use(const char *type, const int *id, child_fn *use)
{
    enum { USERS = 3, ROUNDS = 5 };
    char path[FILE_PATH_SIZE];
    pid_t users[USERS];
    struct stat st;

    for (int round = 0; round < ROUNDS; round++) {
        fresh();
        file_path(path, type, (unsigned)*id);
        int fd = open(path, O_RDWR);
        EXPECT_OK(fd);
        EXPECT_OK(fstat(fd, &st));
        size_t size = (size_t)st.st_size;
        unsigned char *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        EXPECT(bytes != MAP_FAILED);
        close(fd);
        for (int i = 0; i < USERS; i++)
            users[i] = start(use, NULL);
        usleep(5000);
        scribble(bytes, size, 0.25);
        for (int i = 0; i < USERS; i++) {
            EXPECT_INT(waitpid(users[i], NULL, WNOHANG), 0); /* still there */
            kill_and_reap(users[i]);
        }
        munmap(bytes, size);
        expect_survival("an object that was scribbled upon in use", round);
    }
}

/* As made on a machine of the other byte order: refused, and nobody takes it for debris. */
static void refuse_all(void *unused)
{
    (void)unused;
    EXPECT(shm_backend_shmat(segment, NULL, 0) == NOT_ATTACHED && errno == EINVAL);
    EXPECT(strstr(shm_error_detail(), "is not a segment of this format"));
    EXPECT_ERR(shm_backend_shmget(KEY, 0, 0), EINVAL);
    EXPECT(strstr(shm_error_detail(), "is not its segment of this format"));
    EXPECT_ERR(semop1(set, 0, 1, 0), EINVAL);
    EXPECT(strstr(shm_error_detail(), "is not a semaphore set of this format"));
    EXPECT_ERR(shm_backend_semget(KEY, 0, 0), EINVAL);
    EXPECT(strstr(shm_error_detail(), "is not its semaphore set of this format"));
    EXPECT_ERR(send_text(queue, 1, "x"), EINVAL);
    EXPECT(strstr(shm_error_detail(), "is not a message queue of this format"));
    EXPECT_ERR(shm_backend_msgget(KEY, 0), EINVAL);
    EXPECT(strstr(shm_error_detail(), "is not its message queue of this format"));
}

static void reverse_numbers(void)
{
    static const unsigned char magic[] = {'B', 'O', 'M', 'H', 'S', 'B', 'I', 'L'};
    const uint32_t format = UINT32_C(0x01000000), order = UINT32_C(0x04030201);

    fresh();
    write_all(12, &order, sizeof order);
    EXPECT_INT(run(refuse_all, NULL), 0);
    write_all(8, &format, sizeof format);
    write_all(0, magic, sizeof magic);
    EXPECT_INT(run(refuse_all, NULL), 0);
}

int main(void)
{
    announce();
    if (!on_posix()) {
        puts("skipped: the kernel keeps its objects where nobody can write");
        return 77;
    }
    registry_start();
    shared_ids = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT(shared_ids != MAP_FAILED);
    reverse_numbers();
    attack_whole_header();
    attack_each_field();
    attack_random_places("s", &set);
    attack_random_places("q", &queue);
    attack_sizes();
    attack_names();
    attack_hard_links();
    attack_keys();
    attack_by_crossed_keys();
    attack_in_use("s", &set, use_scribbled_set);
    attack_in_use("q", &queue, use_scribbled_queue);
    remove_files();
    return 0;
}
