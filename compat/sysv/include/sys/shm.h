/* <sys/shm.h> for systems without one; see <sys/ipc.h>. */
#ifndef _SYS_SHM_H
#define _SYS_SHM_H

#include <stddef.h>
#include <sys/ipc.h>

#define SHM_RDONLY 010000
#define SHM_RND    020000

#ifdef __SYSV_IPC_OF_LINUX
#define SHM_R         0400
#define SHM_W         0200
#define SHM_REMAP     040000
#define SHM_EXEC      0100000
#define SHM_HUGETLB   04000
#define SHM_NORESERVE 010000
#define SHM_DEST      01000
#define SHM_LOCKED    02000
#define SHM_LOCK      11
#define SHM_UNLOCK    12
#define SHM_STAT      13
#define SHM_INFO      14
#define SHM_STAT_ANY  15
#endif

typedef unsigned long shmatt_t;

struct shmid_ds {
    struct ipc_perm shm_perm;
    size_t shm_segsz;
#if defined __TIMESIZE && __TIMESIZE == 32 && !defined __SYSV_IPC_HAS_WIDE_TIME
    time_t shm_atime;
    unsigned long __reserved1;
    time_t shm_dtime;
    unsigned long __reserved2;
    time_t shm_ctime;
    unsigned long __reserved3;
#else
    time_t shm_atime;
    time_t shm_dtime;
    time_t shm_ctime;
#endif
    pid_t shm_cpid;
    pid_t shm_lpid;
    shmatt_t shm_nattch;
    unsigned long __reserved4[2];
};

#ifdef __SYSV_IPC_OF_LINUX
struct shminfo {
    unsigned long shmmax;
    unsigned long shmmin;
    unsigned long shmmni;
    unsigned long shmseg;
    unsigned long shmall;
    unsigned long __reserved[4];
};

struct shm_info {
    int used_ids;
    unsigned long shm_tot;
    unsigned long shm_rss;
    unsigned long shm_swp;
    unsigned long swap_attempts;
    unsigned long swap_successes;
};
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* The size of a page, which only the running system knows. */
#define SHMLBA (__sysv_ipc_page_size())
extern int __sysv_ipc_page_size(void) __asm__("getpagesize");

int shmget(key_t __key, size_t __size, int __flags) __SYSV_IPC_NOTHROW;
void *shmat(int __shmid, const void *__address, int __flags) __SYSV_IPC_NOTHROW;
int shmdt(const void *__address) __SYSV_IPC_NOTHROW;
int shmctl(int __shmid, int __command, struct shmid_ds *__buf) __SYSV_IPC_NOTHROW
    __SYSV_IPC_WIDE_TIME(__shmctl64);

#ifdef __cplusplus
}
#endif

#endif
