/* <sys/msg.h> for systems without one; see <sys/ipc.h>. */
#ifndef _SYS_MSG_H
#define _SYS_MSG_H

#include <stddef.h>
#include <sys/ipc.h>

#define MSG_NOERROR 010000

#ifdef __SYSV_IPC_OF_LINUX
#define MSG_EXCEPT   020000
#define MSG_COPY     040000
#define MSG_STAT     11
#define MSG_INFO     12
#define MSG_STAT_ANY 13
#define msg_cbytes   __msg_cbytes
#endif

typedef unsigned long msgqnum_t;
typedef unsigned long msglen_t;

struct msqid_ds {
    struct ipc_perm msg_perm;
#if defined __TIMESIZE && __TIMESIZE == 32 && !defined __SYSV_IPC_HAS_WIDE_TIME
    time_t msg_stime;
    unsigned long __reserved1;
    time_t msg_rtime;
    unsigned long __reserved2;
    time_t msg_ctime;
    unsigned long __reserved3;
#else
    time_t msg_stime;
    time_t msg_rtime;
    time_t msg_ctime;
#endif
    unsigned long __msg_cbytes;
    msgqnum_t msg_qnum;
    msglen_t msg_qbytes;
    pid_t msg_lspid;
    pid_t msg_lrpid;
    unsigned long __reserved4[2];
};

#ifdef __SYSV_IPC_OF_LINUX
struct msgbuf {
    long mtype;
    char mtext[1];
};

struct msginfo {
    int msgpool;
    int msgmap;
    int msgmax;
    int msgmnb;
    int msgmni;
    int msgssz;
    int msgtql;
    unsigned short msgseg;
};
#endif

#ifdef __cplusplus
extern "C" {
#endif

int msgget(key_t __key, int __flags);
int msgsnd(int __msqid, const void *__message, size_t __size, int __flags);
ssize_t msgrcv(int __msqid, void *__message, size_t __size, long __type, int __flags);
int msgctl(int __msqid, int __command, struct msqid_ds *__buf) __SYSV_IPC_NOTHROW
    __SYSV_IPC_WIDE_TIME(__msgctl64);

#ifdef __cplusplus
}
#endif

#endif
