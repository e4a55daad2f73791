#include "config.h"

#include <errno.h>
#include <grp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libshm/queue.h"
#include "tests/support.h"

/* Shared with all children, because the one that makes an object may not be there to remove it.
 */
enum { PLACES = 256 };
static struct notes {
    atomic_int memories, semaphores;
    int shmids[PLACES], semids[PLACES];
} * notes;

static pid_t program;

void support_start(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    printf("backend: %s\n", shm_backend());
    program = getpid();
    notes =
        mmap(NULL, sizeof *notes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (notes == MAP_FAILED) {
        puts("no memory for notes");
        exit(99);
    }
}

key_t test_key(int number)
{
    return (key_t)(0x10000000u + (unsigned)program * TEST_KEYS + (unsigned)number);
}

struct shm_memory *noted_memory(struct shm_memory *m)
{
    int id;
    if (m && shm_memory_shmid(m, &id) == 0)
        notes->shmids[notes->memories++] = id;
    return m;
}

struct shm_semaphore *noted_semaphore(struct shm_semaphore *s)
{
    int id;
    if (s && shm_semaphore_semid(s, &id) == 0)
        notes->semids[notes->semaphores++] = id;
    return s;
}

void remove_leftovers(void)
{
    for (int i = 0; i < TEST_KEYS; i++) {
        int id = shm_getshmid(test_key(i));
        if (id >= 0)
            shm_remove_memory(id);
        id = shm_getmsqid(test_key(i));
        if (id >= 0)
            shm_remove_queue(id);
        id = shm_getsemid(test_key(i));
        if (id >= 0)
            shm_remove_semaphore(id);
    }
    while (notes->memories > 0)
        shm_remove_memory(notes->shmids[--notes->memories]);
    while (notes->semaphores > 0)
        shm_remove_semaphore(notes->semids[--notes->semaphores]);
}

double seconds_now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

double deadline(void)
{
    return seconds_now() + 5;
}

bool nap_before(double end)
{
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return seconds_now() < end;
}

int test_scale(void)
{
    const char *text = getenv("LIBSHM_TEST_SCALE");
    int scale = text ? atoi(text) : 1;
    return scale > 0 ? scale : 1;
}

int scaled(int rounds)
{
    int fewer = rounds / test_scale();
    return fewer > 0 ? fewer : 1;
}

pid_t child_start(child_body *body, void *context)
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        alarm(30);
        int status = body(context);
        fflush(stdout);
        _exit(status);
    }
    return pid;
}

int child_end(pid_t pid)
{
    int status;
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return 99;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int child_run(child_body *body, void *context)
{
    return child_end(child_start(body, context));
}

int child_complain(const char *file, int line, const char *condition)
{
    printf("%s:%d: in a child: not so: %s (errno %d, \"%s\")\n", file, line, condition, errno,
           shm_error_detail());
    return 1;
}

bool become_nobody(void)
{
    return setgroups(0, NULL) == 0 && setegid(NOBODY) == 0 && seteuid(NOBODY) == 0;
}

bool have_root(const char *left_out)
{
    if (geteuid() == 0)
        return true;
    printf("left out, because it needs root: %s\n", left_out);
    return false;
}
