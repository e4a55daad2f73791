/* Other users, and rights that are given up: who may what is asked when a call is made. */
#include "config.h"

#include "tests/dropin/names.h"

#include <grp.h>
#include <stdio.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/shm.h>
#include <unistd.h>

static int shut, open_to_all, queue;

static void as_stranger(void)
{
    struct shmid_ds ds;
    char *bytes;
    EXPECT_ERR(shmctl(shut, IPC_STAT, &ds), EACCES);
    EXPECT((void *)-1 == shmat(shut, NULL, SHM_RDONLY) && errno == EACCES);
    EXPECT_ERR(shmctl(shut, IPC_RMID, NULL), EPERM);
    EXPECT_ERR(shmctl(open_to_all, IPC_RMID, NULL), EPERM);
    bytes = shmat(open_to_all, NULL, 0);
    EXPECT(bytes != (void *)-1 && bytes[0] == 'r');
    bytes[0] = 's';
    EXPECT(shmdt(bytes) == 0);
    EXPECT(msgsnd(queue, &(struct {
                      long type;
                      char text[4];
                  }){1, "abc"},
                  4, 0) == 0);
    int own = semget(IPC_PRIVATE, 1, 0600);
    EXPECT(own >= 0);
    EXPECT(semctl(own, 0, IPC_RMID) == 0);
}

/* An attach stays when its owner's rights go. */
static void with_effective_rights_of_another(void)
{
    struct shmid_ds ds;
    void *bytes = shmat(shut, NULL, 0);
    EXPECT(bytes != (void *)-1);
    become_stranger();
    EXPECT_ERR(shmctl(shut, IPC_STAT, &ds), EACCES);
    EXPECT(shmdt(bytes) == 0);
    become_root();
    EXPECT(shmctl(shut, IPC_STAT, &ds) == 0 && ds.shm_nattch == 0);
}

static void for_good(void)
{
    EXPECT(setgroups(0, NULL) == 0);
    EXPECT(setgid(STRANGER) == 0 && setuid(STRANGER) == 0);
    as_stranger();
}

static void check_answers(void)
{
    struct {
        long type;
        char text[4];
    } letter;
    char *bytes = shmat(open_to_all, NULL, SHM_RDONLY);
    EXPECT(bytes != (void *)-1 && bytes[0] == 's');
    EXPECT(shmdt(bytes) == 0);
    EXPECT(msgrcv(queue, &letter, 4, 0, IPC_NOWAIT) == 4);
}

void check_users(void)
{
    if (geteuid() != 0) {
        puts("left out: other users (needs root)");
        return;
    }
    shut = shmget(IPC_PRIVATE, 10, 0600);
    open_to_all = shmget(IPC_PRIVATE, 10, 0666);
    queue = msgget(IPC_PRIVATE, 0666);
    char *bytes = shmat(open_to_all, NULL, 0);
    EXPECT(shut >= 0 && queue >= 0 && bytes != (void *)-1);
    bytes[0] = 'r';
    EXPECT(shmdt(bytes) == 0);
    in_child(with_effective_rights_of_another);
    in_child(for_good);
    check_answers();
    EXPECT(shmctl(shut, IPC_RMID, NULL) == 0 && shmctl(open_to_all, IPC_RMID, NULL) == 0);
    EXPECT(msgctl(queue, IPC_RMID, NULL) == 0);
}
