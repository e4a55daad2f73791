/*
 * A message queue whose shared bytes change under the processes that use it: between calls, while another
 * thread sleeps in one, and before a child is killed in one. Calls may fail in any way but a signal or a
 * hang, write nothing but what they say they have received, and a removal leaves nothing.
 */
#include "config.h"

#include <limits.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "posix/posix_queue_format.h"
#include "tests/backend_files.h"
#include "tests/backend_support.h"
#include "tests/fuzz/fuzz_file.h"

enum { KEY = 0x9e75, MOST_ACTS = 24, TIMEOUT_MS = 2, PAGE = 4096, PLACE = 4 * PAGE };

struct world {
    struct fuzz_file file;
    int id;
    int calls;               /* that this input may still make */
    struct px_header header; /* as it was made */
};

/*
 * Bytes of the caller's, behind which nobody may write.
 */

static unsigned char *place, *place_aside; /* their ends */

static unsigned char *make_place(void)
{
    unsigned char *bytes =
        mmap(NULL, PLACE + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    EXPECT(bytes != MAP_FAILED);
    EXPECT_OK(mprotect(bytes + PLACE, PAGE, PROT_NONE));
    return bytes + PLACE;
}

static void *last_bytes(size_t size)
{
    return place - size;
}

/*
 * The world of one input.
 */

static void set_areas(struct fuzz_file *f)
{
    const size_t starts[] = {
        0,
        PX_CONTROL_OFFSET,
        PX_CONTROL_OFFSET + offsetof(struct px_control, rows_extra),
        PX_CONTROL_OFFSET + offsetof(struct px_control, redo),
        PX_QUEUE_OFFSET + offsetof(struct px_queue, tail),
        PX_QUEUE_OFFSET + offsetof(struct px_queue, head),
        PX_QUEUE_OFFSET + offsetof(struct px_queue, room),
        PX_QUEUE_OFFSET + offsetof(struct px_queue, free),
        f->layout.rows_offset,
        f->layout.waiters_offset,
        f->layout.slots_offset,
        f->layout.slots_offset + PX_QUEUE_SLOTS * sizeof(uint64_t),
        f->layout.blocks_offset,
    };

    f->count = sizeof starts / sizeof *starts;
    memcpy(f->areas, starts, sizeof starts);
}

/* Each may look at every slot of a ring. */
enum { MOST_SLEEPERS = FUZZING ? 0 : INT_MAX };

static void make_queue(struct world *w)
{
    px_queue_layout(&w->file.layout);
    set_areas(&w->file);
    w->file.most_sleepers = MOST_SLEEPERS;
    w->id = (int)EXPECT_OK(shm_backend_msgget(KEY, LIBSHM_IPC_CREAT | LIBSHM_IPC_EXCL | 0600));
    fuzz_file_open(&w->file, "q", w->id);
    memcpy(&w->header, w->file.bytes, sizeof w->header);
}

static int has_file(int id)
{
    char path[FILE_PATH_SIZE];

    file_path(path, "q", (unsigned)id);
    return access(path, F_OK) == 0;
}

/* Whatever else is in its file: a queue can be removed, and then nothing of it is left. */
static void end_queue(struct world *w)
{
    fuzz_aside_await();
    int there = has_file(w->id);
    if (there)
        memcpy(w->file.bytes, &w->header, sizeof w->header);
    if (there && remove_queue(w->id) != 0)
        fuzz_finding("a queue cannot be removed");
    if (remove_files() != 0 && there)
        fuzz_finding("a removed queue leaves a file");
    fuzz_file_close(&w->file);
}

/*
 * Acts that change bytes.
 */

static void fill_blocks(void *world, struct fuzz_input *input)
{
    struct fuzz_file *f = world;
    size_t stride = sizeof(struct px_block);

    fuzz_file_fill(f, f->layout.blocks_offset + fuzz_byte(input) % 16 / 4 * 4, stride, input);
}

/* The ring that the tail then says is in use, with messages that may be any blocks. */
static void fill_ring(void *world, struct fuzz_input *input)
{
    struct world *w = world;
    struct px_queue *q = (void *)(w->file.bytes + PX_QUEUE_OFFSET);
    unsigned how = fuzz_byte(input), first = fuzz_short(input), count = fuzz_short(input);
    uint32_t number = fuzz_short(input), step = fuzz_byte(input);
    uint64_t ring = how & 1 ? PX_TAIL_RING : 0, given = how & 2 ? PX_SLOT_GIVEN : 0;
    size_t at = w->file.layout.slots_offset + (ring ? PX_QUEUE_SLOTS * sizeof(uint64_t) : 0);

    for (uint64_t t = first; t < (uint64_t)first + count; t++, number += step) {
        uint64_t slot = px_slot(t, number & ((1u << PX_NUMBER_BITS) - 1)) | given;
        fuzz_file_store(&w->file, at + t % PX_QUEUE_SLOTS * sizeof slot, &slot, sizeof slot);
    }
    if (how & 4)
        PX_PUT(q->tail, px_slot((uint64_t)first + count, 0) | ring);
    if (how & 8)
        PX_PUT(q->head, first);
    if (how & 16)
        PX_PUT(q->room, px_room_of(how >> 5, 0));
}

static void look(int id)
{
    struct shm_backend_msqid_ds ds;

    shm_backend_msgctl(id, LIBSHM_IPC_STAT, &ds);
}

static void open_anew(void *world, struct fuzz_input *input)
{
    struct world *w = world;

    (void)input;
    fuzz_file_open_anew(&w->file, look, w->id);
}

/*
 * Calls
 */

struct call {
    int id, sends, flags;
    long type;
    size_t size; /* of the message, or of the room for one */
    long milliseconds;
};

static const int repeats[] = {1, 1, 1, 2, 10, 60, 300, 2000};

static size_t some_size(unsigned which, struct fuzz_input *input)
{
    static const size_t sizes[] = {0,       1, 100, PX_BLOCK_BYTES + 1, 2000, LIBSHM_MSGMAX,
                                   SIZE_MAX};

    return which % 8 < 7 ? sizes[which % 8] : fuzz_short(input) % (PLACE - sizeof(long));
}

static long some_type(struct fuzz_input *input)
{
    static const long types[] = {0, 1, 2, 3, -1, -2, -3, LONG_MIN, LONG_MAX};
    unsigned which = fuzz_byte(input);

    return which < sizeof types / sizeof *types ? types[which] : (long)fuzz_number(input);
}

static struct call some_call(const struct world *w, int sends, unsigned how,
                             struct fuzz_input *input)
{
    static const int flags[] = {0, LIBSHM_MSG_NOERROR, LIBSHM_MSG_EXCEPT, LIBSHM_MSG_COPY};
    struct call call = {.id = w->id, .sends = sends, .milliseconds = how & 1 ? TIMEOUT_MS : 0};

    call.size = some_size(how >> 2, input);
    call.type = some_type(input);
    if (!sends)
        call.flags = flags[fuzz_byte(input) % 4] | (how & 2 ? LIBSHM_IPC_NOWAIT : 0);
    return call;
}

/* No message is longer, whatever size the call is told. */
static size_t bytes_of(const struct call *call)
{
    return call->size < PLACE - sizeof(long) ? call->size : LIBSHM_MSGMAX;
}

static int send_it(const struct call *call, unsigned char *end, const struct timespec *timeout)
{
    unsigned char *message = end - sizeof(long) - bytes_of(call);

    memcpy(message, &call->type, sizeof call->type);
    return shm_backend_msgtimedsnd(call->id, message, call->size, call->flags, timeout);
}

static int receive_it(const struct call *call, unsigned char *end,
                      const struct timespec *timeout)
{
    enum { UNTOUCHED = 0xa5 };
    size_t most = bytes_of(call);
    unsigned char *message = end - sizeof(long) - most;

    memset(message, UNTOUCHED, sizeof(long) + most);
    ssize_t n = shm_backend_msgtimedrcv(call->id, message, call->size, call->type, call->flags,
                                        timeout);
    if (n > (ssize_t)most)
        fuzz_finding("more has been received than there was room for");
    for (unsigned char *at = message + (n < 0 ? 0 : sizeof(long) + (size_t)n); at < end; at++)
        if (*at != UNTOUCHED)
            fuzz_finding("more has been written than was received");
    return n < 0 ? -1 : 0;
}

static int make_call(const struct call *call, unsigned char *end)
{
    const struct timespec timeout = {.tv_nsec = call->milliseconds * 1000000};

    return call->sends ? send_it(call, end, &timeout) : receive_it(call, end, &timeout);
}

/*
 * Acts that are calls.
 */

/* On a scribbled queue each may look at every slot of a ring. */
enum { MOST_CALLS = 6000, PRICE_WHEN_SCRIBBLED = 200 };

static int may_call(struct world *w)
{
    w->calls -= w->file.changed ? PRICE_WHEN_SCRIBBLED : 1;
    return w->calls >= 0;
}

static void make_calls(struct world *w, int sends, struct fuzz_input *input)
{
    unsigned how = fuzz_byte(input);
    struct call call = some_call(w, sends, how, input);
    int left = repeats[how >> 5];

    while (left-- > 0 && may_call(w) && make_call(&call, place) == 0)
        continue;
}

static void send_some(void *world, struct fuzz_input *input)
{
    make_calls(world, 1, input);
}

static void receive_some(void *world, struct fuzz_input *input)
{
    make_calls(world, 0, input);
}

static struct call sleeper;

static void sleep_now(void)
{
    (void)make_call(&sleeper, place_aside);
}

static void sleep_aside(void *world, struct fuzz_input *input)
{
    unsigned how = fuzz_byte(input);

    fuzz_aside_await();
    sleeper = some_call(world, how >> 6 & 1, how | 1, input);
    fuzz_aside_begin();
    if (how & 128)
        usleep(200);
}

/*
 * A child that makes calls until it is killed, unless it is through before.
 */

struct life {
    struct call call;
    int calls;
};

static _Atomic int *calls_made;

static void live(void *life)
{
    const struct life *l = life;

    for (int i = 0; i < l->calls; i++) {
        (void)make_call(&l->call, place);
        atomic_fetch_add(calls_made, 1);
    }
}

static void in_a_child(void *world, struct fuzz_input *input)
{
    unsigned how = fuzz_byte(input);
    int kills = how >> 7 & 1;
    struct life life = {some_call(world, how >> 6 & 1, how, input), kills ? INT_MAX : 4};

    fuzz_aside_await();
    atomic_store(calls_made, 0);
    pid_t pid = start(live, &life);
    while (kills && atomic_load(calls_made) < (int)(how >> 5 & 1) * 4)
        usleep(50);
    if (kills)
        kill(pid, SIGKILL);
    int status = reap(pid);
    if (status != 0 && !(kills && status == 128 + SIGKILL))
        fuzz_finding("a child has not come to its end");
}

/*
 * msgctl and the rest
 */

static void stat_it(void *world, struct fuzz_input *input)
{
    static const int commands[] = {LIBSHM_IPC_STAT, LIBSHM_MSG_STAT, LIBSHM_MSG_STAT_ANY};
    struct world *w = world;
    struct shm_backend_msqid_ds *ds = last_bytes(sizeof *ds);
    unsigned which = fuzz_byte(input);

    shm_backend_msgctl(which % 3 ? (int)(which / 3) - 1 : w->id, commands[which % 3], ds);
}

static void set_it(void *world, struct fuzz_input *input)
{
    struct world *w = world;
    struct shm_backend_msqid_ds *ds = last_bytes(sizeof *ds);
    unsigned how = fuzz_byte(input);

    if (shm_backend_msgctl(w->id, LIBSHM_IPC_STAT, ds) != 0)
        memset(ds, 0, sizeof *ds);
    ds->perm.mode = how & 1 ? 0600 : how & 0777;
    if (how & 2)
        ds->qbytes = fuzz_number(input);
    shm_backend_msgctl(w->id, LIBSHM_IPC_SET, ds);
}

static void remove_it(void *world, struct fuzz_input *input)
{
    struct world *w = world;

    (void)input;
    if (remove_queue(w->id) == 0 && has_file(w->id))
        fuzz_finding("a queue that was removed is still there");
}

static void remove_and_make(void *world, struct fuzz_input *input)
{
    remove_it(world, input);
    end_queue(world);
    make_queue(world);
}

/* It may be another one than the harness's: nobody has written into that. */
static void get_it(const struct world *w, int flags)
{
    int id = shm_backend_msgget(KEY, flags);

    if (id >= 0 && id != w->id && (flags & LIBSHM_IPC_CREAT) && remove_queue(id) != 0)
        fuzz_finding("a new queue cannot be removed");
}

static void look_around(void *world, struct fuzz_input *input)
{
    struct shm_backend_msginfo *info = last_bytes(sizeof *info);
    int *ids = last_bytes(4 * sizeof *ids);
    unsigned which = fuzz_byte(input);

    switch (which % 8) {
    case 0:
    case 1:
        shm_backend_msgctl(0, which % 8 ? LIBSHM_MSG_INFO : LIBSHM_IPC_INFO, info);
        break;
    case 2:
        shm_backend_msg_list(ids, 4);
        break;
    case 3:
        collect_debris();
        break;
    case 4:
        get_it(world, LIBSHM_IPC_CREAT | 0600);
        break;
    default:
        get_it(world, 0);
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_start();
    place = make_place();
    place_aside = make_place();
    calls_made = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT(calls_made != MAP_FAILED);
    fuzz_aside_start(sleep_now);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static fuzz_act *const acts[] = {
        send_some,       receive_some,        fuzz_patch,
        fuzz_patch_word, fuzz_flip_bit,       fuzz_fill_waiters,
        fuzz_fill_rows,  fill_blocks,         fill_ring,
        open_anew,       fuzz_keep_row_alive, sleep_aside,
        in_a_child,      fuzz_nudge,          stat_it,
        set_it,          remove_it,           remove_and_make,
        look_around,     send_some,           receive_some,
    };
    struct fuzz_input input = {data, data + size};
    struct world w = {.calls = MOST_CALLS};

    make_queue(&w);
    fuzz_run(&w, &input, acts, sizeof acts / sizeof *acts, MOST_ACTS);
    end_queue(&w);
    return 0;
}
