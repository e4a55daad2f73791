/*
 * The contract between the core and a backend: the XSI IPC calls for shared memory,
 * semaphore sets and message queues, under our own prefix.
 *
 * Semantics are those of shmget(2), shmat(2), shmctl(2), semget(2), semop(2), semctl(2), msgget(2),
 * msgop(2) and msgctl(2) on Linux; doc/semantics.md numbers every rule, and its last section lists what files cannot give.
 * sysv/ implements this page with the kernel's calls, posix/ in user space; exactly one of the
 * two is linked. The additions the standard lacks stand at the end.
 *
 * Errors:  -1 and errno as the manual pages give them, with the sentence of fail.h recorded.
 *          Success leaves errno alone.
 * EINTR:   only shm_backend_semtimedop, shm_backend_msgtimedsnd and shm_backend_msgtimedrcv return
 *          it; everything else retries.
 * Threads: every call may be made from any thread, and from a signal handler (the listing calls
 *          excepted: they allocate).
 */
#ifndef LIBSHM_BACKEND_H
#define LIBSHM_BACKEND_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* Keys and flags of the get calls; the low nine bits of the flags are the permissions. */
enum {
    LIBSHM_IPC_PRIVATE = 0,
    LIBSHM_IPC_CREAT = 01000,
    LIBSHM_IPC_EXCL = 02000,
    LIBSHM_IPC_NOWAIT = 04000, /* in shm_backend_sembuf.sem_flg and the flags of messages */
    LIBSHM_SEM_UNDO = 010000,  /* in shm_backend_sembuf.sem_flg */
};

/* Flags of shmget and shmat. Bits of shmget that are not listed are ignored. */
enum {
    LIBSHM_HUGETLB = 04000,    /* shmget: ask for huge pages */
    LIBSHM_NORESERVE = 010000, /* shmget: do not reserve the payload's space */
    LIBSHM_ATTACH_RDONLY = 010000,
    LIBSHM_ATTACH_RND = 020000,
    LIBSHM_ATTACH_REMAP = 040000,
    LIBSHM_ATTACH_EXEC = 0100000,
};

/* Flags of msgrcv. */
enum {
    LIBSHM_MSG_NOERROR = 010000, /* cut what is longer than the caller's room */
    LIBSHM_MSG_EXCEPT = 020000,  /* the first message that is not of the type */
    LIBSHM_MSG_COPY = 040000,    /* a copy of message number `type`, which stays */
};

/* State bits that appear in the mode of a segment beside the nine permission bits. */
enum {
    LIBSHM_MODE_DEST = 01000,   /* removed, waits for the last detach */
    LIBSHM_MODE_LOCKED = 02000, /* SHM_LOCK is in force */
};

/* Commands of all control calls. */
enum {
    LIBSHM_IPC_RMID = 0,
    LIBSHM_IPC_SET = 1,
    LIBSHM_IPC_STAT = 2,
    LIBSHM_IPC_INFO = 3,
};

/* Commands of shmctl. */
enum {
    LIBSHM_SHM_LOCK = 11,
    LIBSHM_SHM_UNLOCK = 12,
    LIBSHM_SHM_STAT = 13,
    LIBSHM_SHM_INFO = 14,
    LIBSHM_SHM_STAT_ANY = 15,
};

/* Commands of semctl. */
enum {
    LIBSHM_GETPID = 11,
    LIBSHM_GETVAL = 12,
    LIBSHM_GETALL = 13,
    LIBSHM_GETNCNT = 14,
    LIBSHM_GETZCNT = 15,
    LIBSHM_SETVAL = 16,
    LIBSHM_SETALL = 17,
    LIBSHM_SEM_STAT = 18,
    LIBSHM_SEM_INFO = 19,
    LIBSHM_SEM_STAT_ANY = 20,
};

/* Commands of msgctl. */
enum {
    LIBSHM_MSG_STAT = 11,
    LIBSHM_MSG_INFO = 12,
    LIBSHM_MSG_STAT_ANY = 13,
};

