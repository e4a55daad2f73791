#include "config.h"

#include "posix/posix_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "libshm/fail.h"
#include "posix/posix_life.h"
#include "posix/posix_lock.h"
#include "posix/posix_process.h"

struct ids {
    enum px_kind kind;
    int *id;
    size_t count, capacity;
    int error; /* the first one */
};

/* A removed segment that nobody has attached is debris, and gone once it has been looked at. */
static int is_gone(struct px_object *o)
{
    struct px_mask old;
    if (o->header.state != PX_MARKED)
        return o->header.state != PX_LIVE;
    if (px_lock_any(o->fd, PX_ATTACH_START, PX_ATTACH_END) != 0)
        return 0;
    px_store_lock(&old);
    (void)px_life_destroy_unused(o);
    px_store_unlock(&old);
    return 1;
}

/*
 * What exists is what a look by id would find; an object that may not be opened exists too. -1
 * and errno when this process cannot tell.
 */
static int exists(enum px_kind kind, int id)
{
    struct px_object o;
    if (px_object_open_any(&o, kind, id, PX_BEST) != 0) {
        if (errno == EACCES)
            return 1;
        return errno == ENOENT || errno == EBADMSG ? 0 : -1;
    }
    int found = !is_gone(&o);
    px_object_close(&o);
    return found;
}

/* Gone meanwhile, no object, or closed to this user: errno says so. */
static int is_none_of_ours(void)
{
    return errno == ENOENT || errno == EBADMSG || errno == EACCES;
}

static int cannot_list(int error)
{
    return shm_failf(error, "the objects cannot be listed: %s%s", strerror(error),
                     px_store_advice(error));
}

static int grow(struct ids *list)
{
    size_t capacity = list->capacity ? 2 * list->capacity : 256;
    int *id = realloc(list->id, capacity * sizeof *id);
    if (!id)
        return -1;
    list->id = id;
    list->capacity = capacity;
    return 0;
}

static void collect(const struct px_name *name, void *context)
{
    struct ids *list = context;
    if (name->is_key || name->kind != list->kind || list->error)
        return;
    int found = exists(name->kind, (int)name->number);
    if (found < 0 || (found && list->count == list->capacity && grow(list) != 0))
        list->error = errno;
    else if (found)
        list->id[list->count++] = (int)name->number;
}

static int ascending(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;
    return (x > y) - (x < y);
}

/* A folder that others change while it is read may name a file twice. */
static void keep_each_once(struct ids *list)
{
    size_t kept = 0;
    for (size_t i = 0; i < list->count; i++)
        if (kept == 0 || list->id[kept - 1] != list->id[i])
            list->id[kept++] = list->id[i];
    list->count = kept;
}

/* The caller frees list->id, also after a failure. */
static int list_ids(enum px_kind kind, struct ids *list)
{
    int first_error = errno;
    memset(list, 0, sizeof *list);
    list->kind = kind;
    if (px_store_check() != 0 || px_store_each(collect, list) != 0)
        return -1;
    if (list->error)
        return cannot_list(list->error);
    errno = first_error;
    if (list->count)
        qsort(list->id, list->count, sizeof *list->id, ascending);
    keep_each_once(list);
    return 0;
}

int px_list_rank(enum px_kind kind, int rank)
{
    struct ids list;
    int id = -1;
    if (list_ids(kind, &list) == 0) {
        if (rank >= 0 && (size_t)rank < list.count)
            id = list.id[rank];
        else
            shm_failf(EINVAL, "no object has the index %d", rank);
    }
    free(list.id);
    return id;
}

int px_list_highest(enum px_kind kind)
{
    struct ids list;
    int result = list_ids(kind, &list);
    if (result == 0 && list.count)
        result = (int)(list.count - 1);
    free(list.id);
    return result;
}

int px_list_each(enum px_kind kind, void (*each)(const struct px_object *o, void *context),
                 void *context)
{
    struct ids list;
    int result = list_ids(kind, &list);
    for (size_t i = 0; result == 0 && i < list.count; i++) {
        struct px_object o;
        if (px_object_open_any(&o, kind, list.id[i], PX_BEST) == 0) {
            each(&o, context);
            px_object_close(&o);
        } else if (!is_none_of_ours()) {
            result = cannot_list(errno);
        }
    }
    free(list.id);
    return result;
}

ssize_t px_list_ids(enum px_kind kind, int *ids, size_t capacity)
{
    struct ids list;
    ssize_t result = list_ids(kind, &list);
    if (result == 0) {
        size_t copied = list.count < capacity ? list.count : capacity;
        if (copied)
            memcpy(ids, list.id, copied * sizeof *ids);
        result = (ssize_t)list.count;
    }
    free(list.id);
    return result;
}

static void count_name(const struct px_name *name, void *context)
{
    struct ids *list = context;
    list->count += !name->is_key && name->kind == list->kind;
}

/* Names first, which is quick: there are at least as many as objects, and seldom more. */
int px_list_reaches(enum px_kind kind, uint64_t count)
{
    struct ids list = {.kind = kind};
    if (px_store_each(count_name, &list) != 0)
        return -1;
    if (list.count < count)
        return 0;
    int result = list_ids(kind, &list);
    if (result == 0)
        result = list.count >= count;
    free(list.id);
    return result;
}
