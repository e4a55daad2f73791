/*
 * What the multi-process programs of the arrays share: separate programs, started by exec, that
 * know nothing of each other but a root key on their command line.
 */
#ifndef LIBSHM_TESTS_ARRAYS_PROGRAMS_H
#define LIBSHM_TESTS_ARRAYS_PROGRAMS_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "libshm/arrays.h"
#include "tests/support.h"

extern size_t shm_arrays_stream_threshold;

/* Ends the program, with what was not so. */
#define EXPECT(condition)                                                                      \
    do {                                                                                       \
        if (!(condition))                                                                      \
            expectation_failed(__FILE__, __LINE__, #condition);                                \
    } while (0)
_Noreturn void expectation_failed(const char *file, int line, const char *condition);

/* Runs this program again as ROLE with the key and a number; ended after 60 seconds. */
pid_t start_role(const char *role, key_t root, long number);

/*
 * The same with the program at this path. LIBSHM_TEST_EMULATOR, if set, is the path of the
 * emulator that these tests run under, one that takes "-0 NAME" as qemu does; it has to be run
 * by name for the new program as well.
 */
pid_t start_role_of(const char *program, const char *role, key_t root, long number);

/* Waits for such a process, and expects this exit status, or 128 + the signal. */
void end_role(pid_t pid, int expected);

/* The first of `count` numbers of uint64_t that is not `value`; `count` if all are. */
size_t first_other(const uint64_t *numbers, size_t count, uint64_t value);

#endif
