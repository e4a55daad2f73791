/* The functions of the module. */
#include "compat/python/src/module.h"

#include <errno.h>

static struct state *state_of(PyObject *module)
{
    return MODULE_STATE(module);
}

enum { LEGACY_PERM = 0666 };

static bool to_perm(const struct state *state, PyObject *number, mode_t *out)
{
    int perm = LEGACY_PERM;
    if (number && !to_int(number, &perm))
        return false;
    *out = (mode_t)perm;
    if (perm & ~0777)
        raise_errno(state, EINVAL);
    return !(perm & ~0777);
}

static PyObject *create_memory(PyObject *module, const struct call *call)
{
    static const struct signature signature = {2, 3, {"key", "size", "perm"}};
    struct state *state = state_of(module);
    PyObject *values[MOST_PARAMETERS];
    key_t key;
    int64_t size;
    mode_t perm;
    if (!take_arguments(call, &signature, values) || !to_key(values[0], &key) ||
        !to_long(values[1], &size) || !to_perm(state, values[2], &perm))
        return NULL;
    if (size < 0)
        return raise_errno(state, EINVAL);
    struct shm_memory *m = shm_create_memory(key, (size_t)size, perm);
    return m ? wrap_memory(state, m) : raise_failure(state);
}

static PyObject *create_semaphore(PyObject *module, const struct call *call)
{
    static const struct signature signature = {1, 3, {"key", "value", "perm"}};
    struct state *state = state_of(module);
    PyObject *values[MOST_PARAMETERS];
    key_t key;
    int value = 1;
    mode_t perm;
    if (!take_arguments(call, &signature, values) || !to_key(values[0], &key) ||
        (values[1] && !to_int(values[1], &value)) || !to_perm(state, values[2], &perm))
        return NULL;
    struct shm_semaphore *s = shm_create_semaphore(key, value, perm);
    return s ? wrap_semaphore(state, s) : raise_failure(state);
}

static const struct signature key_signature = {1, 1, {"key"}};
static const struct signature id_signature = {1, 1, {"id"}};

static PyObject *find_id(PyObject *module, const struct call *call, int (*find)(key_t key))
{
    PyObject *values[MOST_PARAMETERS];
    key_t key;
    if (!take_arguments(call, &key_signature, values) || !to_key(values[0], &key))
        return NULL;
    int id = find(key);
    if (id >= 0)
        return Int_FromLong(id);
    if (errno != ENOENT)
        return raise_failure(state_of(module));
    PyErr_SetObject(PyExc_KeyError, values[0]);
    return NULL;
}

static PyObject *getshmid(PyObject *module, const struct call *call)
{
    return find_id(module, call, shm_getshmid);
}

static PyObject *getsemid(PyObject *module, const struct call *call)
{
    return find_id(module, call, shm_getsemid);
}

static PyObject *has_key(const struct call *call, int (*has)(key_t key))
{
    PyObject *values[MOST_PARAMETERS];
    key_t key;
    if (!take_arguments(call, &key_signature, values) || !to_key(values[0], &key))
        return NULL;
    return Int_FromLong(has(key));
}

static PyObject *memory_haskey(PyObject *module, const struct call *call)
{
    (void)module;
    return has_key(call, shm_memory_haskey);
}

static PyObject *semaphore_haskey(PyObject *module, const struct call *call)
{
    (void)module;
    return has_key(call, shm_semaphore_haskey);
}

static bool take_id(const struct call *call, int *id)
{
    PyObject *values[MOST_PARAMETERS];
    return take_arguments(call, &id_signature, values) && to_int(values[0], id);
}

/* Whatever the reason is, shm 1.2.2 said the same. */
static PyObject *memory(PyObject *module, const struct call *call)
{
    int id;
    if (!take_id(call, &id))
        return NULL;
    struct shm_memory *m = shm_memory(id);
    return m ? wrap_memory(state_of(module), m)
             : raise_message(state_of(module), "can't access shared memory segment");
}

static PyObject *semaphore(PyObject *module, const struct call *call)
{
    int id;
    if (!take_id(call, &id))
        return NULL;
    struct shm_semaphore *s = shm_semaphore(id);
    return s ? wrap_semaphore(state_of(module), s)
             : raise_message(state_of(module), "can't access semaphore");
}

static PyObject *remove_object(PyObject *module, const struct call *call, int (*take)(int id))
{
    int id;
    if (!take_id(call, &id))
        return NULL;
    if (take(id) < 0)
        return raise_failure(state_of(module));
    Py_RETURN_NONE;
}

static PyObject *remove_memory(PyObject *module, const struct call *call)
{
    return remove_object(module, call, shm_remove_memory);
}

static PyObject *remove_semaphore(PyObject *module, const struct call *call)
{
    return remove_object(module, call, shm_remove_semaphore);
}

/* A path as the system has it; str and, in Python 3, bytes and path objects. */
static PyObject *path_bytes(PyObject *path)
{
#if PY_MAJOR_VERSION >= 3
    PyObject *bytes = NULL;
    return PyUnicode_FSConverter(path, &bytes) ? bytes : NULL;
#else
    if (PyUnicode_Check(path))
        return PyUnicode_AsASCIIString(path);
    if (!PyString_Check(path)) {
        PyErr_SetString(PyExc_TypeError, "argument 1 must be string");
        return NULL;
    }
    Py_INCREF(path);
    return path;
#endif
}