/* Limits that both backends share. */
enum {
    LIBSHM_SEMVMX = 32767, /* largest value of a semaphore */
    LIBSHM_SEMAEM = 32767, /* largest undo adjustment; one more downwards */
    LIBSHM_SEMOPM = 500,   /* operations in one call */
    LIBSHM_SEMMSL = 32000, /* semaphores in one set */
    LIBSHM_MSGMAX = 8192,  /* bytes in one message; of the kernel's, the usual one */
    LIBSHM_MSGMNB = 16384, /* bytes in a new queue; the same */
};

struct shm_backend_perm {
    key_t key; /* 0 for a private or a removed object */
    uid_t uid; /* owner */
    gid_t gid;
    uid_t cuid; /* creator */
    gid_t cgid;
    mode_t mode; /* nine permission bits, and LIBSHM_MODE_* for segments */
};

struct shm_backend_shmid_ds {
    struct shm_backend_perm perm;
    size_t segsz;    /* bytes, exactly as asked for */
    int64_t atime;   /* seconds since the epoch of the last attach; 0: never */
    int64_t dtime;   /* ... of the last detach */
    int64_t ctime;   /* ... of creation or the last IPC_SET */
    pid_t cpid;      /* creator */
    pid_t lpid;      /* last attach or detach; 0: none */
    uint64_t nattch; /* attaches of all processes */
};

struct shm_backend_semid_ds {
    struct shm_backend_perm perm;
    int64_t otime; /* seconds since the epoch of the last semop; 0: never */
    int64_t ctime; /* ... of creation, IPC_SET, SETVAL or SETALL */
    size_t nsems;
};

struct shm_backend_sembuf {
    unsigned short sem_num;
    short sem_op;
    short sem_flg; /* LIBSHM_IPC_NOWAIT, LIBSHM_SEM_UNDO */
};

struct shm_backend_msqid_ds {
    struct shm_backend_perm perm;
    int64_t stime;   /* seconds since the epoch of the last msgsnd; 0: never */
    int64_t rtime;   /* ... of the last msgrcv */
    int64_t ctime;   /* ... of creation or the last IPC_SET */
    uint64_t cbytes; /* in all messages */
    uint64_t qnum;   /* messages */
    uint64_t qbytes; /* the most cbytes may be, and the most messages; IPC_SET takes it */
    pid_t lspid;     /* last sender; 0: none */
    pid_t lrpid;     /* last receiver */
};

/* Result of msgctl(IPC_INFO) and, with the usage in msgpool, msgmap and msgtql, of msgctl(MSG_INFO). */
struct shm_backend_msginfo {
    int msgpool; /* MSG_INFO: queues in use */
    int msgmap;  /* MSG_INFO: messages in all queues */
    int msgmax;  /* bytes of one message */
    int msgmnb;  /* qbytes of a new queue */
    int msgmni;  /* queues */
    int msgssz;
    int msgtql; /* MSG_INFO: bytes in all queues */
    unsigned short msgseg;
};

/* Result of shmctl(IPC_INFO). */
struct shm_backend_shminfo {
    uint64_t shmmax; /* bytes in one segment */
    uint64_t shmmin;
    uint64_t shmmni; /* segments */
    uint64_t shmseg; /* attaches of one process */
    uint64_t shmall; /* pages in all */
};

/* Result of shmctl(SHM_INFO). */
struct shm_backend_shmusage {
    int used_ids;     /* segments that exist */
    uint64_t shm_tot; /* their size in pages */
};

/* Result of semctl(IPC_INFO) and, with the usage in semusz and semaem, of semctl(SEM_INFO). */
struct shm_backend_seminfo {
    int semmni; /* sets */
    int semmns; /* semaphores in all */
    int semmsl; /* semaphores in one set */
    int semopm; /* operations in one call */
    int semume; /* undo entries of one process */
    int semusz; /* SEM_INFO: sets in use */
    int semvmx; /* largest value */
    int semaem; /* largest adjustment; SEM_INFO: semaphores in use */
};

