/*
 * libshm: shared memory segments and semaphores by integer key.
 *
 * Three lifetimes, three pairs of verbs
 *   object   create, remove  the segment or semaphore itself; system-wide: it exists until it
 * is removed, even after every process has ended mapping  attach, detach  a segment's bytes in
 * the address space of this process handle   made, freed     struct shm_memory, struct
 * shm_semaphore: memory of this process Free never removes. Remove never frees. Detach does
 * neither. Freeing the last reference to an attached handle leaves the mapping in the process
 * until it ends.
 *
 * Handles
 *   Asking twice for one id gives the same handle, so its attachment, blocking and undo are
 *   shared by everybody in the process. Each call that returns a handle adds a reference, which
 *   the caller owns and gives back once with xxx_free. NULL or a freed handle is a bug of the
 *   caller: an assertion in builds that have them, undefined otherwise.
 *   Every call with a handle, detach and free excepted, first verifies the object, with one
 *   status call. A failure has one of these sentences in shm_error_detail():
 *     "can't access shared memory segment"   memory handles
 *     "can't access semaphore"               semaphore handles
 *   with EIDRM when the object was removed (and with it its key), EACCES when this user may not
 *   read it. Both errnos belong to every function with a handle and are not repeated below.
 *   A private segment (key 0) stays usable after removal as long as it is attached.
 *
 * Errors
 *   -1 or NULL, with errno and a sentence in shm_error_detail(). Success leaves both alone.
 *   What `out` points to is written on success only.
 *
 * Threads: X marks what the caller must exclude from each other on one handle.
 *                      attach  detach  read  write  p v z set*  members, stat  free
 *   attach (moving)      -       -      X      X       -            -           X
 *   detach               -       -      X      X       -            -           X
 *   read                 X       X      -      X*      -            -           X
 *   write                X       X      X*     X*      -            -           X
 *   everything else      -       -      -      -       -            -           X
 *   X* for the sake of the data only: the library does not crash, the bytes may be mixed.
 *   An attach that finds the handle attached as wished moves nothing and excludes nothing.
 *   Calls without a handle, and shm_memory() and shm_semaphore(), may be made at any time.
 *   free counts as above only when it gives back the last reference.
 *
 * Caveats
 *   fork     The child inherits mappings and handles and they work at once; its attaches count
 *            and end with it. It inherits no undo. A fork while other threads are inside the
 *            library is safe.
 *   exec     Ends all mappings and handles of the process. Undo is kept by the kernel and
 *            carried out at once by the posix backend.
 *   signals  P and Z return EINTR when a handler has run; nothing has changed then. All other
 *            calls are not disturbed. Handlers may operate on handles that they already have;
 *            they must not make or free any.
 *   death    A process that dies is detached. What it took with undo in force is given back;
 *            what it took without undo is lost until somebody calls V or setval.
 *   removal  A removed segment disappears when its last process has detached. Its key is free
 *            at once, its bytes stay where they are mapped, but read and write refuse.
 *            Whoever waits for a removed semaphore gets EIDRM.
 *   trust    Whoever may write to a segment may put any bytes there at any time.
 *
 * Source, where nothing else is said: the function or member of the same name of the Python
 * module shm 1.2.2; doc/legacy.md has its rules, doc/names.md the table of names.
 */
#ifndef LIBSHM_SHM_H
#define LIBSHM_SHM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define LIBSHM_API __attribute__((visibility("default")))
#else
#define LIBSHM_API
#endif

#define LIBSHM_VERSION_MAJOR 0
#define LIBSHM_VERSION_MINOR 1
#define LIBSHM_VERSION_PATCH 0
#define LIBSHM_VERSION       "0.1.0"

/* Key that always makes a new object, which is then found by its id only. */
#define LIBSHM_PRIVATE 0

/* Bits of `how` in shm_memory_attach. */
#define LIBSHM_RDONLY 010000 /* attach for reading only */
#define LIBSHM_RND    020000 /* round the address down to a multiple of shm_lba() */

