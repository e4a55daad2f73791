/*
 * A call that meets the failure of one system call.
 *
 * For each case a clean run tells how often each function is used, what the call answers and
 * what the world looks like afterwards. Then each use fails once with each errno, in a process
 * of its own each. The call must fail and change nothing, or be successful and leave the same
 * as the clean run; and after a failure the same call again must do what the clean one did.
 */
#ifndef LIBSHM_TESTS_NTH_H
#define LIBSHM_TESTS_NTH_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "tests/nth_wrap.h"

struct nth_case {
    const char *name;
    const int *documented; /* errnos beside the one that was injected; ends with 0 */
    void (*prepare)(void); /* NULL: nothing */
    int (*call)(void);     /* the call and nothing else: 0, or -1 and errno */
    void (*tell)(void);    /* what it answered, by nth_say; NULL: nothing */
    void (*finish)(void);  /* handles are freed, helpers reaped; NULL: nothing */
    unsigned flags;
};

enum {
    NTH_PARTIAL = 1,  /* documented: what was done before the failure stays done */
    NTH_VARIES = 2,   /* the number of uses depends on other processes, or on time */
    NTH_GONE = 4,     /* after a failure part is gone: EIDRM says so, and the rest goes */
    NTH_EFFORT = 8,   /* it does what it can; another process's collection does the rest */
    NTH_FOREIGN = 32, /* the call is the C library's: without a sentence */
    NTH_WHOLE = 16,   /* munmap of whole mappings, of which nothing can fail: left out */
};

extern const struct nth_case nth_cases_shm[], nth_cases_sem[], nth_cases_msg[],
    nth_cases_queue[], nth_cases_memory[], nth_cases_semaphore[], nth_cases_arrays[];

#if defined(__GNUC__)
__attribute__((format(printf, 1, 2)))
#endif
void nth_say(const char *format, ...);

/* What is seen of the objects by another process: one line each, without ids and times. */
enum { NTH_WORLD_SIZE = 4096 };
void nth_world(char *text, size_t size);
void nth_wipe(void);

/*
 * The same for what the library does before main(): the program starts itself again and again.
 * True if all was well; adds to the number of failures injected.
 */
#define NTH_STARTUP "--startup"
enum { NTH_NOT_STRUCK = 3 };
bool nth_try_startup(bool all, long *tried);
int nth_startup_role(char **arguments);

/* What a process has. */
struct nth_process {
    char descriptors[256];
    int mappings; /* of segments */
    int looks; /* mappings of headers of removed ones: of what is attached, and of a few more */
    int sets;  /* mappings of sets and queues: the user-space backend keeps them open */
    long blocks, maps;
    unsigned long long signals; /* blocked ones */
};
void nth_look(struct nth_process *p);

#endif
