/*
 * What the driver of the differential test and its workers say to each other: one fixed-size call,
 * one fixed-size answer, over a socket of sequenced packets for each worker.
 */
#ifndef LIBSHM_TESTS_DIFFERENTIAL_H
#define LIBSHM_TESTS_DIFFERENTIAL_H

#include <stdint.h>
#include <sys/types.h>

#include "libshm/backend.h"

enum {
    DIFF_SLOTS = 10,      /* workers of a family; the first only observes */
    DIFF_FIRST_FD = 100,  /* the worker in slot n reads and writes descriptor 100 + n */
    DIFF_SPOTS = 6,       /* attaches of one worker */
    DIFF_SPOT_PAGES = 16, /* most pages of a segment that is attached */
    DIFF_SEMS = 4,        /* most semaphores of a set */
    DIFF_OPS = 6,         /* different operations of a semop */
    DIFF_BYTES = 32,      /* read or written at once */
};

/* The calls; the name of each, for people, is in differential_text.c in the same order. */
enum diff_op {
    DIFF_HELLO,
    DIFF_FORK,    /* value: the child's slot */
    DIFF_WAITERS, /* the sleeping calls of a set */
    DIFF_LEFT,    /* objects that are left, after a look for debris */
    DIFF_SHMGET,
    DIFF_SHMAT,
    DIFF_SHMDT,
    DIFF_LOAD,
    DIFF_STORE,
    DIFF_PROTECT, /* mprotect of an attach for writing */
    DIFF_SHM_STAT,
    DIFF_SHM_SET,
    DIFF_SHM_RMID,
    DIFF_SHM_LOCK,
    DIFF_SHM_UNLOCK,
    DIFF_SHM_INDEX, /* SHM_STAT of an index */
    DIFF_SHM_BAD,
    DIFF_SEMGET,
    DIFF_SEMOP,
    DIFF_SEM_STAT,
    DIFF_SEM_SET,
    DIFF_SEM_RMID,
    DIFF_SEM_INDEX,
    DIFF_SEM_BAD,
    DIFF_GETVAL,
    DIFF_GETPID,
    DIFF_GETNCNT,
    DIFF_GETZCNT,
    DIFF_GETALL,
    DIFF_SETVAL,
    DIFF_SETALL,
    DIFF_MSGGET,
    DIFF_MSGSND,
    DIFF_MSGRCV,
    DIFF_MSG_STAT,
    DIFF_MSG_SET,
    DIFF_MSG_RMID,
    DIFF_MSG_INDEX,
    DIFF_MSG_BAD,
    DIFF_OP_COUNT
};

/* Where shmat is asked to attach. Each spot has room of its own in the worker's arena. */
enum diff_where {
    DIFF_ANYWHERE, /* address NULL */
    DIFF_HOLE,     /* in the spot's room, emptied before */
    DIFF_TAKEN,    /* in the spot's room, where something is mapped */
    DIFF_LOW,      /* `offset` itself is the address */
};

enum diff_timeout { DIFF_NO_TIMEOUT, DIFF_TIMEOUT };

struct diff_call {
    int op;
    int id;     /* as the family knows it */
    int object; /* its number in the driver, for its history; -1: none */
    int32_t key;
    int flags; /* of get and attach */
    int where;
    int spot;
    int value; /* SETVAL, FORK; of a queue, qbytes */
    int num;   /* semaphore */
    int nsems; /* of the set */
    int nops;
    int timed;
    int no_pointer; /* NULL for the buffer or the array */
    int limited;    /* with RLIMIT_AS at its least */
    long offset;    /* in an attach; added to an address */
    unsigned uid, gid, mode;
    int64_t type;  /* of a message */
    uint64_t size; /* of a segment or a message; room for one */
    int64_t seconds, nanoseconds;
    struct shm_backend_sembuf ops[DIFF_OPS];
    unsigned short values[DIFF_SEMS];
    unsigned char bytes[DIFF_BYTES];
};

struct diff_answer {
    int op;
    int error; /* errno after a failure */
    int pid;
    int64_t result;
    struct shm_backend_shmid_ds segment;
    struct shm_backend_semid_ds set;
    struct shm_backend_msqid_ds queue;
    int64_t type;
    unsigned sum; /* of a message */
    unsigned short values[DIFF_SEMS];
    unsigned char bytes[DIFF_BYTES];
};

#endif