/* Permissions of the owner, for `perm`: to read, to write. */
#define LIBSHM_R 0400
#define LIBSHM_W 0200

struct shm_memory;
struct shm_semaphore;

/* A segment and its handle at one moment. Times are seconds since the epoch, 0: never. */
struct shm_memory_status {
    void *addr;    /* where this handle has it attached; NULL: detached; valid until detach */
    int attached;  /* 1 or 0 */
    size_t nattch; /* attaches of all processes */
    mode_t perm;   /* nine permission bits */
    uint32_t key;  /* 0: private, or removed */
    size_t size;   /* bytes, exactly as asked for */
    int shmid;
    uid_t uid; /* owner */
    gid_t gid;
    uid_t cuid; /* creator */
    gid_t cgid;
    pid_t cpid;    /* process that created it */
    pid_t lpid;    /* process of the last attach or detach; 0: none yet */
    int64_t atime; /* last attach */
    int64_t dtime; /* last detach */
    int64_t ctime; /* creation, or last change of owner or permissions */
};

/* A semaphore and its handle. Times are seconds since the epoch, 0: never. */
struct shm_semaphore_status {
    int val;
    int ncnt;     /* calls that wait in P */
    int zcnt;     /* calls that wait in Z */
    pid_t lpid;   /* process of the last operation; right after creation the creator */
    mode_t perm;  /* nine permission bits */
    int blocking; /* 1 or 0, of the handle */
    uint32_t key; /* 0: private */
    int semid;
    uid_t uid; /* owner */
    gid_t gid;
    uid_t cuid; /* creator */
    gid_t cgid;
    int64_t otime; /* last P, V or Z */
    int64_t ctime; /* creation, or last change of owner, permissions or by setval */
};

/*
 * The library.
 */

/*
 * shm_version: the version of the library that runs, as LIBSHM_VERSION is of this header.
 *
 * Returns a string that is never freed.
 */
LIBSHM_API const char *shm_version(void);

/*
 * shm_backend: what the library stands on.
 *
 * Returns "sysv" (the kernel's System V IPC) or "posix" (POSIX shared memory in user space).
 */
LIBSHM_API const char *shm_backend(void);

/*
 * shm_setinterrupt: what waiting calls ask now and then: whether to give up.
 *
 * check  called in the thread that waits, by all calls that wait for a semaphore or for the lock
 *        of arrays, about every 25 ms; not 0 ends the wait with EINTR, unless it was over at
 *        that moment. It may do whatever a signal handler may, and more: no lock is held. NULL:
 *        nothing is asked, as at first
 *
 * For languages whose signal handlers only leave a note for one of the threads: on the posix backend
 * a signal of the process goes to another thread while that one waits. On sysv nothing is asked,
 * because there it reaches the waiting thread.
 *
 * Threads: safe. There is one for the process; forked children inherit it.
 */
LIBSHM_API void shm_setinterrupt(int (*check)(void));

/*
 * shm_error_detail: the sentence about the last failure in this thread.
 *
 * It says what was wanted, what the limit was and what to do; at most 511 bytes, English.
 *
 * Returns a string that is valid until the next failure in this thread; "" before the first.
 * Signals: may be called in a handler, whose failures replace the interrupted thread's
 * sentence.
 */
LIBSHM_API const char *shm_error_detail(void);

/*
 * Keys and ids. A key is any 32-bit number; segments and semaphores have separate keys and
 * ids. 0 is a valid id.
 */

/*
 * shm_getshmid, shm_getsemid: the id of the object that has a key.
 *
 * No permission is needed. Semaphore sets of other programs are found as well.
 *
 * Returns the id, or -1 and errno:
 *   ENOENT  no object has this key; always for key 0
 */
LIBSHM_API int shm_getshmid(key_t key);
LIBSHM_API int shm_getsemid(key_t key);

