/*
 * A program that has never heard of libshm: a fixed System V key, and the C library's own calls.
 *
 * interop_foreign serve KEY ROUNDS  makes a segment and a set of two semaphores under KEY, prints
 *                                   "ready", answers ROUNDS requests, and removes both
 * interop_foreign ask KEY ROUNDS    asks whoever serves under KEY
 *
 * The segment is a struct slot. Semaphore 0 of the set is raised when a request is there; the
 * answer is there when `state` says so, for which the other side looks again and again.
 */
#include <errno.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>

enum state { EMPTY = 0, REQUEST = 1, ANSWER = 2 };

struct slot {
    int32_t state;
    int32_t number;
    char text[72]; /* padded with spaces */
};

static int shm_id, sem_id;
static volatile struct slot *slot;

static int failed(const char *what)
{
    fprintf(stderr, "interop_foreign: %s: %s\n", what, strerror(errno));
    return 1;
}

static int open_both(key_t key, int flags)
{
    shm_id = shmget(key, sizeof *slot, flags);
    sem_id = semget(key, flags == 0 ? 0 : 2, flags);
    if (shm_id == -1 || sem_id == -1)
        return failed("get");
    slot = shmat(shm_id, NULL, 0);
    return slot == (void *)-1 ? failed("shmat") : 0;
}

static int operate(short by)
{
    struct sembuf operation = {.sem_num = 0, .sem_op = by};
    return semop(sem_id, &operation, 1) == -1 ? failed("semop") : 0;
}

static void put(const char *format, int number)
{
    char text[sizeof slot->text + 1];
    int length = snprintf(text, sizeof text, format, number);
    memset(text + length, ' ', sizeof slot->text - (size_t)length);
    for (size_t i = 0; i < sizeof slot->text; i++)
        slot->text[i] = text[i];
}

static int holds(const char *format, int number)
{
    char wanted[sizeof slot->text + 1], found[sizeof slot->text + 1] = "";
    int length = snprintf(wanted, sizeof wanted, format, number);
    for (size_t i = 0; i < sizeof slot->text; i++)
        found[i] = slot->text[i];
    return strncmp(found, wanted, (size_t)length) == 0 && found[length] == ' ';
}

static void state(enum state next)
{
    __sync_synchronize();
    slot->state = next;
}

static int answer(int rounds)
{
    for (int n = 0; n < rounds; n++) {
        if (operate(-1) != 0)
            return 1;
        if (slot->state != REQUEST || slot->number != n || !holds("request %d", n)) {
            fprintf(stderr, "interop_foreign: not request %d\n", n);
            return 1;
        }
        put("answer %d", n);
        state(ANSWER);
    }
    return 0;
}

static int serve(key_t key, int rounds)
{
    int status = open_both(key, IPC_CREAT | IPC_EXCL | 0600);
    if (status == 0) {
        puts("ready");
        fflush(stdout);
        status = answer(rounds);
        /* The asking side is told that the last answer has been taken. */
        while (status == 0 && slot->state != EMPTY)
            sched_yield();
    }
    shmctl(shm_id, IPC_RMID, NULL);
    semctl(sem_id, 0, IPC_RMID);
    return status;
}

static int ask(key_t key, int rounds)
{
    if (open_both(key, 0) != 0)
        return 1;
    for (int n = 0; n < rounds; n++) {
        slot->number = n;
        put("request %d", n);
        state(REQUEST);
        if (operate(1) != 0)
            return 1;
        while (slot->state != ANSWER)
            sched_yield();
        if (!holds("answer %d", n)) {
            fprintf(stderr, "interop_foreign: not answer %d\n", n);
            return 1;
        }
    }
    state(EMPTY);
    return 0;
}

int main(int count, char **arguments)
{
    if (count != 4)
        return 2;
    key_t key = (key_t)strtol(arguments[2], NULL, 0);
    int rounds = atoi(arguments[3]);
    return strcmp(arguments[1], "serve") == 0 ? serve(key, rounds) : ask(key, rounds);
}
