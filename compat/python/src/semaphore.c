/* Semaphore objects, the type `semaphore`. */
#include "compat/python/src/module.h"

#include <errno.h>
#include <time.h>

struct semaphore {
    PyObject ob_base;
    struct shm_semaphore *s;
    int id;
    bool undo; /* what setundo was given last */
};

static struct shm_semaphore *handle_of(PyObject *self)
{
    return ((struct semaphore *)self)->s;
}

static struct state *state_of(PyObject *self)
{
    return TYPE_STATE(Py_TYPE(self));
}

PyObject *wrap_semaphore(struct state *state, struct shm_semaphore *s)
{
    int id;
    if (shm_semaphore_semid(s, &id) < 0) {
        raise_failure(state);
        shm_semaphore_free(s);
        return NULL;
    }
    PyObject *known = find_object(state->semaphores, id);
    if (known || PyErr_Occurred()) {
        shm_semaphore_free(s);
        return known;
    }
    struct semaphore *self = PyObject_New(struct semaphore, state->semaphore);
    if (!self) {
        shm_semaphore_free(s);
        return NULL;
    }
    self->s = s;
    self->id = id;
    self->undo = false;
    if (!enter_object(state->semaphores, id, (PyObject *)self))
        Py_CLEAR(self);
    return (PyObject *)self;
}

static void dealloc(PyObject *self)
{
    forget_object(state_of(self)->semaphores, ((struct semaphore *)self)->id);
    shm_semaphore_free(handle_of(self));
    FREE_INSTANCE(self);
}