/*
 * shm_memory_haskey, shm_semaphore_haskey: is there an object with this key?
 *
 * Returns 1 or 0. After 0 errno tells why: ENOENT means that there really is none.
 */
LIBSHM_API int shm_memory_haskey(key_t key);
LIBSHM_API int shm_semaphore_haskey(key_t key);

/*
 * shm_ftok: a key made from a file that exists and a number.
 *
 * path  the file, borrowed; its device and inode count, not its name
 * id    0 to 255
 *
 * The key is the one that ftok(3) gives. Different files may give the same key.
 *
 * Returns the key, or -1 and errno. -1 is a possible key too: where that matters, set errno to
 * 0 before the call.
 *   ERANGE  id is outside 0 to 255
 *   or those of stat(2)
 */
LIBSHM_API key_t shm_ftok(const char *path, int id);

/*
 * shm_lba: the granularity of attach addresses in bytes (legacy SHMLBA), the page size.
 */
LIBSHM_API size_t shm_lba(void);

/*
 * Objects: create and remove.
 */

/*
 * shm_create_memory: make a new segment under a key that is free.
 *
 * key   LIBSHM_PRIVATE makes one without a key
 * size  bytes, at least 1; they are zero
 * perm  permission bits, at most 0777; the umask does not count
 *
 * Returns a handle, detached, caller owns; or NULL and errno. Nothing is left behind then.
 *   EEXIST  the key is taken
 *   EINVAL  size is 0 or above the system's maximum, or perm is above 0777
 *   ENOSPC  a limit of the system, or the store, is full
 *   EACCES  perm does not let the creator read
 *   ENOMEM  no memory
 */
LIBSHM_API struct shm_memory *shm_create_memory(key_t key, size_t size, mode_t perm);

/*
 * shm_create_semaphore: make a new semaphore under a key that is free.
 *
 * key    LIBSHM_PRIVATE makes one without a key
 * value  what it starts with, 0 to 32767
 * perm   permission bits, at most 0777; the umask does not count
 *
 * Between the creation and the setting of its value others may see the value 0.
 *
 * Returns a handle, blocking and without undo, caller owns; or NULL and errno. Nothing is left
 * behind then.
 *   EEXIST  the key is taken
 *   ERANGE  value is outside 0 to 32767
 *   EINVAL  perm is above 0777
 *   ENOSPC  a limit of the system, or the store, is full
 *   EACCES  perm does not let the creator read and write
 *   ENOMEM  no memory
 */
LIBSHM_API struct shm_semaphore *shm_create_semaphore(key_t key, int value, mode_t perm);

/*
 * shm_create_unique_memory: make a new segment under a key that the library chooses.
 *
 * size  bytes, at least 1
 * perm  permission bits, at most 0777; they must let the creator read and write
 * fill  every byte's value, 0 to 255 (shm_wrapper's default is 32, a space)
 *
 * Keys are random 32-bit numbers, never 0. The sequence of rand(3) is not touched.
 *
 * Returns a handle, attached for reading and writing, caller owns; or NULL and errno as
 * shm_create_memory. Nothing is left behind then.
 *   EINVAL  also: fill is outside 0 to 255
 *   EEXIST  64 random keys in a row were taken
 *   EIO     the system gives no random numbers
 *
 * Source: shm_wrapper 1.2.2, create_memory(size, permissions, InitCharacter)
 */
LIBSHM_API struct shm_memory *shm_create_unique_memory(size_t size, mode_t perm, int fill);

/*
 * shm_create_unique_semaphore: make a new semaphore under a key that the library chooses.
 *
 * Parameters and result as shm_create_semaphore, keys and their errors as
 * shm_create_unique_memory.
 *
 * Source: shm_wrapper 1.2.2, create_semaphore(InitialValue, permissions)
 */
LIBSHM_API struct shm_semaphore *shm_create_unique_semaphore(int value, mode_t perm);

