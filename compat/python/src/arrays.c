/*
 * The native handle of a set of arrays, below the class SHMArrays: it knows bytes, not numpy.
 * Closing is always legal: what is mapped stays so until the last buffer is released.
 */
#include "compat/python/src/module.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct state *state_of(PyObject *self)
{
    return TYPE_STATE(Py_TYPE(self));
}

static struct arrays *of(PyObject *self)
{
    return (struct arrays *)self;
}

bool arrays_enter(struct arrays *self)
{
    if (self->closed) {
        PyErr_SetString(PyExc_ValueError, "this handle of a set of arrays is closed");
        return false;
    }
    self->users++;
    return true;
}

static void free_if_unused(struct arrays *self)
{
    if (self->closed && self->users == 0 && self->a && shm_arrays_close(self->a) == 0)
        self->a = NULL;
}

void arrays_leave(struct arrays *self)
{
    self->users--;
    free_if_unused(self);
}

int arrays_again(struct state *state)
{
    int error = errno;
    if (error == EINTR)
        return signals_raised() ? -1 : 0;
    errno = error;
    raise_failure(state);
    return -1;
}

/* ---- Making and freeing ---------------------------------------------------------------- */

static bool note_sizes(struct arrays *self)
{
    self->nbytes = calloc(self->count, sizeof *self->nbytes);
    self->offsets = calloc(self->count, sizeof *self->offsets);
    if (!self->nbytes || !self->offsets) {
        PyErr_NoMemory();
        return false;
    }
    for (size_t i = 0; i < self->count; i++)
        self->nbytes[i] = shm_arrays_nbytes(self->a, i);
    return true;
}

static PyObject *wrap(struct state *state, struct shm_arrays *a)
{
    struct arrays *self = PyObject_New(struct arrays, state->arrays);
    if (!self) {
        shm_arrays_close(a);
        return NULL;
    }
    self->a = a;
    self->users = 0;
    self->closed = false;
    self->count = shm_arrays_count(a);
    self->nbytes = NULL;
    self->offsets = NULL;
    self->block_nbytes = 0;
    self->dtypes = NULL;
    if (!note_sizes(self))
        Py_CLEAR(self);
    return (PyObject *)self;
}

static void dealloc(PyObject *object)
{
    struct arrays *self = of(object);
    self->closed = true;
    free_if_unused(self);
    free(self->nbytes);
    free(self->offsets);
    Py_XDECREF(self->dtypes);
    FREE_INSTANCE(object);
}

/* A specification in the making: shapes are kept behind each other. */
struct specs {
    size_t count;
    struct shm_array_spec *specs;
    size_t *shapes;
    size_t used;
};

static bool to_shape(struct specs *s, struct shm_array_spec *spec, PyObject *shape)
{
    spec->shape = s->shapes + s->used;
    spec->ndim = (int)PyTuple_Size(shape);
    for (int i = 0; i < spec->ndim; i++)
        s->shapes[s->used++] = PyLong_AsSize_t(PyTuple_GetItem(shape, i));
    return !PyErr_Occurred();
}

/* (name, dtype, itemsize, shape), the name an integer or bytes, which belong to the caller. */
static bool to_spec(struct specs *s, size_t i, PyObject *entry)
{
    struct shm_array_spec *spec = &s->specs[i];
    PyObject *name, *shape;
    Py_ssize_t itemsize;
    if (!PyArg_ParseTuple(entry, "OinO!", &name, &spec->dtype, &itemsize, &PyTuple_Type,
                          &shape))
        return false;
    spec->itemsize = (size_t)itemsize;
    if (PyBytes_Check(name))
        spec->label = PyBytes_AsString(name);
    else if (!to_long(name, &spec->key))
        return false;
    return to_shape(s, spec, shape);
}

static bool take_specs(struct specs *s, PyObject *list)
{
    size_t ndims = 1;
    s->count = (size_t)PyList_Size(list);
    for (size_t i = 0; i < s->count; i++) {
        PyObject *entry = PyList_GetItem(list, (Py_ssize_t)i);
        Py_ssize_t n = PyTuple_Check(entry) && PyTuple_Size(entry) == 4
                           ? PySequence_Size(PyTuple_GetItem(entry, 3))
                           : 0;
        ndims += n > 0 ? (size_t)n : 0;
    }
    s->used = 0;
    s->specs = calloc(s->count + 1, sizeof *s->specs);
    s->shapes = calloc(ndims, sizeof *s->shapes);
    if (!s->specs || !s->shapes)
        PyErr_NoMemory();
    for (size_t i = 0; s->specs && s->shapes && i < s->count; i++)
        if (!to_spec(s, i, PyList_GetItem(list, (Py_ssize_t)i)))
            return false;
    return s->specs && s->shapes;
}

