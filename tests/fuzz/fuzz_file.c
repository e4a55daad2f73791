#include "config.h"

#include "tests/fuzz/fuzz_file.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/backend_files.h"
#include "tests/backend_support.h"

enum { MOST_BYTES = 32 };

void fuzz_file_open(struct fuzz_file *f, const char *type, int id)
{
    char path[FILE_PATH_SIZE];

    file_path(path, type, (unsigned)id);
    f->alive_row = 0;
    f->changed = 0;
    f->fd = (int)EXPECT_OK(open(path, O_RDWR));
    f->bytes = mmap(NULL, f->layout.file_size, PROT_READ | PROT_WRITE, MAP_SHARED, f->fd, 0);
    EXPECT(f->bytes != MAP_FAILED);
}

void fuzz_file_close(struct fuzz_file *f)
{
    const uint32_t dead = PX_DEAD;

    memcpy(f->bytes + offsetof(struct px_header, state), &dead, sizeof dead);
    munmap(f->bytes, f->layout.file_size);
    close(f->fd);
}

/* What a walk past all of them may take is the object's to limit; tracing makes that longer. */
static void let_few_sleep(const struct fuzz_file *f)
{
    struct px_control *control = (void *)(f->bytes + PX_CONTROL_OFFSET);

    if (PX_GET(control->waiters_extra) > f->most_sleepers)
        PX_PUT(control->waiters_extra, f->most_sleepers);
}

/* A living process may keep the lock as long as it likes: that is no finding. */
static void let_the_living_go(const struct fuzz_file *f)
{
    struct px_control *control = (void *)(f->bytes + PX_CONTROL_OFFSET);

    if (f->alive_row && px_lock_row(PX_GET(control->lock)) == f->alive_row)
        PX_PUT(control->lock, 0);
}

void fuzz_file_store(struct fuzz_file *f, size_t at, const void *bytes, size_t size)
{
    if (at < f->layout.file_size && size <= f->layout.file_size - at)
        memcpy(f->bytes + at, bytes, size);
    f->changed = 1;
    let_few_sleep(f);
    let_the_living_go(f);
}

void fuzz_file_open_anew(struct fuzz_file *f, void (*look)(int id), int id)
{
    const size_t at = offsetof(struct px_header, state);
    uint32_t state, dead = PX_DEAD;

    fuzz_aside_await();
    memcpy(&state, f->bytes + at, sizeof state);
    fuzz_file_store(f, at, &dead, sizeof dead);
    look(id);
    fuzz_file_store(f, at, &state, sizeof state);
}

void fuzz_file_fill(struct fuzz_file *f, size_t at, size_t stride, struct fuzz_input *input)
{
    size_t first = fuzz_short(input), count = fuzz_short(input);
    uint32_t number = (uint32_t)fuzz_number(input), step = (uint32_t)fuzz_byte(input);

    for (size_t i = 0; i < count; i++, number += step)
        fuzz_file_store(f, at + (first + i) * stride, &number, sizeof number);
}

/*
 * Acts
 */

void fuzz_patch(void *file, struct fuzz_input *input)
{
    struct fuzz_file *f = file;
    unsigned char bytes[MOST_BYTES];
    size_t at = f->areas[fuzz_byte(input) % f->count];

    at += fuzz_short(input);
    fuzz_file_store(f, at, bytes, fuzz_bytes(input, bytes, sizeof bytes));
}

void fuzz_patch_word(void *file, struct fuzz_input *input)
{
    struct fuzz_file *f = file;
    unsigned which = fuzz_byte(input);
    size_t at = f->areas[which % f->count] + 4 * (size_t)fuzz_byte(input);
    uint64_t number = fuzz_number(input);

    fuzz_file_store(f, at, &number, which & 8 ? 8 : 4);
}

void fuzz_flip_bit(void *file, struct fuzz_input *input)
{
    struct fuzz_file *f = file;
    size_t at = f->areas[fuzz_byte(input) % f->count], bit = fuzz_short(input);

    at += bit / 8;
    if (at >= f->layout.file_size)
        return;
    unsigned char byte = (unsigned char)(f->bytes[at] ^ 1u << bit % 8);
    fuzz_file_store(f, at, &byte, 1);
}

void fuzz_fill_waiters(void *file, struct fuzz_input *input)
{
    struct fuzz_file *f = file;
    size_t stride = sizeof(struct px_waiter);

    fuzz_file_fill(f, f->layout.waiters_offset + fuzz_byte(input) % stride / 4 * 4, stride,
                   input);
}

void fuzz_fill_rows(void *file, struct fuzz_input *input)
{
    struct fuzz_file *f = file;
    size_t stride = f->layout.row_stride;

    fuzz_file_fill(f, f->layout.rows_offset + fuzz_byte(input) % stride / 4 * 4, stride, input);
}

/* 0; where locks belong to processes, this one's would keep nobody out. */
static int lock_byte(int fd, off_t byte)
{
#ifdef HAVE_OFD_LOCKS
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1};

    return fcntl(fd, F_OFD_SETLK, &lock);
#else
    (void)fd, (void)byte;
    return -1;
#endif
}

void fuzz_keep_row_alive(void *file, struct fuzz_input *input)
{
    struct fuzz_file *f = file;

    if (f->alive_row)
        return;
    f->alive_row = 2 + fuzz_byte(input) % 4;
    if (lock_byte(f->fd, (off_t)f->alive_row) != 0)
        f->alive_row = 0;
    let_the_living_go(f);
}

/* As the kernel has it; where sleepers look for themselves, there is nothing to do. */
static void wake_one(_Atomic uint32_t *word)
{
#ifdef SYS_futex
    enum { WAKE = 1 };

    syscall(SYS_futex, word, WAKE, 1, NULL, NULL, 0);
#else
    (void)word;
#endif
}

void fuzz_nudge(void *file, struct fuzz_input *input)
{
    struct fuzz_file *f = file;
    struct px_waiter *waiters = (void *)(f->bytes + f->layout.waiters_offset);

    (void)input;
    for (int i = 0; i < 4; i++)
        wake_one(&waiters[i].state);
    usleep(100);
}

/*
 * The thread
 */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int busy;
    void (*call)(void);
} aside = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static void *call_when_asked(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&aside.lock);
    for (;;) {
        while (!aside.busy)
            pthread_cond_wait(&aside.changed, &aside.lock);
        pthread_mutex_unlock(&aside.lock);
        aside.call();
        pthread_mutex_lock(&aside.lock);
        aside.busy = 0;
        pthread_cond_broadcast(&aside.changed);
    }
    return NULL;
}

void fuzz_aside_start(void (*call)(void))
{
    pthread_t thread;

    aside.call = call;
    if (pthread_create(&thread, NULL, call_when_asked, NULL) != 0)
        fuzz_finding("no thread for calls aside");
}

void fuzz_aside_begin(void)
{
    pthread_mutex_lock(&aside.lock);
    aside.busy = 1;
    pthread_cond_broadcast(&aside.changed);
    pthread_mutex_unlock(&aside.lock);
}

void fuzz_aside_await(void)
{
    pthread_mutex_lock(&aside.lock);
    while (aside.busy)
        pthread_cond_wait(&aside.changed, &aside.lock);
    pthread_mutex_unlock(&aside.lock);
}