/*
 * shm_remove_memory: remove a segment, for everybody.
 *
 * Its key is free at once. Where it is attached it stays until the last detach, under its id
 * only, and may be removed again.
 *
 * Returns 0, or -1 and errno:
 *   EINVAL  no segment has this id
 *   EPERM   neither owner nor creator nor root
 */
LIBSHM_API int shm_remove_memory(int shmid);

/*
 * shm_remove_semaphore: remove a semaphore, for everybody and at once.
 *
 * Whoever waits for it gets EIDRM. Errors as shm_remove_memory.
 */
LIBSHM_API int shm_remove_semaphore(int semid);

/*
 * Handles: make and free.
 */

/*
 * shm_memory: the handle of the segment with this id.
 *
 * A handle that this process already has is returned again, with its attachment and one
 * reference more; it is set right about a key that was lost by removal.
 *
 * Returns the handle, caller owns; or NULL and errno:
 *   EINVAL  no segment has this id
 *   EACCES  this user may not read it
 *   ENOMEM  no memory
 */
LIBSHM_API struct shm_memory *shm_memory(int shmid);

/*
 * shm_semaphore: the handle of the semaphore (the first of the set) with this id.
 *
 * As shm_memory. A new handle is blocking and without undo.
 */
LIBSHM_API struct shm_semaphore *shm_semaphore(int semid);

/*
 * shm_memory_free, shm_semaphore_free: give one reference back.
 *
 * The last one frees the handle. A mapping stays attached: detach first, unless its address is
 * still in use.
 */
LIBSHM_API void shm_memory_free(struct shm_memory *m);
LIBSHM_API void shm_semaphore_free(struct shm_semaphore *s);

/*
 * Memory: attach, detach, read, write.
 */

/*
 * shm_memory_attach: map the segment into this process.
 *
 * address  where, or NULL: the system chooses
 * how      0, or LIBSHM_RDONLY and LIBSHM_RND
 *
 * A handle has at most one mapping. If it is attached with the same `how`, and address is NULL
 * or the current one, nothing happens. Otherwise the new mapping is made first and then the old
 * one is released, so the address changes; after a failure the old one is still there.
 *
 * Returns 0, or -1 and errno:
 *   EINVAL  address is not a multiple of shm_lba(), or occupied
 *   EACCES  this user lacks the permission to read, or without LIBSHM_RDONLY to write
 *   ENOMEM  no address space
 */
LIBSHM_API int shm_memory_attach(struct shm_memory *m, void *address, int how);

/*
 * shm_memory_detach: release the mapping of this handle; for a detached handle nothing.
 *
 * The object is not verified: a removed segment is released as well.
 *
 * Returns 0, or -1 and errno:
 *   EINVAL  the program has unmapped the address by other means; the handle is detached
 *   ENOMEM  the system cannot unmap it now; the handle is still attached
 */
LIBSHM_API int shm_memory_detach(struct shm_memory *m);

/*
 * shm_memory_read: copy bytes out of an attached segment.
 *
 * buf     destination, at least nbytes long
 * nbytes  bytes to copy; may be 0
 * offset  bytes from the start of the segment
 *
 * Returns 0, or -1 and errno:
 *   EINVAL  m is not attached, or nbytes at offset reach past the end; shm_error_detail() then
 * is "R/W operation on detached memory", "read() argument exceeds upper memory limit" (offset
 * is 0) or "read() arguments exceed upper memory limit"
 *
 * Threads: safe with other readers; writers are the caller's to exclude.
 */
LIBSHM_API int shm_memory_read(struct shm_memory *m, void *buf, size_t nbytes, size_t offset);

/*
 * shm_memory_write: copy bytes into an attached segment. Other bytes are not touched.
 *
 * data    source, nbytes long, borrowed
 * nbytes  bytes to copy; may be 0
 * offset  bytes from the start of the segment
 *
 * Returns 0, or -1 and errno, and nothing is written. The checks are made in this order:
 *   EINVAL  "R/W operation on detached memory"
 *   EACCES  "can't write on read-only attached memory"
 *   EINVAL  "write() argument exceeds upper memory limit" (offset is 0) or
 *           "write() arguments exceed upper memory limit"
 *
 * Threads: other readers and writers are the caller's to exclude.
 */