/* The first content: contiguous arrays of the right size, which the caller has seen to. */
static bool take_content(const struct specs *s, PyObject *data, Py_buffer *views,
                         const void **content)
{
    for (size_t i = 0; i < s->count; i++) {
        PyObject *array = PyList_GetItem(data, (Py_ssize_t)i);
        if (!array || PyObject_GetBuffer(array, &views[i], PyBUF_SIMPLE) < 0)
            return false;
        content[i] = views[i].buf;
    }
    return true;
}

static PyObject *create(struct state *state, const struct specs *s, PyObject *data, mode_t perm)
{
    struct shm_arrays *a = NULL;
    Py_buffer *views = calloc(s->count + 1, sizeof *views);
    const void **content = calloc(s->count + 1, sizeof *content);
    if (!views || !content)
        PyErr_NoMemory();
    else if (take_content(s, data, views, content)) {
        Py_BEGIN_ALLOW_THREADS
            a = shm_arrays_create(s->specs, s->count, content, perm);
        Py_END_ALLOW_THREADS
        if (!a)
            raise_failure(state);
    }
    for (size_t i = 0; views && i < s->count; i++)
        if (views[i].obj)
            PyBuffer_Release(&views[i]);
    free(views);
    free(content);
    return a ? wrap(state, a) : NULL;
}

PyObject *arrays_create(PyObject *module, const struct call *call)
{
    static const struct signature signature = {3, 3, {"specs", "data", "perm"}};
    PyObject *values[MOST_PARAMETERS], *made = NULL;
    struct specs s = {.specs = NULL};
    int perm;
    if (!take_arguments(call, &signature, values) || !to_int(values[2], &perm))
        return NULL;
    if (!PyList_Check(values[0]) || !PyList_Check(values[1]))
        PyErr_SetString(PyExc_TypeError, "lists of specs and of arrays are expected");
    else if (take_specs(&s, values[0]))
        made = create(MODULE_STATE(module), &s, values[1], (mode_t)perm);
    free(s.specs);
    free(s.shapes);
    return made;
}

PyObject *arrays_attach(PyObject *module, const struct call *call)
{
    static const struct signature signature = {1, 1, {"root_key"}};
    struct state *state = MODULE_STATE(module);
    PyObject *values[MOST_PARAMETERS];
    struct shm_arrays *a;
    key_t root;
    if (!take_arguments(call, &signature, values) || !to_key(values[0], &root))
        return NULL;
    do {
        Py_BEGIN_ALLOW_THREADS
            a = shm_arrays_attach(root);
        Py_END_ALLOW_THREADS
    } while (!a && errno == EINTR && !signals_raised());
    if (a) {
        postpone_exception();
        return wrap(state, a);
    }
    return PyErr_Occurred() ? NULL : raise_failure(state);
}

/* ---- What the set is ------------------------------------------------------------------- */

static PyObject *spec_of(const struct shm_array_spec *spec)
{
    PyObject *shape = PyTuple_New(spec->ndim);
    for (int i = 0; shape && i < spec->ndim; i++)
        PyTuple_SetItem(shape, i, PyLong_FromSize_t(spec->shape[i]));
    PyObject *name =
        spec->label ? PyBytes_FromString(spec->label) : PyLong_FromLongLong(spec->key);
    if (!shape || !name) {
        Py_XDECREF(shape);
        Py_XDECREF(name);
        return NULL;
    }
    return Py_BuildValue("(NinN)", name, spec->dtype, (Py_ssize_t)spec->itemsize, shape);
}

static PyObject *specs(PyObject *self, PyObject *unused)
{
    (void)unused;
    if (!arrays_enter(of(self)))
        return NULL;
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list && i < of(self)->count; i++) {
        PyObject *spec = spec_of(shm_arrays_spec(of(self)->a, i));
        if (!spec || PyList_Append(list, spec) < 0)
            Py_CLEAR(list);
        Py_XDECREF(spec);
    }
    arrays_leave(of(self));
    return list;
}

