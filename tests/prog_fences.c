/*
 * Streaming stores are fenced, whatever the machine: a processor that lets them overtake others
 * only rarely hides a missing fence from prog_arrays_torn. So the instructions of each way of writing
 * are read as they are executed: a version is announced before its first streaming store and
 * published after its last, both times with an instruction between them that orders the two.
 */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>

#include "libshm/arrays_private.h"
#include "tests/backend_support.h"
#include "tests/step_trace.h"

extern size_t shm_arrays_stream_threshold;

enum { SKIP = 77, ARRAYS = 2, COUNT = 65 };

/* Where the victim has the two words that every update stores; for the launcher. */
static struct words {
    uintptr_t begun, version;
} * words;

static struct shm_arrays *own, *mine; /* the other's handle, and the victim's */
static double numbers[ARRAYS][COUNT], results[ARRAYS][COUNT];
static const void *const data[ARRAYS] = {numbers[0], numbers[1]};
static void *const out[ARRAYS] = {results[0], results[1]};

/*
 * The calls.
 */

static void make_set(void)
{
    static const size_t shape = COUNT;
    struct shm_array_spec specs[ARRAYS];

    for (int i = 0; i < ARRAYS; i++)
        specs[i] = (struct shm_array_spec){
            .key = i, .dtype = LIBSHM_FLOAT64, .ndim = 1, .shape = &shape};
    own = shm_arrays_create(specs, ARRAYS, NULL, 0600);
    EXPECT(own);
    step_board->key = shm_arrays_root(own);
}

static void end_set(void)
{
    EXPECT_OK(shm_arrays_remove(own));
    EXPECT_OK(shm_arrays_close(own));
}

static void attach_set(void)
{
    shm_arrays_stream_threshold = 0;
    mine = shm_arrays_attach(step_board->key);
    EXPECT(mine);
    EXPECT_INT(mine->npartitions, 1);
    words->begun = (uintptr_t)&mine->partitions->header->begun;
    words->version = (uintptr_t)&mine->partitions->header->version;
}

static void write_arrays(void)
{
    EXPECT_OK(shm_arrays_write(mine, data));
}

static void update(void)
{
    EXPECT_OK(shm_arrays_update(mine, LIBSHM_ADD, 0, data, NULL));
}

static void update_and_return(void)
{
    EXPECT_OK(shm_arrays_update(mine, LIBSHM_AXPY, 0.5, data, out));
}

/*
 * The instructions.
 */

enum meaning { OTHER, STREAMS, ORDERS };

static bool is_prefix(unsigned char byte)
{
    return byte == 0x66 || byte == 0xf2 || byte == 0xf3 || (byte >= 0x40 && byte <= 0x4f);
}

/* MOVNTDQ, MOVNTPS and MOVNTPD, MOVNTI; SFENCE and MFENCE: behind the byte 0f. */
static enum meaning meaning_of_two(const unsigned char *code)
{
    if (code[0] == 0xe7 || code[0] == 0x2b || code[0] == 0xc3)
        return STREAMS;
    return code[0] == 0xae && (code[1] == 0xf8 || code[1] == 0xf0) ? ORDERS : OTHER;
}

/* Those that AVX encodes begin with c4 or c5, in 32-byte registers and others. */
static enum meaning meaning_of(const unsigned char *code)
{
    while (is_prefix(*code))
        code++;
    switch (*code) {
    case 0xf0: /* LOCK */
        return ORDERS;
    case 0x0f:
        return meaning_of_two(code + 1);
    case 0xc5:
        return meaning_of_two(code + 2) == STREAMS ? STREAMS : OTHER;
    case 0xc4:
        return meaning_of_two(code + 3) == STREAMS ? STREAMS : OTHER;
    default:
        return OTHER;
    }
}

static long word_of(pid_t victim, unsigned long address)
{
    errno = 0;
    long word = ptrace(PTRACE_PEEKDATA, victim, (void *)address, NULL);
    EXPECT_INT(errno, 0);
    return word;
}

static enum meaning next_meaning(pid_t victim, unsigned long address)
{
    unsigned char code[2 * sizeof(long)] = {0};
    long word = word_of(victim, address);

    memcpy(code, &word, sizeof word);
    errno = 0; /* the instruction may be the last of its page */
    word = ptrace(PTRACE_PEEKDATA, victim, (void *)(address + sizeof word), NULL);
    if (errno == 0)
        memcpy(code + sizeof word, &word, sizeof word);
    return meaning_of(code);
}

/* What the victim has done so far. */
static struct seen {
    long begun, version;
    bool started, announced, streamed; /* the latter two: since anything ordered stores */
    int announcements, publications, streams;
} seen;

static void see_words(pid_t victim)
{
    long begun = word_of(victim, words->begun), version = word_of(victim, words->version);

    if (seen.started && begun != seen.begun) {
        seen.announced = true;
        seen.announcements++;
    }
    if (seen.started && version != seen.version) {
        EXPECT(!seen.streamed);
        seen.publications++;
    }
    seen.begun = begun;
    seen.version = version;
    seen.started = true;
}

static void look(pid_t victim, unsigned long address)
{
    see_words(victim);
    switch (next_meaning(victim, address)) {
    case STREAMS:
        EXPECT(seen.announcements == 1 && !seen.announced);
        seen.streamed = true;
        seen.streams++;
        break;
    case ORDERS:
        seen.announced = seen.streamed = false;
        break;
    case OTHER:
        break;
    }
}

static const struct step_case cases[] = {
    {.name = "write",
     .begin = make_set,
     .ready = attach_set,
     .call = write_arrays,
     .end = end_set},
    {.name = "update", .begin = make_set, .ready = attach_set, .call = update, .end = end_set},
    {.name = "update, result returned",
     .begin = make_set,
     .ready = attach_set,
     .call = update_and_return,
     .end = end_set},
};

int main(void)
{
    announce();
    if (!step_is_possible())
        return SKIP;
    words =
        mmap(NULL, sizeof *words, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT(words != MAP_FAILED);
    step_start();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        seen = (struct seen){.streams = 0};
        step_watch(&cases[i], look);
        printf("%s: %d announcement, %d streaming stores, %d publication\n", cases[i].name,
               seen.announcements, seen.streams, seen.publications);
        EXPECT(seen.announcements == 1 && seen.publications == 1);
        EXPECT(seen.streams >= ARRAYS * COUNT * (int)sizeof(double) / 64 * 4);
    }
    step_stop();
    return 0;
}