LIBSHM_API int shm_memory_write(struct shm_memory *m, const void *data, size_t nbytes,
                                size_t offset);

/*
 * shm_memory_setperm, shm_memory_setuid, shm_memory_setgid: change permissions or the owner.
 *
 * perm  becomes the nine permission bits; higher bits are ignored
 *
 * The status is read and written back: of two changes at the same moment one may be lost.
 *
 * Returns 0, or -1 and errno:
 *   EPERM   neither owner nor creator nor root
 *   EINVAL  uid or gid is -1
 *
 * Source: shm 1.2.2, whose setperm set other bits than asked for
 */
LIBSHM_API int shm_memory_setperm(struct shm_memory *m, mode_t perm);
LIBSHM_API int shm_memory_setuid(struct shm_memory *m, uid_t uid);
LIBSHM_API int shm_memory_setgid(struct shm_memory *m, gid_t gid);

/*
 * shm_memory_stat: all about a segment, read at one moment.
 *
 * Returns 0, or -1 and errno.
 *
 * Source: the thirteen members below, from one shmctl(IPC_STAT)
 */
LIBSHM_API int shm_memory_stat(struct shm_memory *m, struct shm_memory_status *out);

/*
 * shm_memory_NAME: one member of struct shm_memory_status, which explains them.
 *
 * Each is read anew. Values that belong together are had from shm_memory_stat.
 *
 * Returns 0, or -1 and errno.
 */
LIBSHM_API int shm_memory_addr(struct shm_memory *m, void **out);
LIBSHM_API int shm_memory_attached(struct shm_memory *m, int *out);
LIBSHM_API int shm_memory_nattch(struct shm_memory *m, size_t *out);
LIBSHM_API int shm_memory_perm(struct shm_memory *m, mode_t *out);
LIBSHM_API int shm_memory_key(struct shm_memory *m, uint32_t *out);
LIBSHM_API int shm_memory_size(struct shm_memory *m, size_t *out);
LIBSHM_API int shm_memory_shmid(struct shm_memory *m, int *out);
LIBSHM_API int shm_memory_uid(struct shm_memory *m, uid_t *out);
LIBSHM_API int shm_memory_gid(struct shm_memory *m, gid_t *out);
LIBSHM_API int shm_memory_cuid(struct shm_memory *m, uid_t *out);
LIBSHM_API int shm_memory_cgid(struct shm_memory *m, gid_t *out);
LIBSHM_API int shm_memory_cpid(struct shm_memory *m, pid_t *out);
LIBSHM_API int shm_memory_lpid(struct shm_memory *m, pid_t *out);

/*
 * Semaphore: wait and signal.
 */

/*
 * shm_semaphore_p: take one, waiting while the value is 0.
 *
 * Returns 0, or -1 and errno, and nothing is taken:
 *   EAGAIN  the value is 0 and the handle does not wait (shm_semaphore_setblocking)
 *   EINTR   a signal handler has run while this waited
 *   EIDRM   removed, also while this waited
 *   EACCES  this user may not write
 *   or those of semop(2)
 *
 * Threads: any number may wait on one handle.
 */
LIBSHM_API int shm_semaphore_p(struct shm_semaphore *s);

/*
 * shm_semaphore_v: give one back. Never waits.
 *
 * Returns 0, or -1 and errno:
 *   ERANGE  the value is 32767
 *   EACCES  this user may not write
 *   or those of semop(2)
 */
LIBSHM_API int shm_semaphore_v(struct shm_semaphore *s);

/*
 * shm_semaphore_z: wait until the value is 0. Permission to read suffices.
 *
 * Returns as shm_semaphore_p; EAGAIN: the value is not 0.
 */
LIBSHM_API int shm_semaphore_z(struct shm_semaphore *s);

