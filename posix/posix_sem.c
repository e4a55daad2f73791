#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "libshm/backend.h"
#include "libshm/fail.h"
#include "posix/posix_control.h"
#include "posix/posix_get.h"
#include "posix/posix_io.h"
#include "posix/posix_limits.h"
#include "posix/posix_list.h"
#include "posix/posix_perm.h"
#include "posix/posix_process.h"
#include "posix/posix_redo.h"
#include "posix/posix_rows.h"
#include "posix/posix_semop.h"
#include "posix/posix_sleep.h"
#include "posix/posix_set_lock.h"
#include "posix/posix_waiters.h"
#include "posix/posix_word.h"

/*
 * semget
 */

int shm_backend_semget(key_t key, int nsems, int flags)
{
    if (nsems < 0 || nsems > LIBSHM_SEMMSL)
        return shm_failf(EINVAL, "%d semaphores in a set; the most is %d", nsems,
                         LIBSHM_SEMMSL);
    struct px_refusal refused = {0};
    if (nsems == 0)
        refused = (struct px_refusal){EINVAL, "a new set needs at least one semaphore"};
    struct px_set_layout layout;
    px_set_layout(&layout, (uint32_t)nsems);
    struct px_request request = {
        .kind = PX_SET,
        .key = key,
        .size = (uint64_t)nsems,
        .flags = flags,
        .file_size = layout.file_size,
        .reserve = {{0, layout.rows_offset + layout.rows_initial * layout.row_stride},
                    {layout.waiters_offset,
                     layout.waiters_offset +
                         layout.waiters_initial * sizeof(struct px_waiter)}},
    };
    return px_get(&request, &refused);
}

/*
 * semctl: commands on the object
 */

static int needs_a_buffer(void)
{
    return shm_fail(EFAULT, "this command needs a buffer");
}

static void fill_ds(const struct px_header *h, struct shm_backend_semid_ds *ds)
{
    memset(ds, 0, sizeof *ds);
    ds->perm = px_header_perm(h);
    ds->otime = PX_GET(h->otime);
    ds->ctime = PX_GET(h->ctime);
    ds->nsems = (size_t)h->size;
}

/* A killed process's undo is an operation that shows in otime. */
static void reap_all(struct px_set *s, const struct px_mask *mask)
{
    struct px_patience patience = {.deadline = INT64_MAX, .mask = mask};
    if (PX_GET(px_set_control(s)->adjusted_rows) == 0 || px_set_lock(s, &patience) != 0)
        return;
    px_rows_reap(s, px_row_is_adjusted, NULL);
    px_set_unlock(s);
}

static int report(int semid, int check, struct shm_backend_semid_ds *ds)
{
    if (!check || px_perm_class_grants(px_perm_class(&ds->perm), ds->perm.mode, 4))
        return 0;
    return shm_failf(EACCES, "semaphore set %d may not be read by this user", semid);
}

/* From the mapping, without a system call for the file. */
static int stat_mapped(struct px_set *s, int check, const struct px_mask *mask,
                       struct shm_backend_semid_ds *ds)
{
    reap_all(s, mask);
    fill_ds(px_set_header(s), ds);
    ds->nsems = s->layout.nsems; /* as many as GETALL stores, whatever the header says by now */
    int result = report(s->id, check, ds);
    px_set_release(s);
    return result;
}

static int has_adjustments(const struct px_object *o)
{
    uint32_t adjusted = 0;
    off_t offset = PX_CONTROL_OFFSET + offsetof(struct px_control, adjusted_rows);
    return px_read_at(o->fd, &adjusted, sizeof adjusted, offset) < 0 || adjusted != 0;
}

/* A set that is not open here is only opened when a death may have to be made up for. */
static int stat_file(int semid, int check, const struct px_mask *mask,
                     struct shm_backend_semid_ds *ds)
{
    struct px_object o;
    if (px_object_open(&o, PX_SET, semid, PX_BEST) != 0)
        return -1;
    int adjusted = has_adjustments(&o);
    fill_ds(&o.header, ds);
    ds->perm = px_object_perm(&o);
    px_object_close(&o);
    struct px_set *s = adjusted ? px_set_take_quietly(PX_SET, semid) : NULL;
    return s ? stat_mapped(s, check, mask, ds) : report(semid, check, ds);
}

