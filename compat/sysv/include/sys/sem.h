/* <sys/sem.h> for systems without one; see <sys/ipc.h>. */
#ifndef _SYS_SEM_H
#define _SYS_SEM_H

#include <stddef.h>
#include <sys/ipc.h>

#define SEM_UNDO 0x1000

#define GETPID  11
#define GETVAL  12
#define GETALL  13
#define GETNCNT 14
#define GETZCNT 15
#define SETVAL  16
#define SETALL  17
#ifdef __SYSV_IPC_OF_LINUX
#define SEM_STAT     18
#define SEM_INFO     19
#define SEM_STAT_ANY 20
#endif

/* The program defines the union that is the last argument of semctl, as the standard wants it. */
#define _SEM_SEMUN_UNDEFINED 1

struct semid_ds {
    struct ipc_perm sem_perm;
#ifdef __SYSV_IPC_HAS_WIDE_TIME
    time_t sem_otime;
    time_t sem_ctime;
#else
    time_t sem_otime;
    unsigned long __reserved1;
    time_t sem_ctime;
    unsigned long __reserved2;
#endif
    unsigned long sem_nsems;
    unsigned long __reserved3[2];
};

struct sembuf {
    unsigned short sem_num;
    short sem_op;
    short sem_flg;
};

#ifdef __SYSV_IPC_OF_LINUX
struct seminfo {
    int semmap;
    int semmni;
    int semmns;
    int semmnu;
    int semmsl;
    int semopm;
    int semume;
    int semusz;
    int semvmx;
    int semaem;
};

struct timespec;
#endif

#ifdef __cplusplus
extern "C" {
#endif

int semget(key_t __key, int __nsems, int __flags) __SYSV_IPC_NOTHROW;
int semop(int __semid, struct sembuf *__ops, size_t __nops) __SYSV_IPC_NOTHROW;
int semctl(int __semid, int __semnum, int __command, ...) __SYSV_IPC_NOTHROW
    __SYSV_IPC_WIDE_TIME(__semctl64);
#ifdef __SYSV_IPC_OF_LINUX
int semtimedop(int __semid, struct sembuf *__ops, size_t __nops,
               const struct timespec *__timeout) __SYSV_IPC_NOTHROW
    __SYSV_IPC_WIDE_TIME(__semtimedop64);
#endif

#ifdef __cplusplus
}
#endif

#endif