union shm_backend_semun {
    int val;                          /* SETVAL */
    struct shm_backend_semid_ds *buf; /* IPC_STAT, IPC_SET, SEM_STAT, SEM_STAT_ANY */
    unsigned short *array;            /* GETALL, SETALL: nsems values */
    struct shm_backend_seminfo *info; /* IPC_INFO, SEM_INFO */
};

/* Shared memory. `buf` is a shmid_ds, or for IPC_INFO a shminfo, for SHM_INFO a shmusage. */
int shm_backend_shmget(key_t key, size_t size, int flags);
void *shm_backend_shmat(int shmid, const void *address, int flags); /* (void *)-1 on failure */
int shm_backend_shmdt(const void *address);
int shm_backend_shmctl(int shmid, int command, void *buf);

/* Semaphore sets. `timeout` is relative; NULL waits for ever. */
int shm_backend_semget(key_t key, int nsems, int flags);
int shm_backend_semtimedop(int semid, const struct shm_backend_sembuf *ops, size_t nops,
                           const struct timespec *timeout);
int shm_backend_semctl(int semid, int semnum, int command, union shm_backend_semun arg);

/*
 * Message queues. A message begins with a long, its type, and goes on with `size` bytes. `timeout` is
 * relative; NULL waits for ever, and IPC_NOWAIT does not wait at all. Where the kernel has no such
 * timeout it is asked again and again: calls that have one are not served in the order of their arrival.
 * `buf` is a msqid_ds, or for IPC_INFO and MSG_INFO a msginfo.
 */
int shm_backend_msgget(key_t key, int flags);
int shm_backend_msgtimedsnd(int msqid, const void *message, size_t size, int flags,
                            const struct timespec *timeout);
ssize_t shm_backend_msgtimedrcv(int msqid, void *message, size_t size, long type, int flags,
                                const struct timespec *timeout);
int shm_backend_msgctl(int msqid, int command, void *buf);

/*
 * What the standard lacks.
 */

/* "sysv" or "posix". */
const char *shm_backend_name(void);

/*
 * 1 if there is a set with this id, of this key and with so many semaphores, and its permissions let
 * this process read it: what IPC_STAT would say, where that can be known without a system call. 0: ask
 * IPC_STAT. errno stays as it is.
 */
int shm_backend_sem_is(int semid, key_t key, size_t nsems);

/* The same of a segment of `size` bytes. */
int shm_backend_shm_is(int shmid, key_t key, size_t size);

/*
 * What calls that sleep in semtimedop ask now and then, in the thread that sleeps, holding
 * nothing and with the caller's signals let through; not 0: the call ends with EINTR, unless it
 * has been granted meanwhile. NULL: nothing. Where the kernel waits, signals end the call by
 * themselves, and nothing is asked.
 */
void shm_backend_setinterrupt(int (*check)(void));

/*
 * Where the objects of this process live, for people to read: the kernel's IPC namespace, or
 * the folder and the namespace. Writes at most `size` bytes with the terminating zero.
 */
void shm_backend_describe(char *text, size_t size);

/*
 * The ids of all segments, of all sets, or of all queues, in one pass: xxx_STAT by index costs a pass each.
 * Fills at most `capacity` of `ids` in ascending order and returns how many there are in all.
 */
ssize_t shm_backend_shm_list(int *ids, size_t capacity);
ssize_t shm_backend_sem_list(int *ids, size_t capacity);
ssize_t shm_backend_msg_list(int *ids, size_t capacity);

/*
 * Removes what killed processes left half-made or half-removed and no living process uses, in
 * the store of this process. Objects that were made completely are never touched. Returns the
 * number of things removed (always 0 where the kernel does this by itself), or -1 and errno.
 * `report`, if not NULL, is called with a line of text for each.
 */
int shm_backend_collect(void (*report)(const char *line, void *context), void *context);

#endif
