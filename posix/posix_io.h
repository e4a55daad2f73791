/*
 * The system's calls on files, begun again when a signal that the program catches interrupts
 * them: no call of the contract but semtimedop ends with EINTR.
 */
#ifndef LIBSHM_POSIX_IO_H
#define LIBSHM_POSIX_IO_H

#include <stddef.h>
#include <sys/types.h>

int px_open(const char *path, int flags, mode_t mode);
ssize_t px_read(int fd, void *bytes, size_t size);
ssize_t px_read_at(int fd, void *bytes, size_t size, off_t offset);

/* All of it: 0, or -1 and errno. */
int px_write_at(int fd, const void *bytes, size_t size, off_t offset);

int px_truncate(int fd, off_t size);

/* In steps, each of which is begun again by itself. 0, or -1 and errno. */
int px_reserve(int fd, off_t start, off_t end);

/* Gives the space of bytes [start, end) back, which are zeros then, if the system can. errno is any. */
void px_punch(int fd, off_t start, off_t end);

/* Whatever close says, the descriptor is gone and errno as it was. */
void px_close(int fd);

#endif
