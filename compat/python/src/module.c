/*
 * The extension: the module `shm`, and beside it the native handles that SHMArrays is made of.
 * One source for CPython 2.7 and 3 (python2.h).
 */
#include "compat/python/src/module.h"

/* A new reference to what a module of the package defines. */
static PyObject *from_package(const char *module_name, const char *name)
{
    PyObject *module = PyImport_ImportModule(module_name);
    PyObject *object = module ? PyObject_GetAttrString(module, name) : NULL;
    Py_XDECREF(module);
    return object;
}

static bool add_constants(PyObject *module)
{
    return PyModule_AddIntConstant(module, "IPC_PRIVATE", LIBSHM_PRIVATE) == 0 &&
           PyModule_AddIntConstant(module, "SHM_RDONLY", LIBSHM_RDONLY) == 0 &&
           PyModule_AddIntConstant(module, "SHM_RND", LIBSHM_RND) == 0 &&
           PyModule_AddIntConstant(module, "SHMLBA", (long)shm_lba()) == 0 &&
           PyModule_AddIntConstant(module, "SHM_R", LIBSHM_R) == 0 &&
           PyModule_AddIntConstant(module, "SHM_W", LIBSHM_W) == 0 &&
           PyModule_AddStringConstant(module, "__doc__",
                                      "Interface to System V shared memory IPC") == 0;
}

static bool make_types(PyObject *module, struct state *state)
{
    return (state->memory = make_memory_type(module)) &&
           (state->semaphore = make_semaphore_type(module)) &&
           (state->arrays = make_arrays_type(module)) &&
           (state->span = make_span_type(module)) && (state->view = make_view_type(module));
}

/* What read returns; Python 2 has the type already. */
static bool take_text(struct state *state)
{
    if (PY_MAJOR_VERSION >= 3)
        state->text = from_package("libshm._text", "Text");
    return state->text || PY_MAJOR_VERSION < 3;
}

static int prepare(PyObject *module)
{
    struct state *state = MODULE_STATE(module);
    state->eintr = PY_MAJOR_VERSION < 3;
    if (!(state->error = from_package("libshm._error", "error")) || !take_text(state) ||
        !(state->dtype_name = Text_FromString("dtype")) || !(state->memories = PyDict_New()) ||
        !(state->semaphores = PyDict_New()) || !make_types(module, state) ||
        !add_constants(module))
        return -1;
    watch_for_signals();
    return PyObject_SetAttrString(module, "error", state->error);
}

static int traverse(PyObject *module, visitproc visit, void *arg)
{
    struct state *state = MODULE_STATE(module);
    Py_VISIT(state->error);
    Py_VISIT(state->text);
    Py_VISIT(state->memory);
    Py_VISIT(state->semaphore);
    Py_VISIT(state->arrays);
    Py_VISIT(state->span);
    Py_VISIT(state->view);
    return 0;
}

/* The caches are numbers only: objects that outlive the module find them gone. */
static int clear(PyObject *module)
{
    struct state *state = MODULE_STATE(module);
    Py_CLEAR(state->error);
    Py_CLEAR(state->text);
    Py_CLEAR(state->dtype_name);
    Py_CLEAR(state->memory);
    Py_CLEAR(state->semaphore);
    Py_CLEAR(state->arrays);
    Py_CLEAR(state->span);
    Py_CLEAR(state->view);
    Py_CLEAR(state->memories);
    Py_CLEAR(state->semaphores);
    return 0;
}

DEFINE_MODULE(_shm, module_functions, prepare, sizeof(struct state), traverse, clear)
