/* A plug-in that uses each family once; see host.c. */
#include "config.h"

#include <stdio.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>

int dropin_plugin(void);

__attribute__((visibility("default"))) int dropin_plugin(void)
{
    int shmid = shmget(IPC_PRIVATE, 100, 0600), semid = semget(IPC_PRIVATE, 1, 0600),
        msqid = msgget(IPC_PRIVATE, 0600);
    struct sembuf give = {0, 1, 0};
    void *bytes = shmat(shmid, NULL, 0);
    if (bytes == (void *)-1 || semop(semid, &give, 1) != 0 || semctl(semid, 0, GETVAL) != 1)
        return 1;
    return shmdt(bytes) | shmctl(shmid, IPC_RMID, NULL) | semctl(semid, 0, IPC_RMID) |
           msgctl(msqid, IPC_RMID, NULL);
}
