/* Updates of a set: by a built-in function, without Python's lock; by a Python function, with it. */
#include "compat/python/src/module.h"

#include <errno.h>
#include <string.h>

static struct state *state_of(struct arrays *self)
{
    return TYPE_STATE(Py_TYPE((PyObject *)self));
}

/* ---- Built-in functions ---------------------------------------------------------------- */

static int update_all(struct arrays *self, int op, double factor, void **data, void **out)
{
    int result;
    do {
        Py_BEGIN_ALLOW_THREADS
            result = shm_arrays_update(self->a, op, factor, (const void *const *)data, out);
        Py_END_ALLOW_THREADS
        if (result == 0) {
            postpone_exception();
            return 1;
        }
    } while (arrays_again(state_of(self)) == 0);
    return -1;
}

static int update_into(struct arrays *self, int op, double factor, void **data,
                       PyObject *output)
{
    struct buffers out;
    if (output == Py_None)
        return update_all(self, op, factor, data, NULL);
    int result = take_output(&out, self, output);
    if (result > 0) {
        result = update_all(self, op, factor, data, out.pointers);
        drop_buffers(&out);
    }
    return result;
}

static int update_from(struct arrays *self, int op, double factor, PyObject *data,
                       PyObject *output)
{
    struct buffers in;
    if (data == Py_None)
        return update_into(self, op, factor, NULL, output);
    int result = take_buffers(&in, self, data, false);
    if (result > 0) {
        result = update_into(self, op, factor, in.pointers, output);
        drop_buffers(&in);
    }
    return result;
}

PyObject *arrays_update(PyObject *object, const struct call *call)
{
    static const struct signature signature = {4, 4, {"op", "factor", "data", "output"}};
    struct arrays *self = (struct arrays *)object;
    PyObject *values[MOST_PARAMETERS];
    int op;
    if (!take_arguments(call, &signature, values) || !to_int(values[0], &op))
        return NULL;
    double factor = PyFloat_AsDouble(values[1]);
    if (PyErr_Occurred() || !arrays_enter(self))
        return NULL;
    int result = update_from(self, op, factor, values[2], values[3]);
    arrays_leave(self);
    return result < 0 ? NULL : PyBool_FromLong(result);
}

/* ---- A Python function ----------------------------------------------------------------- */

struct step {
    struct arrays *arrays;
    PyObject *function;
    PyThreadState *thread; /* of the call, while the library runs without Python's lock */
    bool called;           /* the function has run: a signal after it repeats nothing */
};

/* Other Python threads run while a large array is copied; for a small one they are not called. */
static void copy(const struct shm_array_update *update, const void *fresh)
{
    enum { LARGE = 1 << 16 };
    if (update->nbytes < LARGE) {
        memcpy(update->result, fresh, update->nbytes);
        return;
    }
    Py_BEGIN_ALLOW_THREADS
        memcpy(update->result, fresh, update->nbytes);
    Py_END_ALLOW_THREADS
}

static int store(const struct shm_array_update *update, PyObject *fresh)
{
    Py_buffer view;
    if (PyObject_GetBuffer(fresh, &view, PyBUF_SIMPLE) < 0)
        return -1;
    bool fits = (size_t)view.len == update->nbytes;
    if (fits) {
        copy(update, view.buf);
    } else {
        PyErr_Format(PyExc_ValueError,
                     "array %zd: %zd bytes were expected of the update, not %zd",
                     (Py_ssize_t)update->index, (Py_ssize_t)update->nbytes, view.len);
    }
    PyBuffer_Release(&view);
    return fits ? 0 : -1;
}

static int run(const struct step *s, const struct shm_array_update *update)
{
    PyObject *old = make_span(state_of(s->arrays), s->arrays, update->old, update->nbytes);
    PyObject *fresh =
        old ? PyObject_CallFunction(s->function, "nO", (Py_ssize_t)update->index, old) : NULL;
    int result = fresh ? store(update, fresh) : -1;
    Py_XDECREF(fresh);
    Py_XDECREF(old);
    return result;
}

/* The library calls this while it has the partition locked. Not 0: nothing is published. */
static int callback(const struct shm_array_update *update, void *context)
{
    struct step *s = context;
    PyEval_RestoreThread(s->thread);
    postpone_exception();
    s->called = true;
    int result = run(s, update);
    s->thread = PyEval_SaveThread();
    return result;
}

static int update_by(struct step *s)
{
    s->thread = PyEval_SaveThread();
    int result = shm_arrays_update_with(s->arrays->a, callback, s, NULL, NULL);
    int error = errno;
    PyEval_RestoreThread(s->thread);
    errno = error;
    return result;
}

/* An exception of the function is the one that the caller sees. */
static bool update_until_done(struct step *s)
{
    while (update_by(s) < 0) {
        if (PyErr_Occurred())
            return false;
        if (errno == EINTR && s->called) {
            raise_failure(state_of(s->arrays));
            return false;
        }
        if (arrays_again(state_of(s->arrays)) < 0)
            return false;
    }
    postpone_exception();
    return true;
}

PyObject *arrays_update_with(PyObject *object, const struct call *call)
{
    static const struct signature signature = {1, 1, {"step"}};
    PyObject *values[MOST_PARAMETERS];
    struct arrays *self = (struct arrays *)object;
    if (!take_arguments(call, &signature, values) || !arrays_enter(self))
        return NULL;
    struct step s = {.arrays = self, .function = values[0]};
    bool updated = update_until_done(&s);
    arrays_leave(self);
    if (!updated)
        return NULL;
    Py_RETURN_NONE;
}
