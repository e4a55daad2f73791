/* Types from specs for CPython 2.7; nothing for 3, which has them. */
#include "compat/python/src/module.h"

#if PY_MAJOR_VERSION < 3

static void set_slot(PyTypeObject *type, PyBufferProcs *buffers, const PyType_Slot *slot)
{
    switch (slot->slot) {
    case Py_tp_dealloc:
        type->tp_dealloc = (destructor)slot->pfunc;
        break;
    case Py_tp_doc:
        type->tp_doc = slot->pfunc;
        break;
    case Py_tp_getattro:
        type->tp_getattro = (getattrofunc)slot->pfunc;
        break;
    case Py_tp_getset:
        type->tp_getset = slot->pfunc;
        break;
    case Py_tp_methods:
        type->tp_methods = slot->pfunc;
        break;
    case Py_tp_new:
        type->tp_new = (newfunc)slot->pfunc;
        break;
    case Py_tp_repr:
        type->tp_repr = (reprfunc)slot->pfunc;
        break;
    case Py_tp_setattro:
        type->tp_setattro = (setattrofunc)slot->pfunc;
        break;
    default:
        buffers->bf_getbuffer = (getbufferproc)slot->pfunc;
        type->tp_as_buffer = buffers;
        type->tp_flags |= Py_TPFLAGS_HAVE_NEWBUFFER;
        break;
    }
}

/* As a static type would be: it stays until the process ends. */
PyObject *python2_type(const PyType_Spec *spec)
{
    PyTypeObject *type = calloc(1, sizeof *type);
    PyBufferProcs *buffers = calloc(1, sizeof *buffers);
    if (!type || !buffers) {
        free(type);
        free(buffers);
        return PyErr_NoMemory();
    }
    Py_REFCNT(type) = 1;
    type->tp_name = spec->name;
    type->tp_basicsize = spec->basicsize;
    type->tp_flags = spec->flags;
    for (const PyType_Slot *slot = spec->slots; slot->slot; slot++)
        set_slot(type, buffers, slot);
    if (PyType_Ready(type) < 0)
        return NULL;
    return (PyObject *)type;
}

bool old_buffer(PyObject *data, Py_buffer *view)
{
    const void *bytes;
    Py_ssize_t nbytes;
    if (PyObject_AsReadBuffer(data, &bytes, &nbytes) < 0)
        return false;
    PyErr_Clear();
    return PyBuffer_FillInfo(view, data, (void *)bytes, nbytes, 1, PyBUF_SIMPLE) == 0;
}

#else

typedef int nothing_is_missing;

#endif
