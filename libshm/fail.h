/*
 * How a failure is recorded: errno for programs, a sentence for people.
 *
 * A sentence says what was wanted, what the limit was and what to do. It is kept per thread and
 * read back with shm_error_detail(). Success never touches it. Both calls return -1, so that a
 * failing path reads `return shm_fail(EINVAL, "...")`.
 */
#ifndef LIBSHM_FAIL_H
#define LIBSHM_FAIL_H

/* Records `error` and a text that lives as long as the program (no copy: cheap on hot paths). */
int shm_fail(int error, const char *text);

/* The same with a text to be formatted; longer texts than 511 bytes are cut. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
int shm_failf(int error, const char *format, ...);

#endif