static int stat_set(int semid, int check, struct shm_backend_semid_ds *ds)
{
    struct px_mask old;
    px_block_signals(&old);
    struct px_set *s = px_set_take_if_open(PX_SET, semid);
    struct shm_backend_semid_ds now;
    int result = s ? stat_mapped(s, check, &old, &now) : stat_file(semid, check, &old, &now);
    px_restore_signals(&old);
    if (result != 0)
        return -1;
    if (!ds) /* the id and the permission come first */
        return needs_a_buffer();
    *ds = now;
    return 0;
}

static int stat_rank(int rank, int check, struct shm_backend_semid_ds *ds)
{
    int id = px_list_rank(PX_SET, rank);
    if (id < 0)
        return -1;
    return stat_set(id, check, ds) == 0 ? id : -1;
}

static void add_usage(const struct px_object *o, void *context)
{
    struct shm_backend_seminfo *info = context;
    int more = (int)o->header.size;
    info->semusz++;
    info->semaem = more < INT_MAX - info->semaem ? info->semaem + more : INT_MAX;
}

static int info(int command, struct shm_backend_seminfo *result)
{
    *result = (struct shm_backend_seminfo){
        .semmni = (int)px_limit(PX_SEMMNI),
        .semmns = INT32_MAX,
        .semmsl = LIBSHM_SEMMSL,
        .semopm = LIBSHM_SEMOPM,
        .semume = LIBSHM_SEMOPM,
        .semusz = 0,
        .semvmx = LIBSHM_SEMVMX,
        .semaem = LIBSHM_SEMAEM,
    };
    if (command == LIBSHM_SEM_INFO) {
        result->semaem = 0;
        if (px_list_each(PX_SET, add_usage, result) != 0)
            return -1;
    }
    return px_list_highest(PX_SET);
}

/*
 * semctl: commands on the values, under the set lock
 */

struct query {
    struct px_set *s;
    int semnum;
    int command;
    union shm_backend_semun arg;
};

/* Of one moment: locked, because operations on single semaphores go on without the set lock. */
static int get_all(struct px_set *s, unsigned short *values)
{
    if (s->layout.nsems > 1)
        px_words_lock_all(s);
    for (uint32_t i = 0; i < s->layout.nsems; i++)
        values[i] = (unsigned short)px_word_value(PX_GET(px_set_semaphores(s)[i].word));
    return 0;
}

static void put_value(struct px_set *s, uint32_t slot, uint32_t index, int value)
{
    uint64_t word = px_word_lock(s, index);
    px_redo_set(s, slot, index, px_word_renewed(word, value), 0, (int32_t)px_pid());
}

/*
 * The next epoch voids every adjustment of the semaphore in one step; the cells are cleared
 * afterwards, so that an epoch that comes round again finds nothing.
 */
static int put_values(struct px_set *s, uint32_t first, uint32_t count,
                      const unsigned short *values)
{
    for (uint32_t i = 0; i < count; i++)
        put_value(s, i, first + i, values[i]);
    struct px_change change = {.count = count, .ctime = (int64_t)time(NULL)};
    px_redo_commit(s, &change);
    for (uint32_t i = 0; i < count; i++)
        px_rows_scrub(s, first + i);
    px_serve(s, PX_ANY);
    return 0;
}

static int answer(const struct query *q)
{
    struct px_set *s = q->s;
    uint32_t n = (uint32_t)q->semnum;
    unsigned short value;
    switch (q->command) {
    case LIBSHM_GETVAL:
        return px_word_value(PX_GET(px_set_semaphores(s)[n].word));
    case LIBSHM_GETPID:
        return PX_GET(px_set_semaphores(s)[n].pid);
    case LIBSHM_GETNCNT:
    case LIBSHM_GETZCNT:
        return px_waiters_count(s, n, q->command == LIBSHM_GETZCNT);
    case LIBSHM_GETALL:
        return get_all(s, q->arg.array);
    case LIBSHM_SETVAL:
        value = (unsigned short)q->arg.val;
        return put_values(s, n, 1, &value);
    default: /* SETALL */
        return put_values(s, 0, s->layout.nsems, q->arg.array);
    }
}

static int names_one(int command)
{
    return command != LIBSHM_GETALL && command != LIBSHM_SETALL;
}

static int check_permission(const struct query *q)
{
    int changes = q->command == LIBSHM_SETVAL || q->command == LIBSHM_SETALL;
    struct shm_backend_perm perm = px_header_perm(px_set_header(q->s));
    if (px_perm_class_grants(px_perm_class(&perm), perm.mode, changes ? 2 : 4))
        return 0;
    return shm_failf(EACCES, "the permissions %03o of semaphore set %d refuse the command",
                     (unsigned)perm.mode & 0777, q->s->id);
}

