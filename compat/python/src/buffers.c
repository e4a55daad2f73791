/*
 * The bytes of arrays, by the buffer protocol. Those that are of the set's own types and in one
 * piece are used where they are; whether they are, is all that is asked about them here.
 */
#include "compat/python/src/module.h"

#include <stdlib.h>
#include <string.h>

enum { FEW = sizeof((struct buffers *)0)->few_pointers / sizeof(void *) };

static bool make_room(struct buffers *b, size_t count)
{
    b->count = count;
    b->pointers = b->few_pointers;
    b->views = b->few_views;
    if (count > FEW) {
        b->pointers = malloc(count * sizeof *b->pointers);
        b->views = malloc(count * sizeof *b->views);
    }
    if (!b->pointers || !b->views) {
        b->count = 0;
        drop_buffers(b);
        PyErr_NoMemory();
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        b->pointers[i] = NULL;
        b->views[i].obj = NULL;
    }
    return true;
}

void drop_buffers(struct buffers *b)
{
    for (size_t i = 0; i < b->count; i++)
        if (b->views[i].obj)
            PyBuffer_Release(&b->views[i]);
    if (b->pointers != b->few_pointers)
        free(b->pointers);
    if (b->views != b->few_views)
        free(b->views);
}

static bool has_dtype(const struct state *state, PyObject *array, PyObject *dtype)
{
    PyObject *found = PyObject_GetAttr(array, state->dtype_name);
    Py_XDECREF(found); /* the set holds one of its own, if it is the same */
    if (!found)
        PyErr_Clear();
    return found == dtype;
}

static bool has_shape(const Py_buffer *view, const struct shm_array_spec *spec)
{
    bool same = view->ndim == spec->ndim;
    for (int i = 0; same && i < view->ndim; i++)
        same = (size_t)view->shape[i] == spec->shape[i];
    return same;
}

/* Without PyBUF_FORMAT, which numpy would have to compose, and would refuse for dates. */
static bool take_one(const struct state *state, struct buffers *b, const struct arrays *a,
                     size_t i, PyObject *array, bool writable)
{
    int flags = PyBUF_ND | (writable ? PyBUF_WRITABLE : 0);
    if (array == Py_None)
        return true;
    if (!has_dtype(state, array, PyTuple_GetItem(a->dtypes, (Py_ssize_t)i)))
        return false;
    if (PyObject_GetBuffer(array, &b->views[i], flags) < 0) {
        PyErr_Clear();
        b->views[i].obj = NULL;
        return false;
    }
    b->pointers[i] = b->views[i].buf;
    return (size_t)b->views[i].len == a->nbytes[i] &&
           has_shape(&b->views[i], shm_arrays_spec(a->a, i));
}

static bool is_ready(const struct arrays *a)
{
    if (!a->dtypes)
        PyErr_SetString(PyExc_RuntimeError, "the types of the arrays were not told: expect()");
    return a->dtypes != NULL;
}

int take_buffers(struct buffers *b, struct arrays *a, PyObject *arrays, bool writable)
{
    const struct state *state = TYPE_STATE(Py_TYPE((PyObject *)a));
    PyObject *items = is_ready(a) ? PySequence_List(arrays) : NULL;
    if (!items)
        return -1;
    bool simple = (size_t)PyList_Size(items) == a->count;
    if (!simple || !make_room(b, a->count)) {
        Py_DECREF(items);
        return simple ? -1 : 0;
    }
    for (size_t i = 0; simple && i < a->count; i++)
        simple = take_one(state, b, a, i, PyList_GetItem(items, (Py_ssize_t)i), writable);
    Py_DECREF(items);
    if (!simple)
        drop_buffers(b);
    return simple;
}

static int take_block(struct buffers *b, struct arrays *a, PyObject *block)
{
    Py_buffer view;
    if (PyObject_GetBuffer(block, &view, PyBUF_WRITABLE) < 0)
        return -1;
    if (!make_room(b, a->count)) {
        PyBuffer_Release(&view);
        return -1;
    }
    b->views[0] = view;
    if ((size_t)view.len != a->block_nbytes) {
        drop_buffers(b);
        return 0;
    }
    for (size_t i = 0; i < a->count; i++)
        b->pointers[i] = (char *)view.buf + a->offsets[i];
    return 1;
}

int take_output(struct buffers *b, struct arrays *a, PyObject *output)
{
    if (PyList_Check(output) || PyTuple_Check(output))
        return take_buffers(b, a, output, true);
    return is_ready(a) ? take_block(b, a, output) : -1;
}