/* Keys as the other modules report them, unsigned. */
static PyObject *list_of(const struct shm_key_pair *pairs, size_t n)
{
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list && i < n; i++) {
        PyObject *pair = Py_BuildValue("(kk)", (unsigned long)(uint32_t)pairs[i].memory_key,
                                       (unsigned long)(uint32_t)pairs[i].semaphore_key);
        if (!pair || PyList_Append(list, pair) < 0)
            Py_CLEAR(list);
        Py_XDECREF(pair);
    }
    return list;
}

static PyObject *pairs_of(const struct shm_arrays *a)
{
    size_t n = shm_arrays_npartitions(a);
    struct shm_key_pair *pairs = calloc(n, sizeof *pairs);
    if (!pairs)
        return PyErr_NoMemory();
    shm_arrays_keys(a, pairs, n);
    PyObject *list = list_of(pairs, n);
    free(pairs);
    return list;
}

static PyObject *pairs(PyObject *self, PyObject *unused)
{
    (void)unused;
    if (!arrays_enter(of(self)))
        return NULL;
    PyObject *list = pairs_of(of(self)->a);
    arrays_leave(of(self));
    return list;
}

static PyObject *versions(PyObject *self, PyObject *unused)
{
    (void)unused;
    if (!arrays_enter(of(self)))
        return NULL;
    struct shm_arrays *a = of(self)->a;
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list && i < shm_arrays_npartitions(a); i++) {
        uint64_t version;
        PyObject *number = shm_arrays_version(a, i, &version) < 0
                               ? raise_failure(state_of(self))
                               : PyLong_FromUnsignedLongLong(version);
        if (!number || PyList_Append(list, number) < 0)
            Py_CLEAR(list);
        Py_XDECREF(number);
    }
    arrays_leave(of(self));
    return list;
}

/* ---- How this handle uses it ----------------------------------------------------------- */

static PyObject *settimeout(PyObject *self, PyObject *seconds)
{
    long milliseconds;
    if (!to_timeout(seconds, &milliseconds) || !arrays_enter(of(self)))
        return NULL;
    shm_arrays_settimeout(of(self)->a, milliseconds);
    arrays_leave(of(self));
    Py_RETURN_NONE;
}

/* expect(dtypes, offsets, nbytes): whose bytes are taken as they are, and where in a block. */
static PyObject *expect(PyObject *self, PyObject *args)
{
    struct arrays *a = of(self);
    PyObject *dtypes, *offsets;
    Py_ssize_t nbytes;
    if (!PyArg_ParseTuple(args, "O!O!n", &PyTuple_Type, &dtypes, &PyTuple_Type, &offsets,
                          &nbytes))
        return NULL;
    bool fits = (size_t)PyTuple_Size(dtypes) == a->count &&
                (size_t)PyTuple_Size(offsets) == a->count && nbytes >= 0;
    for (size_t i = 0; fits && i < a->count; i++) {
        size_t offset = PyLong_AsSize_t(PyTuple_GetItem(offsets, (Py_ssize_t)i));
        fits = !PyErr_Occurred() && offset <= (size_t)nbytes &&
               a->nbytes[i] <= (size_t)nbytes - offset;
        a->offsets[i] = offset;
    }
    if (!fits) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "an entry for each array is expected");
        return NULL;
    }
    a->block_nbytes = (size_t)nbytes;
    Py_INCREF(dtypes);
    Py_XDECREF(a->dtypes);
    a->dtypes = dtypes;
    Py_RETURN_NONE;
}

static PyObject *close_method(PyObject *self, PyObject *unused)
{
    (void)unused;
    of(self)->closed = true;
    free_if_unused(of(self));
    Py_RETURN_NONE;
}

