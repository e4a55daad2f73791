/* Bytes of a set where they lie: spans, which keep it mapped, and views, which keep it locked. */
#include "compat/python/src/module.h"

#include <errno.h>
#include <stdlib.h>

/* ---- Spans ----------------------------------------------------------------------------- */

struct span {
    PyObject ob_base;
    struct arrays *owner;
    const void *start;
    size_t nbytes;
};

PyObject *make_span(struct state *state, struct arrays *owner, const void *start, size_t nbytes)
{
    struct span *self = PyObject_New(struct span, state->span);
    if (!self)
        return NULL;
    Py_INCREF((PyObject *)owner);
    owner->users++;
    self->owner = owner;
    self->start = start;
    self->nbytes = nbytes;
    return (PyObject *)self;
}

static void span_dealloc(PyObject *object)
{
    struct span *self = (struct span *)object;
    arrays_leave(self->owner);
    Py_DECREF((PyObject *)self->owner);
    FREE_INSTANCE(object);
}

static int span_getbuffer(PyObject *object, Py_buffer *view, int flags)
{
    struct span *self = (struct span *)object;
    return PyBuffer_FillInfo(view, object, (void *)(uintptr_t)self->start,
                             (Py_ssize_t)self->nbytes, 1, flags);
}

static PyType_Slot span_slots[] = {
    {Py_tp_dealloc, (void *)span_dealloc},
    {Py_tp_new, (void *)refuse_new},
    {Py_bf_getbuffer, (void *)span_getbuffer},
    {Py_tp_doc, (void *)"Bytes of one array in shared memory, for reading."},
    {0, NULL},
};

PyTypeObject *make_span_type(PyObject *module)
{
    static PyType_Spec spec = {.name = "libshm._shm.Span",
                               .basicsize = sizeof(struct span),
                               .flags = Py_TPFLAGS_DEFAULT,
                               .slots = span_slots};
    return (PyTypeObject *)TYPE_FROM_SPEC(module, &spec);
}

/* ---- Views ----------------------------------------------------------------------------- */

struct view {
    PyObject ob_base;
    struct arrays *owner;
    struct shm_arrays_view *v; /* NULL: ended */
};

static struct state *state_of(PyObject *self)
{
    return TYPE_STATE(Py_TYPE(self));
}

static PyObject *wrap(struct state *state, struct arrays *owner, struct shm_arrays_view *v)
{
    struct view *self = PyObject_New(struct view, state->view);
    if (!self) {
        shm_arrays_view_end(v);
        return NULL;
    }
    Py_INCREF((PyObject *)owner);
    owner->users++;
    self->owner = owner;
    self->v = v;
    return (PyObject *)self;
}

static int finish(struct view *self)
{
    struct shm_arrays_view *v = self->v;
    int result, error;
    if (!v)
        return 0;
    self->v = NULL;
    Py_BEGIN_ALLOW_THREADS
        result = shm_arrays_view_end(v);
        error = errno;
    Py_END_ALLOW_THREADS
    arrays_leave(self->owner);
    errno = error;
    return result;
}

/* A view that is forgotten must not keep everybody else waiting. */
static void view_dealloc(PyObject *object)
{
    struct view *self = (struct view *)object;
    finish(self);
    Py_DECREF((PyObject *)self->owner);
    FREE_INSTANCE(object);
}

static PyObject *data(PyObject *object, PyObject *number)
{
    struct view *self = (struct view *)object;
    Py_ssize_t index = PyNumber_AsSsize_t(number, PyExc_IndexError);
    if (PyErr_Occurred())
        return NULL;
    if (!self->v) {
        PyErr_SetString(PyExc_ValueError, "this view of a set of arrays has ended");
        return NULL;
    }
    const void *start = shm_arrays_view_data(self->v, (size_t)index);
    if (!start)
        return raise_failure(state_of(object));
    return make_span(state_of(object), self->owner, start, self->owner->nbytes[index]);
}

static PyObject *end(PyObject *object, PyObject *unused)
{
    (void)unused;
    if (finish((struct view *)object) < 0)
        return raise_failure(state_of(object));
    Py_RETURN_NONE;
}

static PyMethodDef view_methods[] = {
    {"data", data, METH_O, "data(index) -> the bytes of this array, read-only"},
    {"end", end, METH_NOARGS, "end() -> None; gives the locks back"},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot view_slots[] = {
    {Py_tp_dealloc, (void *)view_dealloc},
    {Py_tp_new, (void *)refuse_new},
    {Py_tp_methods, view_methods},
    {Py_tp_doc, (void *)"The arrays of a set as they are, and stay until this ends."},
    {0, NULL},
};

PyTypeObject *make_view_type(PyObject *module)
{
    static PyType_Spec spec = {.name = "libshm._shm.View",
                               .basicsize = sizeof(struct view),
                               .flags = Py_TPFLAGS_DEFAULT,
                               .slots = view_slots};
    return (PyTypeObject *)TYPE_FROM_SPEC(module, &spec);
}

static struct shm_arrays_view *lock(struct arrays *self, struct state *state,
                                    const size_t *indexes, size_t count)
{
    struct shm_arrays_view *v;
    do {
        Py_BEGIN_ALLOW_THREADS
            v = shm_arrays_view(self->a, indexes, count);
        Py_END_ALLOW_THREADS
    } while (!v && arrays_again(state) == 0);
    if (v)
        postpone_exception();
    return v;
}

/* The numbers in a list. */
static size_t *take_indexes(PyObject *list, size_t count)
{
    size_t *indexes = calloc(count + 1, sizeof *indexes);
    if (!indexes)
        PyErr_NoMemory();
    for (size_t i = 0; indexes && i < count; i++)
        indexes[i] = PyLong_AsSize_t(PyList_GetItem(list, (Py_ssize_t)i));
    if (PyErr_Occurred()) {
        free(indexes);
        return NULL;
    }
    return indexes;
}

PyObject *arrays_view(PyObject *object, const struct call *call)
{
    static const struct signature signature = {1, 1, {"indexes"}};
    struct arrays *self = (struct arrays *)object;
    PyObject *values[MOST_PARAMETERS], *view = NULL;
    if (!take_arguments(call, &signature, values))
        return NULL;
    if (!PyList_Check(values[0])) {
        PyErr_SetString(PyExc_TypeError, "a list of indexes is expected");
        return NULL;
    }
    size_t count = (size_t)PyList_Size(values[0]), *indexes = take_indexes(values[0], count);
    if (indexes && arrays_enter(self)) {
        struct shm_arrays_view *v = lock(self, state_of(object), indexes, count);
        if (v)
            view = wrap(state_of(object), self, v);
        arrays_leave(self);
    }
    free(indexes);
    return view;
}
