/* The files of the posix backend, for the tests that attack them or fill their folder. */
#ifndef LIBSHM_TESTS_BACKEND_FILES_H
#define LIBSHM_TESTS_BACKEND_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { FILE_PATH_SIZE = 512 };

/* "m" for a segment by id, "s" for a set, "q" for a queue; "mk", "sk" and "qk" for their keys. */
void file_path(char path[FILE_PATH_SIZE], const char *type, unsigned number);

/* The calls of a process that sleep on a queue, as its file tells. */
int file_sleepers(unsigned id, pid_t pid);
int file_sleepers_from_outside(unsigned id, pid_t pid); /* for who has no backend */

/* Removes every file of the namespace and returns how many there were. */
int remove_files(void);

#endif
