/*
 * meet make | use | check: a segment, a set and a queue under one key. One program makes them with
 * the names of the standard, and another one finds them with libshm's contract: this source is both.
 */
#include "config.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#ifdef ON_CONTRACT
#include "libshm/backend.h"
#define CALL(name)                 shm_backend_##name
#define semtimedop                 shm_backend_semtimedop
#define sembuf                     shm_backend_sembuf
#define semun                      shm_backend_semun
#define IPC_CREAT                  LIBSHM_IPC_CREAT
#define IPC_EXCL                   LIBSHM_IPC_EXCL
#define IPC_RMID                   LIBSHM_IPC_RMID
#define GETVAL                     LIBSHM_GETVAL
#define SEND(id, message, size)    shm_backend_msgtimedsnd(id, message, size, 0, NULL)
#define RECEIVE(id, message, size) shm_backend_msgtimedrcv(id, message, size, 0, 0, NULL)
#else
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#define CALL(name)                 name
#define SEND(id, message, size)    msgsnd(id, message, size, 0)
#define RECEIVE(id, message, size) msgrcv(id, message, size, 0, 0)
union semun {
    int val;
};
#endif

enum { KEY = 0x5e57d004, SIZE = 5000 };

struct letter {
    long type;
    char text[8];
};

static int segment, set, queue;

static void find(int flags)
{
    segment = CALL(shmget)(KEY, SIZE, flags | 0600);
    set = CALL(semget)(KEY, 2, flags | 0600);
    queue = CALL(msgget)(KEY, flags | 0600);
}

static int write_all(const char *text)
{
    struct letter letter = {.type = 1};
    struct sembuf give = {1, 1, 0};
    char *bytes = CALL(shmat)(segment, NULL, 0);
    if (bytes == (void *)-1)
        return 1;
    strcpy(bytes, text);
    strcpy(letter.text, text);
    return CALL(shmdt)(bytes) != 0 || semtimedop(set, &give, 1, NULL) != 0 ||
           SEND(queue, &letter, sizeof letter.text) != 0;
}

static int read_all(const char *text, int value)
{
    struct letter letter = {.type = 0};
    char *bytes = CALL(shmat)(segment, NULL, 0);
    if (bytes == (void *)-1)
        return 1;
    int same = strcmp(bytes, text) == 0;
    return !same || CALL(shmdt)(bytes) != 0 ||
           CALL(semctl)(set, 1, GETVAL, (union semun){.val = 0}) != value ||
           RECEIVE(queue, &letter, sizeof letter.text) != (int)sizeof letter.text ||
           strcmp(letter.text, text) != 0;
}

static int remove_all(void)
{
    return CALL(shmctl)(segment, IPC_RMID, NULL) != 0 ||
           CALL(semctl)(set, 0, IPC_RMID, (union semun){.val = 0}) != 0 ||
           CALL(msgctl)(queue, IPC_RMID, NULL) != 0;
}

int main(int argc, char **argv)
{
    const char *role = argc == 2 ? argv[1] : "";
    find(strcmp(role, "make") == 0 ? IPC_CREAT | IPC_EXCL : 0);
    if (segment < 0 || set < 0 || queue < 0) {
        printf("%s: not found\n", role);
        return 1;
    }
    if (strcmp(role, "make") == 0)
        return write_all("first");
    if (strcmp(role, "use") == 0)
        return read_all("first", 1) || write_all("second");
    return read_all("second", 2) || remove_all();
}
