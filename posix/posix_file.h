/*
 * Descriptors and mappings of the store's files. A lock (posix_lock.h) belongs to one opening of a
 * file: to its descriptor, and to what was mapped through it, until both are gone. So whoever
 * opens, closes, maps or unmaps a file of the store does it with these calls.
 *
 * One set of files for each kind of locks; configure chooses:
 *   posix_file_plain.c, posix_lock_ofd.c         the kernel's locks are like that
 *   posix_file_kept.c, posix_lock_classic.c,     the kernel's locks belong to the process, and any
 *     posix_description.c                        closing drops them: descriptors are kept
 *
 * All calls but px_file_close report errors as the system call does.
 */
#ifndef LIBSHM_POSIX_FILE_H
#define LIBSHM_POSIX_FILE_H

#include <stddef.h>
#include <sys/types.h>

/* As px_open (posix_io.h), mmap and munmap. Flags of px_file_open always include O_CLOEXEC. */
int px_file_open(const char *path, int flags, mode_t mode);
void *px_file_map(int fd, void *at, size_t length, int protection, int flags, off_t offset);
int px_file_unmap(void *start, size_t length);

/* Leaves errno alone. */
void px_file_close(int fd);

/*
 * Whether a forked child inherits mappings together with their locks. If not, it takes a lock for
 * each of its own: before fork returns in the parent, so that nobody misses it.
 */
int px_file_locks_are_inherited(void);

/* Whether an opening whose descriptor is closed costs none, although the process has locks on the file. */
int px_file_closes_at_once(void);

/* Around a fork; in the child after it knows itself. All other locks of the process are held. */
void px_files_before_fork(void);
void px_files_after_fork(int in_child);

/* In a child, before any other call here; also when the fork ran no handlers. */
void px_files_notice_fork(void);

#endif
