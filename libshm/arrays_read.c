/* Reading without a lock: copy, look whether a writer came near, else start again. */
#include "config.h"

#include <errno.h>

#include "libshm/arrays_publish.h"
#include "libshm/fail.h"
#include "libshm/racing_copy.h"

enum {
    /*
     * Bytes between two looks at `begun`. What the second cache holds, C libraries copy by an instruction that
     * takes twice as long where source and target are not aligned alike, on processors of AMD.
     */
    CHUNK = 2 * 1024 * 1024,
    ATTEMPTS = 8, /* before the lock is taken */
    PAUSED_ATTEMPTS = 200,
    LONGEST_PAUSE_NS = 1000000,
};

/* What is read of a partition: all arrays with an entry in `out`, or the one that is `only`. */
struct request {
    const struct shm_partition *p;
    void *const *out;
    const struct shm_array *only;
    void *to;
};

/* One attempt at it: the version it copies, and the bytes since it last looked. */
struct attempt {
    const struct shm_partition *p;
    uint64_t version;
    size_t unchecked;
};

/*
 * R2 for one array, with R3 and R4 after each chunk. Small arrays share a look. From its end: where the copy goes
 * to new memory in huge pages, Linux clears one in 0.1 ms less if its end is touched first. (model: R2)
 */
static bool copy_array(struct attempt *t, const struct shm_array *array, unsigned char *to)
{
    const unsigned char *base = (const unsigned char *)t->p->header;
    const unsigned char *from = base + array->offset[t->version & 1];
    for (size_t left = array->nbytes, n; left > 0; left -= n) {
        n = left;
        if (n > CHUNK - t->unchecked)
            n = CHUNK - t->unchecked;
        shm_racing_copy(to + left - n, from + left - n, n);
        t->unchecked += n;
        if (t->unchecked == CHUNK) {
            if (!shm_publish_is_whole(t->p, t->version))
                return false;
            t->unchecked = 0;
        }
    }
    return true;
}

static bool attempt(const struct request *r)
{
    struct attempt t = {.p = r->p, .version = shm_publish_current(r->p)};
    if (r->only)
        return copy_array(&t, r->only, r->to) && shm_publish_is_whole(r->p, t.version);
    for (size_t i = 0; i < r->p->narrays; i++) {
        void *to = r->out[r->p->arrays[i].index];
        if (to && !copy_array(&t, &r->p->arrays[i], to))
            return false;
    }
    return shm_publish_is_whole(r->p, t.version);
}

/*
 * Writers that follow each other closely win every race against a copy that takes longer than
 * an update does; the semaphore then gives the reader its turn. Under a view of this thread there
 * are no writers, and only scribbling into the segment leads here.
 */
static int read_locked(const struct request *r, struct shm_deadline *d)
{
    if (shm_view_check(r->p) < 0 || shm_lock_wait(r->p, d) < 0)
        return -1;
    bool whole = attempt(r);
    if (shm_lock_release(r->p) < 0)
        return -1;
    return whole ? 0
                 : shm_failf(EIO,
                             "partition %u changed under its lock: somebody writes into the "
                             "segment past this library",
                             (unsigned)r->p->checked.partition);
}

/* For those who may not take the lock. */
static int read_with_pauses(const struct request *r)
{
    struct timespec pause = {.tv_nsec = 1000};
    for (int i = 0; i < PAUSED_ATTEMPTS; i++) {
        if (attempt(r))
            return 0;
        nanosleep(&pause, NULL);
        if (pause.tv_nsec < LONGEST_PAUSE_NS)
            pause.tv_nsec *= 2;
    }
    return shm_failf(EAGAIN,
                     "partition %u is updated faster than it can be copied, and this user may "
                     "not take its lock: try again, or ask for write permission",
                     (unsigned)r->p->checked.partition);
}

static int read_request(const struct request *r, struct shm_deadline *d)
{
    if (shm_segment_check_live(r->p) < 0 || shm_hold_check(r->p) < 0)
        return -1;
    for (int i = 0; i < ATTEMPTS; i++)
        if (attempt(r))
            return 0;
    return r->p->read_only ? read_with_pauses(r) : read_locked(r, d);
}

int shm_read_partition(const struct shm_partition *p, void *const *out, struct shm_deadline *d)
{
    return read_request(&(struct request){.p = p, .out = out}, d);
}

static bool is_wanted(const struct shm_partition *p, void *const *out)
{
    for (size_t i = 0; i < p->narrays; i++)
        if (p->arrays[i].nbytes > 0 && out[p->arrays[i].index])
            return true;
    return false;
}

int shm_arrays_read(struct shm_arrays *a, void *const *out)
{
    struct shm_deadline d = shm_deadline_of(a);
    for (size_t i = 0; i < a->npartitions; i++)
        if (is_wanted(&a->partitions[i], out) &&
            shm_read_partition(&a->partitions[i], out, &d) < 0)
            return -1;
    return 0;
}

int shm_arrays_read_one(struct shm_arrays *a, size_t index, void *out)
{
    if (index >= a->count)
        return shm_failf(EINVAL, "array %zu was asked for, the set has %zu", index, a->count);
    const struct shm_array *array = a->arrays[index];
    const struct shm_partition *p = &a->partitions[array->partition];
    struct shm_deadline d = shm_deadline_of(a);
    return read_request(&(struct request){.p = p, .only = array, .to = out}, &d);
}
