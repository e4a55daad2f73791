#include "config.h"

#include "posix/posix_get.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "libshm/fail.h"
#include "posix/posix_key.h"
#include "posix/posix_life.h"
#include "posix/posix_limits.h"
#include "posix/posix_list.h"
#include "posix/posix_perm.h"
#include "posix/posix_process.h"

/* What one look at a key says beside an id (>= 0) and a failure (-1). */
enum { LOOK_AGAIN = -2, LOOK_LATER = -3, COUNT_FIRST = -4 };

/* 20 us, 40 us, ... 5 ms: creations take microseconds, unless they reserve gigabytes. */
void px_pause(unsigned attempt)
{
    long microseconds = attempt < 8 ? 20L << attempt : 5000;
    struct timespec t = {.tv_nsec = microseconds * 1000};
    nanosleep(&t, NULL);
}

static unsigned wanted_rights(int flags)
{
    return (unsigned)(flags | flags >> 3 | flags >> 6) & 7;
}

/* The order of these checks is the kernel's: semantics.md, section 0. */
static int check_existing(const struct px_request *r, const struct px_binding *b, int granted)
{
    const int exclusive = LIBSHM_IPC_CREAT | LIBSHM_IPC_EXCL;
    if ((r->flags & exclusive) == exclusive)
        return shm_failf(EEXIST, "a %s with the key %#x exists", px_noun(r->kind),
                         (unsigned)r->key);
    if (r->size > b->size)
        return shm_failf(EINVAL, "%llu %s wanted, but the %s of key %#x has %llu",
                         (unsigned long long)r->size,
                         r->kind == PX_SEGMENT ? "bytes" : "semaphores", px_noun(r->kind),
                         (unsigned)r->key, (unsigned long long)b->size);
    if (!granted)
        return shm_failf(EACCES, "the permissions of the %s of key %#x refuse what was asked",
                         px_noun(r->kind), (unsigned)r->key);
    return b->id;
}

static int cleared_or_later(int result)
{
    if (result == 0)
        return LOOK_AGAIN;
    return errno == EAGAIN ? LOOK_LATER : -1;
}

static int foreign(const struct px_request *r)
{
    return shm_failf(EINVAL, "what the key %#x names in %s is not its %s of this format",
                     (unsigned)r->key, px_store_folder(), px_noun(r->kind));
}

/* The key is bound to `b`; its file may be anything by now. */
static int examine(const struct px_request *r, const struct px_binding *b)
{
    struct px_object o;
    if (px_object_open_any(&o, r->kind, b->id, PX_BEST) != 0) {
        if (errno == ENOENT)
            return cleared_or_later(px_life_clear_dangling(r->kind, (uint32_t)r->key, b));
        if (errno == EACCES)
            return check_existing(r, b, wanted_rights(r->flags) == 0);
        return errno == EBADMSG
                   ? foreign(r)
                   : shm_failf(errno, "the %s of key %#x in %s cannot be looked at: %s%s",
                               px_noun(r->kind), (unsigned)r->key, px_store_folder(),
                               strerror(errno), px_store_advice(errno));
    }
    int result;
    if (o.header.magic && (o.header.key != (int32_t)r->key || o.header.size != b->size))
        result = foreign(r);
    else if (o.header.state != PX_LIVE)
        result = cleared_or_later(px_life_clear(&o));
    else
        result = check_existing(r, b, px_perm_grants(&o, wanted_rights(r->flags)));
    px_object_close(&o);
    return result;
}

static int create(const struct px_request *r, const struct px_refusal *refused, int counted)
{
    if (refused->error)
        return shm_fail(refused->error, refused->text);
    if (!counted && px_limit_is_set(px_limit_of(r->kind)))
        return COUNT_FIRST;
    int id = px_life_create(r);
    int lost_race = id < 0 && errno == EEXIST && r->key != LIBSHM_IPC_PRIVATE;
    return lost_race ? LOOK_AGAIN : id;
}

static int look(const struct px_request *r, const struct px_refusal *refused, int counted)
{
    struct px_binding binding;
    if (r->key == LIBSHM_IPC_PRIVATE)
        return create(r, refused, counted);
    if (px_key_read(r->kind, (uint32_t)r->key, &binding) == 0)
        return examine(r, &binding);
    if (errno != ENOENT)
        return shm_failf(errno, "the link of key %#x in %s is not one of this format: %s",
                         (unsigned)r->key, px_store_folder(), strerror(errno));
    if (!(r->flags & LIBSHM_IPC_CREAT))
        return shm_failf(ENOENT, "no %s has the key %#x", px_noun(r->kind), (unsigned)r->key);
    return create(r, refused, counted);
}

static int look_locked(const struct px_request *r, const struct px_refusal *refused,
                       int counted)
{
    struct px_mask old;
    px_store_lock(&old);
    int result = look(r, refused, counted);
    px_store_unlock(&old);
    return result;
}

/*
 * Without a lock, since it allocates. Whoever is refused by it looks at the key once more: the last object
 * that there was place for may have been made under it meanwhile.
 */
static int count(enum px_kind kind, struct px_refusal *refused)
{
    enum px_limit limit = px_limit_of(kind);
    int reached = px_list_reaches(kind, px_limit(limit));
    if (reached == 1)
        *refused = (struct px_refusal){ENOSPC, px_limit_text(limit)};
    return reached < 0 ? -1 : 0;
}

int px_get(const struct px_request *r, const struct px_refusal *new_refused)
{
    struct px_refusal refused = *new_refused;
    int first_error = errno, counted = 0;
    if (px_store_check() != 0)
        return -1;
    for (unsigned attempt = 0;; attempt++) {
        int result = look_locked(r, &refused, counted);
        if (result >= 0)
            errno = first_error;
        if (result >= -1)
            return result;
        if (result == LOOK_LATER)
            px_pause(attempt);
        refused = *new_refused;
        counted = result == COUNT_FIRST;
        if (counted && count(r->kind, &refused) != 0)
            return -1;
    }
}
