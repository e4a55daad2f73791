/*
 * contained hold | wait: processes of two containers that share a store, by one key. The first attaches the
 * segment, takes the semaphore with SEM_UNDO, says so and stays; the second takes it when the first is dead,
 * finds itself alone, and removes everything.
 */
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

enum { KEY = 0x5e57d005, SIZE = 5000 };

union semun {
    int val;
};

static int segment, set;

static int take(void)
{
    struct sembuf op = {0, -1, SEM_UNDO};
    return semop(set, &op, 1);
}

static int hold(void)
{
    char *bytes = shmat(segment, NULL, 0);
    if (bytes == (void *)-1 || semctl(set, 0, SETVAL, (union semun){.val = 1}) != 0 ||
        take() != 0)
        return 1;
    strcpy(bytes, "from the other one");
    puts("held");
    fflush(stdout);
    for (;;)
        pause();
}

static int wait_for_death(void)
{
    struct shmid_ds ds;
    const char *bytes = shmat(segment, NULL, 0);
    if (bytes == (void *)-1 || strcmp(bytes, "from the other one") != 0 ||
        shmctl(segment, IPC_STAT, &ds) != 0 || ds.shm_nattch != 2)
        return 1;
    puts("waiting");
    fflush(stdout);
    return take() != 0 || shmctl(segment, IPC_STAT, &ds) != 0 || ds.shm_nattch != 1 ||
           shmdt(bytes) != 0 || shmctl(segment, IPC_RMID, NULL) != 0 ||
           semctl(set, 0, IPC_RMID, (union semun){.val = 0}) != 0;
}

int main(int argc, char **argv)
{
    segment = shmget(KEY, SIZE, IPC_CREAT | 0600);
    set = semget(KEY, 1, IPC_CREAT | 0600);
    if (segment < 0 || set < 0 || argc != 2) {
        perror("contained");
        return 1;
    }
    return strcmp(argv[1], "hold") == 0 ? hold() : wait_for_death();
}