static PyObject *done(PyObject *self, int result)
{
    if (result < 0)
        return raise_failure(state_of(self));
    Py_RETURN_NONE;
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

/* What is left of a timeout that began at `start`. Negative: there is no limit. */
static long remaining(long timeout_ms, double start)
{
    double passed = now() - start;
    if (timeout_ms < 0)
        return -1;
    return passed < (double)timeout_ms ? timeout_ms - (long)passed : 0;
}

typedef int (*waiting)(struct shm_semaphore *s, long timeout_ms);

/*
 * A signal: its handlers run first, and one that raises ends the wait. After others the wait
 * goes on, as everywhere in Python 3, unless the program has asked for the error. No signal disturbs
 * a thread that is not the main one.
 */
static PyObject *wait_for(PyObject *self, waiting operation, long timeout_ms)
{
    const struct state *state = state_of(self);
    double start = timeout_ms > 0 ? now() : 0;
    for (long left = timeout_ms;; left = remaining(timeout_ms, start)) {
        int result;
        Py_BEGIN_ALLOW_THREADS
            result = operation(handle_of(self), left);
        Py_END_ALLOW_THREADS
        if (result == 0) {
            postpone_exception();
            Py_RETURN_NONE;
        }
        int error = errno;
        if (error == EINTR && signals_raised())
            return NULL;
        if (error != EINTR || (state->eintr && in_main_thread())) {
            errno = error;
            return raise_failure(state);
        }
    }
}

static PyObject *wait_call(PyObject *self, const struct call *call, waiting operation)
{
    static const struct signature signature = {0, 0, {"timeout"}};
    PyObject *values[MOST_PARAMETERS];
    long timeout_ms;
    if (!take_arguments(call, &signature, values) || !to_timeout(values[0], &timeout_ms))
        return NULL;
    return wait_for(self, operation, timeout_ms);
}

static PyObject *p(PyObject *self, const struct call *call)
{
    return wait_call(self, call, shm_semaphore_p_timed);
}

static PyObject *z(PyObject *self, const struct call *call)
{
    return wait_call(self, call, shm_semaphore_z_timed);
}

static int v_timed(struct shm_semaphore *s, long unused)
{
    (void)unused;
    return shm_semaphore_v(s);
}

static PyObject *v(PyObject *self, const struct call *call)
{
    static const struct signature signature = {0, 0, {NULL}};
    PyObject *values[MOST_PARAMETERS];
    if (!take_arguments(call, &signature, values))
        return NULL;
    return wait_for(self, v_timed, -1);
}

static bool take_int(const struct call *call, const struct signature *signature, int *out)
{
    PyObject *values[MOST_PARAMETERS];
    return take_arguments(call, signature, values) && to_int(values[0], out);
}

static PyObject *setblocking(PyObject *self, const struct call *call)
{
    static const struct signature signature = {1, 1, {"blocking"}};
    int blocking;
    if (!take_int(call, &signature, &blocking))
        return NULL;
    return done(self, shm_semaphore_setblocking(handle_of(self), blocking));
}

static PyObject *setundo(PyObject *self, const struct call *call)
{
    static const struct signature signature = {1, 1, {"undo"}};
    int undo;
    if (!take_int(call, &signature, &undo))
        return NULL;
    int result = shm_semaphore_setundo(handle_of(self), undo);
    if (result == 0)
        ((struct semaphore *)self)->undo = undo != 0;
    return done(self, result);
}

static PyObject *setval(PyObject *self, const struct call *call)
{
    static const struct signature signature = {1, 1, {"value"}};
    int value;
    if (!take_int(call, &signature, &value))
        return NULL;
    return done(self, shm_semaphore_setval(handle_of(self), value));
}

static bool take_number(const struct call *call, const struct signature *signature,
                        int64_t *out)
{
    PyObject *values[MOST_PARAMETERS];
    return take_arguments(call, signature, values) && to_long(values[0], out);
}

static PyObject *setperm(PyObject *self, const struct call *call)
{
    static const struct signature signature = {1, 1, {"perm"}};
    int64_t perm;
    if (!take_number(call, &signature, &perm))
        return NULL;
    return done(self, shm_semaphore_setperm(handle_of(self), (mode_t)(perm & 0777)));
}

static PyObject *setuid_method(PyObject *self, const struct call *call)
{
    static const struct signature signature = {1, 1, {"uid"}};
    int64_t uid;
    if (!take_number(call, &signature, &uid))
        return NULL;
    return done(self, shm_semaphore_setuid(handle_of(self), (uid_t)uid));
}

static PyObject *setgid_method(PyObject *self, const struct call *call)
{
    static const struct signature signature = {1, 1, {"gid"}};
    int64_t gid;
    if (!take_number(call, &signature, &gid))
        return NULL;
    return done(self, shm_semaphore_setgid(handle_of(self), (gid_t)gid));
}

CALLABLE(p)
CALLABLE(v)
CALLABLE(z)
CALLABLE(setblocking)
CALLABLE(setundo)
CALLABLE(setval)
CALLABLE(setperm)
CALLABLE(setuid_method)
CALLABLE(setgid_method)

static PyMethodDef methods[] = {
    {"P", (PyCFunction)(void *)p_entry, CALL_FLAGS,
     "P(timeout=None) -> None; takes one, waiting while the value is 0"},
    {"V", (PyCFunction)(void *)v_entry, CALL_FLAGS, "V() -> None; gives one back"},
    {"Z", (PyCFunction)(void *)z_entry, CALL_FLAGS,
     "Z(timeout=None) -> None; waits until the value is 0"},
    {"setblocking", (PyCFunction)(void *)setblocking_entry, CALL_FLAGS,
     "setblocking(blocking) -> None; 0: P and Z fail instead of waiting"},
    {"setundo", (PyCFunction)(void *)setundo_entry, CALL_FLAGS,
     "setundo(undo) -> None; not 0: P and V are undone when the process ends"},
    {"setval", (PyCFunction)(void *)setval_entry, CALL_FLAGS,
     "setval(value) -> None; sets the value and wakes who can go on"},
    {"setperm", (PyCFunction)(void *)setperm_entry, CALL_FLAGS,
     "setperm(perm) -> None; sets the nine permission bits"},
    {"setuid", (PyCFunction)(void *)setuid_method_entry, CALL_FLAGS,
     "setuid(uid) -> None; sets the owner"},
    {"setgid", (PyCFunction)(void *)setgid_method_entry, CALL_FLAGS,
     "setgid(gid) -> None; sets the owner's group"},
    {"__reduce__", refuse_pickle, METH_NOARGS, NULL},
    {"__reduce_ex__", refuse_pickle, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

/* One function for each member, as in memory.c. */
typedef PyObject *(*member)(const struct shm_semaphore_status *status);

static PyObject *val(const struct shm_semaphore_status *s)
{
    return Int_FromLong(s->val);
}

static PyObject *ncnt(const struct shm_semaphore_status *s)
{
    return Int_FromLong(s->ncnt);
}

static PyObject *zcnt(const struct shm_semaphore_status *s)
{
    return Int_FromLong(s->zcnt);
}

static PyObject *lpid(const struct shm_semaphore_status *s)
{
    return Int_FromLong((long)s->lpid);
}

static PyObject *perm(const struct shm_semaphore_status *s)
{
    return Int_FromLong((long)s->perm);
}

static PyObject *blocking(const struct shm_semaphore_status *s)
{
    return Int_FromLong(s->blocking);
}

static PyObject *key(const struct shm_semaphore_status *s)
{
    return PyLong_FromUnsignedLong(s->key);
}

static PyObject *semid(const struct shm_semaphore_status *s)
{
    return PyLong_FromLong(s->semid);
}

static PyObject *uid(const struct shm_semaphore_status *s)
{
    return PyLong_FromUnsignedLong(s->uid);
}

static PyObject *gid(const struct shm_semaphore_status *s)
{
    return PyLong_FromUnsignedLong(s->gid);
}

static PyObject *cuid(const struct shm_semaphore_status *s)
{
    return PyLong_FromUnsignedLong(s->cuid);
}

static PyObject *cgid(const struct shm_semaphore_status *s)
{
    return PyLong_FromUnsignedLong(s->cgid);
}

static const member members[] = {val, ncnt,  zcnt, lpid, perm, blocking,
                                 key, semid, uid,  gid,  cuid, cgid};

static PyObject *get_member(PyObject *self, void *which)
{
    struct shm_semaphore_status status;
    if (shm_semaphore_stat(handle_of(self), &status) < 0)
        return raise_failure(state_of(self));
    return (*(const member *)which)(&status);
}

static PyObject *get_undo(PyObject *self, void *unused)
{
    struct shm_semaphore_status status;
    (void)unused;
    if (shm_semaphore_stat(handle_of(self), &status) < 0)
        return raise_failure(state_of(self));
    return Int_FromLong(((struct semaphore *)self)->undo ? 1 : 0);
}

#define MEMBER(name, place, text)                                                              \
    {                                                                                          \
        name, get_member, NULL, text, (void *)&members[place]                                  \
    }

static PyGetSetDef getset[] = {
    MEMBER("val", 0, "the value"),
    MEMBER("ncnt", 1, "calls that wait in P"),
    MEMBER("zcnt", 2, "calls that wait in Z"),
    MEMBER("lpid", 3, "process id of the last operation"),
    MEMBER("perm", 4, "the nine permission bits"),
    MEMBER("blocking", 5, "1 if P and Z wait, else 0"),
    MEMBER("key", 6, "the key; 0: private"),
    MEMBER("semid", 7, "the id"),
    MEMBER("uid", 8, "user id of the owner"),
    MEMBER("gid", 9, "group id of the owner"),
    MEMBER("cuid", 10, "user id of the creator"),
    MEMBER("cgid", 11, "group id of the creator"),
    {"undo", get_undo, NULL, "1 if P and V are undone when the process ends, else 0", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyObject *getattro(PyObject *self, PyObject *name)
{
    struct shm_semaphore_status status;
    PyObject *value = PyObject_GenericGetAttr(self, name);
    if (value || !PyErr_ExceptionMatches(PyExc_AttributeError))
        return value;
    PyErr_Clear();
    if (shm_semaphore_stat(handle_of(self), &status) < 0)
        return raise_failure(state_of(self));
    return no_attribute(name);
}

static PyObject *repr(PyObject *self)
{
    struct shm_semaphore_status s;
    if (shm_semaphore_stat(handle_of(self), &s) < 0)
        return raise_failure(state_of(self));
    return Text_FromFormat("<semaphore object, id=%d, val=%d, ncnt=%d, zcnt=%d, blocking=%d>",
                           s.semid, s.val, s.ncnt, s.zcnt, s.blocking);
}

static PyType_Slot slots[] = {
    {Py_tp_dealloc, (void *)dealloc},
    {Py_tp_repr, (void *)repr},
    {Py_tp_getattro, (void *)getattro},
    {Py_tp_setattro, (void *)refuse_setattr},
    {Py_tp_new, (void *)refuse_new},
    {Py_tp_methods, methods},
    {Py_tp_getset, getset},
    {Py_tp_doc, (void *)"A semaphore. There is one object for each id in a process."},
    {0, NULL},
};

PyTypeObject *make_semaphore_type(PyObject *module)
{
    static PyType_Spec spec = {.name = "shm.semaphore",
                               .basicsize = sizeof(struct semaphore),
                               .flags = Py_TPFLAGS_DEFAULT,
                               .slots = slots};
    return (PyTypeObject *)TYPE_FROM_SPEC(module, &spec);
}
