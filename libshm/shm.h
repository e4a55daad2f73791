/*
 * libshm: shared memory segments and semaphores by integer key.
 */
#ifndef LIBSHM_SHM_H
#define LIBSHM_SHM_H

#include <stddef.h>
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

/* Key that always makes a new object. */
#define LIBSHM_PRIVATE 0

/* Bits of `how` in shm_memory_attach. */
#define LIBSHM_RDONLY 010000
#define LIBSHM_RND    020000

struct shm_memory;
struct shm_semaphore;

LIBSHM_API const char *shm_version(void);
LIBSHM_API const char *shm_backend(void);
LIBSHM_API const char *shm_error_detail(void);

/* Keys and ids. */
LIBSHM_API int shm_getshmid(key_t key);
LIBSHM_API int shm_getsemid(key_t key);
LIBSHM_API int shm_memory_haskey(key_t key);
LIBSHM_API int shm_semaphore_haskey(key_t key);
LIBSHM_API key_t shm_ftok(const char *path, int id);
LIBSHM_API size_t shm_lba(void); /* legacy SHMLBA */

/* Objects: create and remove. */
LIBSHM_API struct shm_memory *shm_create_memory(key_t key, size_t size, mode_t perm);
LIBSHM_API struct shm_semaphore *shm_create_semaphore(key_t key, int value, mode_t perm);
LIBSHM_API struct shm_memory *shm_create_unique_memory(size_t size, mode_t perm, int fill);
LIBSHM_API struct shm_semaphore *shm_create_unique_semaphore(int value, mode_t perm);
LIBSHM_API int shm_remove_memory(int shmid);
LIBSHM_API int shm_remove_semaphore(int semid);

/* Handles: make and free. */
LIBSHM_API struct shm_memory *shm_memory(int shmid);
LIBSHM_API struct shm_semaphore *shm_semaphore(int semid);
LIBSHM_API void shm_memory_free(struct shm_memory *m);
LIBSHM_API void shm_semaphore_free(struct shm_semaphore *s);

/* Memory: attach, detach, read, write. */
LIBSHM_API int shm_memory_attach(struct shm_memory *m, void *address, int how);
LIBSHM_API int shm_memory_detach(struct shm_memory *m);
LIBSHM_API int shm_memory_read(struct shm_memory *m, void *buf, size_t nbytes, size_t offset);
LIBSHM_API int shm_memory_write(struct shm_memory *m, const void *data, size_t nbytes,
                                size_t offset);
LIBSHM_API int shm_memory_setperm(struct shm_memory *m, mode_t perm);
LIBSHM_API int shm_memory_setuid(struct shm_memory *m, uid_t uid);
LIBSHM_API int shm_memory_setgid(struct shm_memory *m, gid_t gid);

/* Semaphore: wait and signal. */
LIBSHM_API int shm_semaphore_p(struct shm_semaphore *s);
LIBSHM_API int shm_semaphore_v(struct shm_semaphore *s);
LIBSHM_API int shm_semaphore_z(struct shm_semaphore *s);
LIBSHM_API int shm_semaphore_p_timed(struct shm_semaphore *s, long timeout_ms);
LIBSHM_API int shm_semaphore_z_timed(struct shm_semaphore *s, long timeout_ms);
LIBSHM_API int shm_semaphore_setblocking(struct shm_semaphore *s, int blocking);
LIBSHM_API int shm_semaphore_setundo(struct shm_semaphore *s, int undo);
LIBSHM_API int shm_semaphore_setval(struct shm_semaphore *s, int value);
LIBSHM_API int shm_semaphore_setperm(struct shm_semaphore *s, mode_t perm);
LIBSHM_API int shm_semaphore_setuid(struct shm_semaphore *s, uid_t uid);
LIBSHM_API int shm_semaphore_setgid(struct shm_semaphore *s, gid_t gid);

#ifdef __cplusplus
}
#endif

#endif
