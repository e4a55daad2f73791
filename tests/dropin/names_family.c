/* Threads, fork, vfork and exec, and programs that are only told a number. */
#include "config.h"

#include "tests/dropin/names.h"

#include <pthread.h>
#include <string.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

enum { THREADS = 4, ROUNDS = 200 };

static int segment, set, queue;
static char *bytes;

static unsigned long nattch(void)
{
    struct shmid_ds ds;
    EXPECT(shmctl(segment, IPC_STAT, &ds) == 0);
    return ds.shm_nattch;
}

/* The other side of a fork may be a moment behind. */
static void await_nattch(unsigned long wanted)
{
    for (int i = 0; nattch() != wanted && i < 5000; i++)
        usleep(1000);
    EXPECT(nattch() == wanted);
}

/* The thread sanitizer does not know that the kernel's semaphores order it. */
#if defined(__GNUC__)
__attribute__((no_sanitize("thread")))
#endif
static void *
count_up(void *unused)
{
    struct sembuf take = {0, -1, 0}, give = {0, 1, 0};
    for (int i = 0; i < ROUNDS; i++) {
        EXPECT(semop(set, &take, 1) == 0);
        bytes[0]++;
        EXPECT(semop(set, &give, 1) == 0);
    }
    return unused;
}

static void check_threads(void)
{
    pthread_t thread[THREADS];
    bytes[0] = 0;
    EXPECT(semctl(set, 0, SETVAL, (union semun){.val = 1}) == 0);
    for (int i = 0; i < THREADS; i++)
        EXPECT(pthread_create(&thread[i], NULL, count_up, NULL) == 0);
    for (int i = 0; i < THREADS; i++)
        EXPECT(pthread_join(thread[i], NULL) == 0);
    EXPECT(bytes[0] == (char)(THREADS * ROUNDS));
}

static void in_forked_child(void)
{
    await_nattch(2);
    EXPECT(strcmp(bytes, "parent") == 0);
    strcpy(bytes, "child");
    EXPECT(shmdt(bytes) == 0);
    await_nattch(1);
}

static void check_fork(void)
{
    strcpy(bytes, "parent");
    in_child(in_forked_child);
    EXPECT(strcmp(bytes, "child") == 0);
    EXPECT(nattch() == 1);
}

/* Exec has detached what its process had. */
void attach_told(int shmid)
{
    segment = shmid;
    await_nattch(1);
    bytes = shmat(shmid, NULL, 0);
    EXPECT(bytes != (void *)-1);
    EXPECT(strcmp(bytes, "told") == 0 && nattch() == 2);
    strcpy(bytes, "answered");
}

static void attach_in_program(void)
{
    start_again("attach", segment);
}

static void operate_in_program(void)
{
    start_again("operate", set);
}

static void check_told(void)
{
    struct letter {
        long type;
        char text[16];
    } letter;
    strcpy(bytes, "told");
    in_child(attach_in_program);
    EXPECT(strcmp(bytes, "answered") == 0 && nattch() == 1);
    EXPECT(semctl(set, 1, SETVAL, (union semun){.val = 1}) == 0);
    in_child(operate_in_program);
    EXPECT(semctl(set, 1, GETVAL) == 4);
    pid_t pid = vfork();
    if (pid == 0)
        start_again("send", queue);
    EXPECT(msgrcv(queue, &letter, sizeof letter.text, 9, 0) == (ssize_t)sizeof letter.text);
    EXPECT(strcmp(letter.text, "from elsewhere") == 0);
    expect_success(pid);
}

void check_family(void)
{
    segment = shmget(IPC_PRIVATE, 100, 0600);
    set = semget(IPC_PRIVATE, 2, 0600);
    queue = msgget(IPC_PRIVATE, 0600);
    bytes = shmat(segment, NULL, 0);
    EXPECT(segment >= 0 && set >= 0 && queue >= 0 && bytes != (void *)-1);
    check_threads();
    check_fork();
    check_told();
    EXPECT(shmdt(bytes) == 0);
    EXPECT(shmctl(segment, IPC_RMID, NULL) == 0);
    EXPECT(semctl(set, 0, IPC_RMID) == 0);
    EXPECT(msgctl(queue, IPC_RMID, NULL) == 0);
}