/*
 * shm_semaphore_p_timed, shm_semaphore_z_timed: p and z that stop waiting after a time.
 *
 * timeout_ms  milliseconds from now; 0 does not wait; negative waits for ever
 *
 * Returns as p and z; EAGAIN: the time is over, or the handle does not wait.
 *
 * Source: semtimedop(2); the legacy modules have no such calls
 */
LIBSHM_API int shm_semaphore_p_timed(struct shm_semaphore *s, long timeout_ms);
LIBSHM_API int shm_semaphore_z_timed(struct shm_semaphore *s, long timeout_ms);

/*
 * shm_semaphore_setblocking: do later P and Z of this handle wait?
 *
 * blocking  0: they fail with EAGAIN instead; anything else: they wait
 *
 * A call that is waiting already goes on waiting.
 *
 * Returns 0, or -1 and errno.
 */
LIBSHM_API int shm_semaphore_setblocking(struct shm_semaphore *s, int blocking);

/*
 * shm_semaphore_setundo: are later P and V of this handle undone when the process ends?
 *
 * undo  0: no; anything else: yes
 *
 * Returns 0, or -1 and errno.
 */
LIBSHM_API int shm_semaphore_setundo(struct shm_semaphore *s, int undo);

/*
 * shm_semaphore_setval: set the value, wake whoever can go on, forget every process's undo.
 *
 * value  0 to 32767
 *
 * Returns 0, or -1 and errno:
 *   ERANGE  value is outside 0 to 32767
 *   EACCES  this user may not write
 */
LIBSHM_API int shm_semaphore_setval(struct shm_semaphore *s, int value);

/*
 * shm_semaphore_setperm, shm_semaphore_setuid, shm_semaphore_setgid: as for memory.
 */
LIBSHM_API int shm_semaphore_setperm(struct shm_semaphore *s, mode_t perm);
LIBSHM_API int shm_semaphore_setuid(struct shm_semaphore *s, uid_t uid);
LIBSHM_API int shm_semaphore_setgid(struct shm_semaphore *s, gid_t gid);

/*
 * shm_semaphore_stat: all about a semaphore.
 *
 * key, perm, the four owners and the times are of one moment; val, ncnt, zcnt and lpid are read
 * one after the other, because semctl(2) has no call for all of them.
 *
 * Returns 0, or -1 and errno; after a failure the content of *out is undefined.
 */
LIBSHM_API int shm_semaphore_stat(struct shm_semaphore *s, struct shm_semaphore_status *out);

/*
 * shm_semaphore_NAME: one member of struct shm_semaphore_status, which explains them.
 *
 * Each is read anew.
 *
 * Returns 0, or -1 and errno.
 */
LIBSHM_API int shm_semaphore_val(struct shm_semaphore *s, int *out);
LIBSHM_API int shm_semaphore_ncnt(struct shm_semaphore *s, int *out);
LIBSHM_API int shm_semaphore_zcnt(struct shm_semaphore *s, int *out);
LIBSHM_API int shm_semaphore_lpid(struct shm_semaphore *s, pid_t *out);
LIBSHM_API int shm_semaphore_perm(struct shm_semaphore *s, mode_t *out);
LIBSHM_API int shm_semaphore_blocking(struct shm_semaphore *s, int *out);
LIBSHM_API int shm_semaphore_key(struct shm_semaphore *s, uint32_t *out);
LIBSHM_API int shm_semaphore_semid(struct shm_semaphore *s, int *out);
LIBSHM_API int shm_semaphore_uid(struct shm_semaphore *s, uid_t *out);
LIBSHM_API int shm_semaphore_gid(struct shm_semaphore *s, gid_t *out);
LIBSHM_API int shm_semaphore_cuid(struct shm_semaphore *s, uid_t *out);
LIBSHM_API int shm_semaphore_cgid(struct shm_semaphore *s, gid_t *out);

#ifdef __cplusplus
}
#endif

#endif