static int check_number(const struct query *q)
{
    if (!names_one(q->command) || (q->semnum >= 0 && (uint32_t)q->semnum < q->s->layout.nsems))
        return 0;
    return shm_failf(EINVAL, "semaphore %d of set %d, which has %u", q->semnum, q->s->id,
                     (unsigned)q->s->layout.nsems);
}

static int check_array(const struct query *q)
{
    if (q->command != LIBSHM_GETALL && q->command != LIBSHM_SETALL)
        return 0;
    if (!q->arg.array)
        return shm_fail(EFAULT, "the array of values is NULL");
    for (uint32_t i = 0; q->command == LIBSHM_SETALL && i < q->s->layout.nsems; i++)
        if (q->arg.array[i] > LIBSHM_SEMVMX)
            return shm_failf(ERANGE, "the value %u is above %d", q->arg.array[i],
                             LIBSHM_SEMVMX);
    return 0;
}

/* SETVAL looks at the number first, the others at the permission: semantics.md, section 2. */
static int check_query(const struct query *q)
{
    if (q->command == LIBSHM_SETVAL && check_number(q) != 0)
        return -1;
    if (check_permission(q) != 0 || check_number(q) != 0)
        return -1;
    return check_array(q);
}

static int answer_locked(const struct query *q, const struct px_mask *mask)
{
    struct px_patience patience = {.deadline = INT64_MAX, .mask = mask};
    if (px_set_lock(q->s, &patience) != 0)
        return -1;
    int result = -1;
    if (px_set_is_dead(q->s)) {
        px_object_missing(PX_SET, q->s->id);
    } else {
        px_rows_reap(q->s, NULL, NULL);
        result = answer(q);
    }
    px_set_unlock(q->s);
    return result;
}

static int query(int semid, int semnum, int command, union shm_backend_semun arg)
{
    struct px_mask old;
    px_block_signals(&old);
    struct query q = {px_set_take(PX_SET, semid), semnum, command, arg};
    int result = -1;
    if (q.s) {
        if (check_query(&q) == 0)
            result = answer_locked(&q, &old);
        px_set_release(q.s);
    }
    px_restore_signals(&old);
    return result;
}

static int dispatch(int semid, int semnum, int command, union shm_backend_semun arg)
{
    switch (command) {
    case LIBSHM_IPC_INFO:
    case LIBSHM_SEM_INFO:
        return info(command, arg.info);
    case LIBSHM_SEM_STAT:
    case LIBSHM_SEM_STAT_ANY:
        return stat_rank(semid, command == LIBSHM_SEM_STAT, arg.buf);
    case LIBSHM_IPC_STAT:
        return stat_set(semid, 1, arg.buf);
    case LIBSHM_IPC_RMID:
        return px_control_remove(PX_SET, semid);
    case LIBSHM_IPC_SET:
        return px_control_set(PX_SET, semid, &arg.buf->perm);
    case LIBSHM_GETPID:
    case LIBSHM_GETVAL:
    case LIBSHM_GETALL:
    case LIBSHM_GETNCNT:
    case LIBSHM_GETZCNT:
    case LIBSHM_SETVAL:
    case LIBSHM_SETALL:
        return query(semid, semnum, command, arg);
    default:
        return shm_failf(EINVAL, "%d is not a command of semctl", command);
    }
}

static int is_info(int command)
{
    return command == LIBSHM_IPC_INFO || command == LIBSHM_SEM_INFO;
}

int shm_backend_semctl(int semid, int semnum, int command, union shm_backend_semun arg)
{
    int first_error = errno;
    if (semid < 0 && !is_info(command))
        return px_object_missing(PX_SET, semid);
    if (command == LIBSHM_SETVAL && (arg.val < 0 || arg.val > LIBSHM_SEMVMX))
        return shm_failf(ERANGE, "the value %d is outside 0 to %d", arg.val, LIBSHM_SEMVMX);
    if (!arg.buf && (is_info(command) || command == LIBSHM_IPC_SET))
        return needs_a_buffer();
    if (px_store_check() != 0)
        return -1;
    px_sleep_cancel_unblocked();
    int result = dispatch(semid, semnum, command, arg);
    if (result >= 0)
        errno = first_error;
    return result;
}

ssize_t shm_backend_sem_list(int *ids, size_t capacity)
{
    return px_list_ids(PX_SET, ids, capacity);
}
