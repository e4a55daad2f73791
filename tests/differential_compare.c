/*
 * The two answers to one call. Ids are not compared (S5.30), pids as the processes they stand for,
 * times as never or within what the slowest call so far took.
 */
#include "config.h"

#include <stdarg.h>
#include <string.h>

#include "tests/differential_driver.h"

static char found[160];

__attribute__((format(printf, 1, 2))) static const char *say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(found, sizeof found, format, arguments);
    va_end(arguments);
    return found;
}

static const char *number(const char *what, long long on_kernel, long long on_posix)
{
    if (on_kernel == on_posix)
        return NULL;
    return say("%s is %lld on the kernel, %lld in user space", what, on_kernel, on_posix);
}

static const char *process(const char *what, int on_kernel, int on_posix)
{
    long a = diff_serial_of(KERNEL, on_kernel), b = diff_serial_of(POSIX, on_posix);
    if (a == b && a >= 0)
        return NULL;
    return say("%s is process %ld on the kernel, %ld in user space", what, a, b);
}

static const char *moment(const char *what, int64_t on_kernel, int64_t on_posix)
{
    int64_t apart = on_kernel < on_posix ? on_posix - on_kernel : on_kernel - on_posix;
    if ((on_kernel == 0) == (on_posix == 0) && (double)apart <= 1 + world.longest)
        return NULL;
    return say("%s is %lld on the kernel, %lld in user space", what, (long long)on_kernel,
               (long long)on_posix);
}

#define TRY(comparison)                                                                        \
    do {                                                                                       \
        const char *text_ = (comparison);                                                      \
        if (text_ != NULL)                                                                     \
            return text_;                                                                      \
    } while (0)

static const char *compare_perm(const struct shm_backend_perm *k,
                                const struct shm_backend_perm *p)
{
    TRY(number("key", k->key, p->key));
    TRY(number("uid", k->uid, p->uid));
    TRY(number("gid", k->gid, p->gid));
    TRY(number("cuid", k->cuid, p->cuid));
    TRY(number("cgid", k->cgid, p->cgid));
    return number("mode", k->mode, p->mode);
}

static const char *compare_segment(const struct diff_object *o,
                                   const struct shm_backend_shmid_ds *k,
                                   const struct shm_backend_shmid_ds *p)
{
    TRY(compare_perm(&k->perm, &p->perm));
    TRY(number("segsz", (long long)k->segsz, (long long)p->segsz));
    TRY(number("nattch", (long long)k->nattch, (long long)p->nattch));
    TRY(process("cpid", k->cpid, p->cpid));
    TRY(moment("ctime", k->ctime, p->ctime));
    TRY(o->lpid_free ? NULL : process("lpid", k->lpid, p->lpid));
    TRY(o->atime_free ? NULL : moment("atime", k->atime, p->atime));
    return o->dtime_free ? NULL : moment("dtime", k->dtime, p->dtime);
}

static const char *compare_set(const struct diff_object *o,
                               const struct shm_backend_semid_ds *k,
                               const struct shm_backend_semid_ds *p)
{
    TRY(compare_perm(&k->perm, &p->perm));
    TRY(number("nsems", (long long)k->nsems, (long long)p->nsems));
    TRY(moment("ctime", k->ctime, p->ctime));
    return o->otime != DIFF_EXACT ? NULL : moment("otime", k->otime, p->otime);
}

static const char *compare_queue(const struct shm_backend_msqid_ds *k,
                                 const struct shm_backend_msqid_ds *p)
{
    TRY(compare_perm(&k->perm, &p->perm));
    TRY(number("qnum", (long long)k->qnum, (long long)p->qnum));
    TRY(number("cbytes", (long long)k->cbytes, (long long)p->cbytes));
    TRY(number("qbytes", (long long)k->qbytes, (long long)p->qbytes));
    TRY(process("lspid", k->lspid, p->lspid));
    TRY(process("lrpid", k->lrpid, p->lrpid));
    TRY(moment("stime", k->stime, p->stime));
    TRY(moment("rtime", k->rtime, p->rtime));
    return moment("ctime", k->ctime, p->ctime);
}

static const char *compare_message(const struct diff_answer *k, const struct diff_answer *p)
{
    TRY(number("the length", k->result, p->result));
    TRY(number("the type", k->type, p->type));
    return number("the sum of the bytes", k->sum, p->sum);
}

static const char *compare_values(const struct diff_object *o, const unsigned short *k,
                                  const unsigned short *p)
{
    static const char *const names[DIFF_SEMS] = {"value 0", "value 1", "value 2", "value 3"};
    for (unsigned i = 0; i < o->size; i++)
        TRY(number(names[i], k[i], p[i]));
    return NULL;
}

static const char *compare_bytes(const unsigned char *k, const unsigned char *p)
{
    for (int i = 0; i < DIFF_BYTES; i++)
        TRY(number("a byte", k[i], p[i]));
    return NULL;
}

static const char *compare_content(const struct diff_call *call,
                                   const struct diff_answer answers[FAMILIES])
{
    const struct diff_answer *k = &answers[KERNEL], *p = &answers[POSIX];
    const struct diff_object *o = diff_object(call->object);
    switch (call->op) {
    case DIFF_SHM_STAT:
        return compare_segment(o, &k->segment, &p->segment);
    case DIFF_SEM_STAT:
        return compare_set(o, &k->set, &p->set);
    case DIFF_MSG_STAT:
        return compare_queue(&k->queue, &p->queue);
    case DIFF_MSGRCV:
        return compare_message(k, p);
    case DIFF_GETALL:
        return compare_values(o, k->values, p->values);
    case DIFF_LOAD:
        return compare_bytes(k->bytes, p->bytes);
    case DIFF_GETPID:
        return process("GETPID", (int)k->result, (int)p->result);
    case DIFF_SHMGET:
    case DIFF_SEMGET:
    case DIFF_MSGGET:
        return NULL; /* ids */
    default:
        return number("the result", k->result, p->result);
    }
}

const char *diff_compare(const struct diff_call *call,
                         const struct diff_answer answers[FAMILIES])
{
    const struct diff_answer *k = &answers[KERNEL], *p = &answers[POSIX];
    if ((k->result < 0) != (p->result < 0) || k->error != p->error)
        return say("%s on the kernel, %s in user space",
                   k->result < 0 ? diff_errno_name(k->error) : "success",
                   p->result < 0 ? diff_errno_name(p->error) : "success");
    return k->result < 0 ? NULL : compare_content(call, answers);
}
