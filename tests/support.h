/*
 * What the tests of the public interface share. No Check in here: plain programs use it too.
 */
#ifndef LIBSHM_TESTS_SUPPORT_H
#define LIBSHM_TESTS_SUPPORT_H

#include <stdbool.h>
#include <sys/types.h>

#include "libshm/shm.h"

enum { TEST_KEYS = 32, NOBODY = 65534 };

/* To be called once, before the first fork. */
void support_start(void);

/* Keys 0 to TEST_KEYS - 1 of this test program, derived from its process id. */
key_t test_key(int number);

/* Notes an object without such a key, so that it is removed as well; passes NULL on. */
struct shm_memory *noted_memory(struct shm_memory *m);
struct shm_semaphore *noted_semaphore(struct shm_semaphore *s);

/* Removes everything under the test's keys and everything noted, whichever process made it. */
void remove_leftovers(void);

/*
 * Waiting for a state: for (double end = deadline(); !(state);) CHECK(nap_before(end));
 * A millisecond each; false when the five seconds are over.
 */
double deadline(void);
double seconds_now(void);
bool nap_before(double end);

/*
 * LIBSHM_TEST_SCALE=N in the environment: loops of kills, races and random numbers run an N-th of
 * their rounds, one at least. For sanitizers and emulators, under which each round takes long.
 */
int test_scale(void);
int scaled(int rounds);

/* Children. The body's result is the exit status; 30 seconds later an alarm ends the child. */
typedef int child_body(void *context);
pid_t child_start(child_body *body, void *context);
int child_end(pid_t pid); /* the exit status, or 128 + the signal */
int child_run(child_body *body, void *context);

/* In a child: says what was not so, and gives up. */
#define CHILD_EXPECT(condition)                                                                \
    do {                                                                                       \
        if (!(condition))                                                                      \
            return child_complain(__FILE__, __LINE__, #condition);                             \
    } while (0)
int child_complain(const char *file, int line, const char *condition);

/* Effective user and group become NOBODY, without other groups. Needs root. */
bool become_nobody(void);

/* Is this root? If not, prints what is left out. */
bool have_root(const char *left_out);

#endif