static PyObject *remove_method(PyObject *self, PyObject *unused)
{
    (void)unused;
    int result, error;
    if (!arrays_enter(of(self)))
        return NULL;
    Py_BEGIN_ALLOW_THREADS
        result = shm_arrays_remove(of(self)->a);
        error = errno;
    Py_END_ALLOW_THREADS
    errno = error;
    if (result < 0)
        raise_failure(state_of(self));
    arrays_leave(of(self));
    if (result < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* ---- Reading and writing --------------------------------------------------------------- */

static int read_all(struct arrays *self, void **out)
{
    int result;
    do {
        Py_BEGIN_ALLOW_THREADS
            result = shm_arrays_read(self->a, out);
        Py_END_ALLOW_THREADS
        if (result == 0) {
            postpone_exception();
            return 1;
        }
    } while (arrays_again(state_of((PyObject *)self)) == 0);
    return -1;
}

static int write_all(struct arrays *self, void **data)
{
    int result;
    do {
        Py_BEGIN_ALLOW_THREADS
            result = shm_arrays_write(self->a, (const void *const *)data);
        Py_END_ALLOW_THREADS
        if (result == 0) {
            postpone_exception();
            return 1;
        }
    } while (arrays_again(state_of((PyObject *)self)) == 0);
    return -1;
}

static PyObject *answer(int result)
{
    return result < 0 ? NULL : PyBool_FromLong(result);
}

/* read(output): a block or a list; False if what is given has to be converted first. */
static PyObject *read_method(PyObject *self, PyObject *output)
{
    struct buffers b;
    if (!arrays_enter(of(self)))
        return NULL;
    int result = take_output(&b, of(self), output);
    if (result > 0) {
        result = read_all(of(self), b.pointers);
        drop_buffers(&b);
    }
    arrays_leave(of(self));
    return answer(result);
}

/* write(data): a list; False as above. */
static PyObject *write_method(PyObject *self, PyObject *data)
{
    struct buffers b;
    if (!arrays_enter(of(self)))
        return NULL;
    int result = take_buffers(&b, of(self), data, false);
    if (result > 0) {
        result = write_all(of(self), b.pointers);
        drop_buffers(&b);
    }
    arrays_leave(of(self));
    return answer(result);
}

static PyObject *get_closed(PyObject *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(of(self)->closed);
}

CALLABLE(arrays_update)
CALLABLE(arrays_update_with)
CALLABLE(arrays_view)

static PyMethodDef methods[] = {
    {"specs", specs, METH_NOARGS, "specs() -> list of (name, dtype, itemsize, shape)"},
    {"pairs", pairs, METH_NOARGS, "pairs() -> list of (memory key, semaphore key)"},
    {"versions", versions, METH_NOARGS, "versions() -> list of the partitions' versions"},
    {"settimeout", settimeout, METH_O, "settimeout(seconds) -> None; None: no limit"},
    {"expect", expect, METH_VARARGS, "expect(dtypes, offsets, nbytes) -> None"},
    {"close", close_method, METH_NOARGS, "close() -> None"},
    {"remove", remove_method, METH_NOARGS, "remove() -> None; removes the set's objects"},
    {"read", read_method, METH_O, "read(output) -> whether output could be used"},
    {"write", write_method, METH_O, "write(data) -> whether data could be used"},
    {"update", (PyCFunction)(void *)arrays_update_entry, CALL_FLAGS,
     "update(op, factor, data, output) -> whether both could be used"},
    {"update_with", (PyCFunction)(void *)arrays_update_with_entry, CALL_FLAGS,
     "update_with(step) -> None; step(index, old) gives the array that is stored"},
    {"view", (PyCFunction)(void *)arrays_view_entry, CALL_FLAGS,
     "view(indexes) -> a view, whose partitions are locked until it ends"},
    {"__reduce__", refuse_pickle, METH_NOARGS, NULL},
    {"__reduce_ex__", refuse_pickle, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef getset[] = {
    {"closed", get_closed, NULL, "whether close was called", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_dealloc, (void *)dealloc},
    {Py_tp_new, (void *)refuse_new},
    {Py_tp_methods, methods},
    {Py_tp_getset, getset},
    {Py_tp_doc, (void *)"A handle of a set of arrays, in bytes."},
    {0, NULL},
};

PyTypeObject *make_arrays_type(PyObject *module)
{
    static PyType_Spec spec = {.name = "libshm._shm.Arrays",
                               .basicsize = sizeof(struct arrays),
                               .flags = Py_TPFLAGS_DEFAULT,
                               .slots = slots};
    return (PyTypeObject *)TYPE_FROM_SPEC(module, &spec);
}
