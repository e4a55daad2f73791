/*
 * What CPython 2.7 lacks of the interface of 3, for the one source that serves both: types from a
 * spec, modules in phases with a state, and the names of numbers and texts.
 */
#ifndef LIBSHM_PYTHON2_H
#define LIBSHM_PYTHON2_H

#include <Python.h>
#include <stdbool.h>

#if PY_MAJOR_VERSION >= 3

/* METH_FASTCALL hands over an array of values and a tuple of the names of the last ones. */
#define CALLABLE(function)                                                                     \
    static PyObject *function##_entry(PyObject *self, PyObject *const *values,                 \
                                      Py_ssize_t count, PyObject *names)                       \
    {                                                                                          \
        return function(self, &(struct call){values, count, names});                           \
    }
#define CALL_FLAGS                   (METH_FASTCALL | METH_KEYWORDS)
#define MODULE_STATE(module)         PyModule_GetState(module)
#define TYPE_STATE(type)             PyType_GetModuleState(type)
#define TYPE_FROM_SPEC(module, spec) PyType_FromModuleAndSpec(module, spec, NULL)
/* An instance holds a reference to its type. */
#define FREE_INSTANCE(self)                                                                    \
    do {                                                                                       \
        PyTypeObject *type_of_it = Py_TYPE(self);                                              \
        PyObject_Free(self);                                                                   \
        Py_DECREF(type_of_it);                                                                 \
    } while (0)
#define ALLOCATE(type, nitems) ((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, nitems)
#define old_buffer(data, view) false
#define Int_FromLong           PyLong_FromLong
#define TO_INTEGER             PyNumber_Long
#define Text_FromString        PyUnicode_FromString
#define Text_FromFormat        PyUnicode_FromFormat
#define Text_AsLatin1          PyUnicode_AsLatin1String
/* Free-threaded interpreters enable their lock: the handles count on it. */
#ifdef Py_mod_gil
#define GIL_SLOT {Py_mod_gil, Py_MOD_GIL_USED},
#else
#define GIL_SLOT
#endif
#define DEFINE_MODULE(name, table, prepare, size, traverse, clear)                             \
    static PyModuleDef_Slot name##_slots[] = {{Py_mod_exec, (void *)prepare},                  \
                                              GIL_SLOT{0, NULL}};                              \
    static struct PyModuleDef name##_definition = {                                            \
        .m_base = PyModuleDef_HEAD_INIT,                                                       \
        .m_name = #name,                                                                       \
        .m_size = size,                                                                        \
        .m_methods = table,                                                                    \
        .m_slots = name##_slots,                                                               \
        .m_traverse = traverse,                                                                \
        .m_clear = clear,                                                                      \
    };                                                                                         \
    PyMODINIT_FUNC PyInit_##name(void);                                                        \
    PyMODINIT_FUNC PyInit_##name(void)                                                         \
    {                                                                                          \
        return PyModuleDef_Init(&name##_definition);                                           \
    }

#else

/* Its headers declare texts that nobody changes without const. */
#pragma GCC diagnostic ignored "-Wwrite-strings"
#pragma GCC diagnostic ignored "-Wdiscarded-qualifiers"

/* The dictionary of keyword arguments stands in the place of the names. */
#define CALLABLE(function)                                                                     \
    static PyObject *function##_entry(PyObject *self, PyObject *args, PyObject *keywords)      \
    {                                                                                          \
        return function(self, &(struct call){&PyTuple_GET_ITEM(args, 0),                       \
                                             PyTuple_GET_SIZE(args), keywords});               \
    }
#define CALL_FLAGS                   (METH_VARARGS | METH_KEYWORDS)
#define MODULE_STATE(module)         ((void)(module), &python2_state)
#define TYPE_STATE(type)             ((void)(type), &python2_state)
#define TYPE_FROM_SPEC(module, spec) ((void)(module), python2_type(spec))
#define ALLOCATE(type, nitems)       (type)->tp_alloc(type, nitems)
#define FREE_INSTANCE(self)          PyObject_Del(self)
#define PyLong_AsSize_t              (size_t) PyInt_AsSsize_t
#define Int_FromLong                 PyInt_FromLong
#define TO_INTEGER                   PyNumber_Int
#define Text_FromString              PyString_FromString
#define Text_FromFormat              PyString_FromFormat
/* Text is written as shm 1.2.2 did: what is not ASCII is refused. */
#define Text_AsLatin1                PyUnicode_AsASCIIString
#define DEFINE_MODULE(name, table, prepare, size, traverse, clear)                             \
    struct state python2_state;                                                                \
    LIBSHM_API PyMODINIT_FUNC init##name(void);                                                \
    PyMODINIT_FUNC init##name(void)                                                            \
    {                                                                                          \
        PyObject *module = Py_InitModule(#name, table);                                        \
        (void)traverse;                                                                        \
        (void)clear;                                                                           \
        if (module != NULL)                                                                    \
            (void)prepare(module);                                                             \
    }

/* The few kinds of slots that the types here have. */
enum {
    Py_tp_dealloc = 1,
    Py_tp_doc,
    Py_tp_getattro,
    Py_tp_getset,
    Py_tp_methods,
    Py_tp_new,
    Py_tp_repr,
    Py_tp_setattro,
    Py_bf_getbuffer,
};
typedef struct {
    int slot;
    void *pfunc;
} PyType_Slot;
typedef struct {
    const char *name;
    int basicsize;
    int itemsize;
    unsigned int flags;
    PyType_Slot *slots;
} PyType_Spec;

PyObject *python2_type(const PyType_Spec *spec);

/* The bytes of what has the buffer interface of Python 2 only, such as array.array. */
bool old_buffer(PyObject *data, Py_buffer *view);

struct state;
extern struct state python2_state;

#endif
#endif
