/*
 * What the fuzzing harnesses share. A harness is one file fuzz_NAME.c; linked with libFuzzer it
 * searches, linked with fuzz_replay.c it tries the committed inputs and is a test as any other.
 *
 * An input is a program: each step begins with a byte that chooses an act, and the act takes
 * its arguments from the bytes behind it. What is missing at the end reads as zero.
 */
#ifndef LIBSHM_TESTS_FUZZ_H
#define LIBSHM_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

struct fuzz_input {
    const uint8_t *at, *end;
};

/* The entry points that libFuzzer knows by name. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Arguments of an act. A number is one that checks are likely to get wrong, or a plain one. */
unsigned fuzz_byte(struct fuzz_input *input);
unsigned fuzz_short(struct fuzz_input *input);
uint64_t fuzz_number(struct fuzz_input *input);

/* Up to `most` bytes of the input, copied; how many is an argument too. */
size_t fuzz_bytes(struct fuzz_input *input, void *to, size_t most);

/*
 * Once for a process: a namespace of its own, emptied at the end, and the watchdog: an act may
 * take a second of processor time, four where comparisons are traced, and ten altogether.
 */
void fuzz_start(void);

/* Says what is wrong and aborts: a finding, as a signal is one. */
_Noreturn void fuzz_finding(const char *text);

/* Runs one act after the other until the input or `most` acts are through. */
typedef void fuzz_act(void *world, struct fuzz_input *input);
void fuzz_run(void *world, struct fuzz_input *input, fuzz_act *const *acts, size_t count,
              int most);

/* Reads and writes bytes at both ends of `size` bytes, and one on each page between. */
void fuzz_touch(volatile unsigned char *bytes, size_t size, int writable);

#endif