static PyObject *ftok_function(PyObject *module, const struct call *call)
{
    static const struct signature signature = {2, 2, {"path", "id"}};
    PyObject *values[MOST_PARAMETERS];
    int id;
    if (!take_arguments(call, &signature, values) || !to_byte(values[1], &id))
        return NULL;
    PyObject *path = path_bytes(values[0]);
    if (!path)
        return NULL;
    errno = 0;
    key_t key = shm_ftok(PyBytes_AsString(path), id);
    int error = errno;
    Py_DECREF(path);
    errno = error;
    if (key == -1 && error != 0)
        return raise_failure(state_of(module));
    return Int_FromLong(key);
}

static PyObject *flag(bool value)
{
    return PyBool_FromLong(value);
}

static PyObject *options(PyObject *module, const struct call *call)
{
    static const struct signature signature = {0, 2, {"plain_bytes", "eintr"}};
    struct state *state = state_of(module);
    PyObject *values[MOST_PARAMETERS];
    bool plain_bytes = state->plain_bytes, eintr = state->eintr;
    if (!take_arguments(call, &signature, values) ||
        (values[0] && values[0] != Py_None && !to_flag(values[0], &plain_bytes)) ||
        (values[1] && values[1] != Py_None && !to_flag(values[1], &eintr)))
        return NULL;
    PyObject *before = Py_BuildValue("{sNsN}", "plain_bytes", flag(state->plain_bytes), "eintr",
                                     flag(state->eintr));
    if (before) {
        state->plain_bytes = plain_bytes;
        state->eintr = eintr;
    }
    return before;
}

static PyObject *version(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    return Text_FromString(shm_version());
}

static PyObject *backend(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    return Text_FromString(shm_backend());
}

CALLABLE(create_memory)
CALLABLE(create_semaphore)
CALLABLE(getshmid)
CALLABLE(getsemid)
CALLABLE(memory_haskey)
CALLABLE(semaphore_haskey)
CALLABLE(memory)
CALLABLE(semaphore)
CALLABLE(remove_memory)
CALLABLE(remove_semaphore)
CALLABLE(ftok_function)
CALLABLE(options)
CALLABLE(arrays_create)
CALLABLE(arrays_attach)

PyMethodDef module_functions[] = {
    {"create_memory", (PyCFunction)(void *)create_memory_entry, CALL_FLAGS,
     "create_memory(key, size[, perm=0666]) -> a new memory object under a free key"},
    {"create_semaphore", (PyCFunction)(void *)create_semaphore_entry, CALL_FLAGS,
     "create_semaphore(key[, value=1[, perm=0666]]) -> a new semaphore object under a free "
     "key"},
    {"getshmid", (PyCFunction)(void *)getshmid_entry, CALL_FLAGS,
     "getshmid(key) -> id of the segment with this key; KeyError if there is none"},
    {"getsemid", (PyCFunction)(void *)getsemid_entry, CALL_FLAGS,
     "getsemid(key) -> id of the semaphore with this key; KeyError if there is none"},
    {"memory_haskey", (PyCFunction)(void *)memory_haskey_entry, CALL_FLAGS,
     "memory_haskey(key) -> 1 if there is a segment with this key, else 0"},
    {"semaphore_haskey", (PyCFunction)(void *)semaphore_haskey_entry, CALL_FLAGS,
     "semaphore_haskey(key) -> 1 if there is a semaphore with this key, else 0"},
    {"memory", (PyCFunction)(void *)memory_entry, CALL_FLAGS,
     "memory(id) -> the memory object of this id"},
    {"semaphore", (PyCFunction)(void *)semaphore_entry, CALL_FLAGS,
     "semaphore(id) -> the semaphore object of this id"},
    {"remove_memory", (PyCFunction)(void *)remove_memory_entry, CALL_FLAGS,
     "remove_memory(id) -> None; removes the segment, which stays where it is attached"},
    {"remove_semaphore", (PyCFunction)(void *)remove_semaphore_entry, CALL_FLAGS,
     "remove_semaphore(id) -> None; removes the semaphore at once"},
    {"ftok", (PyCFunction)(void *)ftok_function_entry, CALL_FLAGS,
     "ftok(path, id) -> a key made from an existing file and a number, 0 to 255"},
    {"options", (PyCFunction)(void *)options_entry, CALL_FLAGS,
     "options(plain_bytes=None, eintr=None) -> dict of the settings before; sets what is "
     "given"},
    {"version", version, METH_NOARGS, "version() -> the version of the library"},
    {"backend", backend, METH_NOARGS, "backend() -> 'sysv' or 'posix', what it stands on"},
    {"_arrays_create", (PyCFunction)(void *)arrays_create_entry, CALL_FLAGS,
     "_arrays_create(specs, data, perm) -> the handle of a new set of arrays"},
    {"_arrays_attach", (PyCFunction)(void *)arrays_attach_entry, CALL_FLAGS,
     "_arrays_attach(root_key) -> a handle of an existing set of arrays"},
    {NULL, NULL, 0, NULL},
};
