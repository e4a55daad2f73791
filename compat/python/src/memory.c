/* Memory objects, the type `shared memory`. */
#include "compat/python/src/module.h"

#include <string.h>

struct memory {
    PyObject ob_base;
    struct shm_memory *m;
    int id;
    bool readonly; /* how it is attached, while it is */
};

static struct shm_memory *handle_of(PyObject *self)
{
    return ((struct memory *)self)->m;
}

static struct state *state_of(PyObject *self)
{
    return TYPE_STATE(Py_TYPE(self));
}

/* The handle belongs to the process: the same id gives the same one, and here the same object. */
PyObject *wrap_memory(struct state *state, struct shm_memory *m)
{
    int id;
    if (shm_memory_shmid(m, &id) < 0) {
        raise_failure(state);
        shm_memory_free(m);
        return NULL;
    }
    PyObject *known = find_object(state->memories, id);
    if (known || PyErr_Occurred()) {
        shm_memory_free(m);
        return known;
    }
    struct memory *self = PyObject_New(struct memory, state->memory);
    if (!self) {
        shm_memory_free(m);
        return NULL;
    }
    self->m = m;
    self->id = id;
    self->readonly = false;
    if (!enter_object(state->memories, id, (PyObject *)self))
        Py_CLEAR(self);
    return (PyObject *)self;
}

/* The mapping stays: somebody may have its address. */
static void dealloc(PyObject *self)
{
    forget_object(state_of(self)->memories, ((struct memory *)self)->id);
    shm_memory_free(handle_of(self));
    FREE_INSTANCE(self);
}

static PyObject *done(PyObject *self, int result)
{
    if (result < 0)
        return raise_failure(state_of(self));
    Py_RETURN_NONE;
}

static PyObject *attach(PyObject *self, const struct call *call)
{
    static const struct signature signature = {0, 2, {"address", "how", "readonly"}};
    PyObject *values[MOST_PARAMETERS];
    int64_t address = 0;
    int how = 0;
    bool readonly = false;
    if (!take_arguments(call, &signature, values) ||
        (values[0] && !to_long(values[0], &address)) ||
        (values[1] && !to_int(values[1], &how)) ||
        (values[2] && !to_flag(values[2], &readonly)))
        return NULL;
    if (readonly)
        how |= LIBSHM_RDONLY;
    if (shm_memory_attach(handle_of(self), (void *)(intptr_t)address, how) < 0)
        return raise_failure(state_of(self));
    ((struct memory *)self)->readonly = how & LIBSHM_RDONLY;
    Py_RETURN_NONE;
}

static PyObject *detach(PyObject *self, const struct call *call)
{
    static const struct signature signature = {0, 0, {NULL}};
    PyObject *values[MOST_PARAMETERS];
    if (!take_arguments(call, &signature, values))
        return NULL;
    return done(self, shm_memory_detach(handle_of(self)));
}

/*
 * The bytes go from the segment into the object directly. An instance of a subclass can only be
 * made by the type's own allocation.
 */
static PyObject *make_bytes(PyObject *type, Py_ssize_t nbytes)
{
    if (!type)
        return PyBytes_FromStringAndSize(NULL, nbytes);
    return ALLOCATE((PyTypeObject *)type, nbytes);
}

/* What reaches past the end is refused before room is made for it. */
static bool fits(struct shm_memory *m, size_t nbytes, size_t offset)
{
    enum { SMALL = 65536 };
    size_t size;
    if (nbytes <= SMALL)
        return true;
    return shm_memory_size(m, &size) == 0 && offset <= size && nbytes <= size - offset;
}

static PyObject *read_bytes(PyObject *self, PyObject *type, size_t nbytes, size_t offset)
{
    struct shm_memory *m = handle_of(self);
    if (!fits(m, nbytes, offset)) {
        if (shm_memory_read(m, NULL, SIZE_MAX, offset) < 0)
            return raise_failure(state_of(self));
    }
    PyObject *bytes = make_bytes(type, (Py_ssize_t)nbytes);
    if (bytes && shm_memory_read(m, PyBytes_AsString(bytes), nbytes, offset) < 0) {
        Py_DECREF(bytes);
        return raise_failure(state_of(self));
    }
    return bytes;
}

/* Negative numbers are past the end, wherever that is: the library has the text for it. */
static size_t to_size(int64_t number)
{
    return number < 0 || (uint64_t)number > SIZE_MAX ? SIZE_MAX : (size_t)number;
}

static PyObject *read_method(PyObject *self, const struct call *call)
{
    static const struct signature signature = {1, 2, {"nbytes", "offset", "plain"}};
    const struct state *state = state_of(self);
    PyObject *values[MOST_PARAMETERS];
    int64_t nbytes, offset = 0;
    bool plain = state->plain_bytes;
    if (!take_arguments(call, &signature, values) || !to_long(values[0], &nbytes) ||
        (values[1] && !to_long(values[1], &offset)) ||
        (values[2] && values[2] != Py_None && !to_flag(values[2], &plain)))
        return NULL;
    if (offset < 0)
        nbytes = -1;
    return read_bytes(self, plain ? NULL : state->text, to_size(nbytes), to_size(offset));
}

/* What may be written: text, or anything that has bytes in one piece. */
static bool take_bytes(PyObject *data, Py_buffer *view, PyObject **encoded)
{
    *encoded = NULL;
    if (PyUnicode_Check(data)) {
        *encoded = Text_AsLatin1(data);
        return *encoded && PyObject_GetBuffer(*encoded, view, PyBUF_SIMPLE) == 0;
    }
    if (PyObject_GetBuffer(data, view, PyBUF_ANY_CONTIGUOUS) == 0 || old_buffer(data, view))
        return true;
    const char *wanted = PyErr_ExceptionMatches(PyExc_TypeError)
                             ? "string or read-only buffer"
                             : "string or single-segment read-only buffer";
    PyErr_Clear();
    PyObject *type = data == Py_None
                         ? Text_FromString("None")
                         : PyObject_GetAttrString((PyObject *)Py_TYPE(data), "__name__");
    PyObject *message = type ? Text_FromString("argument 1 must be %s, not %s") : NULL;
    PyObject *words = message ? Py_BuildValue("(sN)", wanted, type) : NULL;
    PyObject *text = words ? PyNumber_Remainder(message, words) : NULL;
    if (text)
        PyErr_SetObject(PyExc_TypeError, text);
    Py_XDECREF(text);
    Py_XDECREF(words);
    Py_XDECREF(message);
    return false;
}

static PyObject *write_method(PyObject *self, const struct call *call)
{
    static const struct signature signature = {1, 2, {"data", "offset"}};
    PyObject *values[MOST_PARAMETERS], *encoded;
    int64_t offset = 0;
    Py_buffer view;
    if (!take_arguments(call, &signature, values) ||
        (values[1] && !to_long(values[1], &offset)))
        return NULL;
    if (!take_bytes(values[0], &view, &encoded)) {
        Py_XDECREF(encoded);
        return NULL;
    }
    size_t nbytes = offset < 0 ? SIZE_MAX : (size_t)view.len;
    int result = shm_memory_write(handle_of(self), view.buf, nbytes, to_size(offset));
    PyObject *answer = done(self, result);
    PyBuffer_Release(&view);
    Py_XDECREF(encoded);
    return answer;
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
    return done(self, shm_memory_setperm(handle_of(self), (mode_t)(perm & 0777)));
}

static PyObject *setuid_method(PyObject *self, const struct call *call)
{
    static const struct signature signature = {1, 1, {"uid"}};
    int64_t uid;
    if (!take_number(call, &signature, &uid))
        return NULL;
    return done(self, shm_memory_setuid(handle_of(self), (uid_t)uid));
}

static PyObject *setgid_method(PyObject *self, const struct call *call)
{
    static const struct signature signature = {1, 1, {"gid"}};
    int64_t gid;
    if (!take_number(call, &signature, &gid))
        return NULL;
    return done(self, shm_memory_setgid(handle_of(self), (gid_t)gid));
}

CALLABLE(attach)
CALLABLE(detach)
CALLABLE(read_method)
CALLABLE(write_method)
CALLABLE(setperm)
CALLABLE(setuid_method)
CALLABLE(setgid_method)

static PyMethodDef methods[] = {
    {"attach", (PyCFunction)(void *)attach_entry, CALL_FLAGS,
     "attach([address=0[, how=0]], readonly=False) -> None; maps the segment into this "
     "process"},
    {"detach", (PyCFunction)(void *)detach_entry, CALL_FLAGS,
     "detach() -> None; releases the mapping, if there is one"},
    {"read", (PyCFunction)(void *)read_method_entry, CALL_FLAGS,
     "read(nbytes[, offset=0], plain=None) -> a copy of these bytes"},
    {"write", (PyCFunction)(void *)write_method_entry, CALL_FLAGS,
     "write(data[, offset=0]) -> None; copies the data into the segment"},
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

/* One function for each member: Python 2 tells int from long, so do the types here. */
typedef PyObject *(*member)(const struct shm_memory_status *status);

static PyObject *addr(const struct shm_memory_status *s)
{
    if (!s->addr)
        Py_RETURN_NONE;
    return Int_FromLong((long)(intptr_t)s->addr);
}

static PyObject *attached(const struct shm_memory_status *s)
{
    return Int_FromLong(s->attached);
}

static PyObject *nattch(const struct shm_memory_status *s)
{
    return Int_FromLong((long)s->nattch);
}

static PyObject *perm(const struct shm_memory_status *s)
{
    return Int_FromLong((long)s->perm);
}

static PyObject *key(const struct shm_memory_status *s)
{
    return PyLong_FromUnsignedLong(s->key);
}

static PyObject *size(const struct shm_memory_status *s)
{
    return PyLong_FromSize_t(s->size);
}

static PyObject *shmid(const struct shm_memory_status *s)
{
    return PyLong_FromLong(s->shmid);
}

static PyObject *uid(const struct shm_memory_status *s)
{
    return PyLong_FromUnsignedLong(s->uid);
}

static PyObject *gid(const struct shm_memory_status *s)
{
    return PyLong_FromUnsignedLong(s->gid);
}

static PyObject *cuid(const struct shm_memory_status *s)
{
    return PyLong_FromUnsignedLong(s->cuid);
}

static PyObject *cgid(const struct shm_memory_status *s)
{
    return PyLong_FromUnsignedLong(s->cgid);
}

static PyObject *cpid(const struct shm_memory_status *s)
{
    return PyLong_FromLong(s->cpid);
}

static PyObject *lpid(const struct shm_memory_status *s)
{
    return PyLong_FromLong(s->lpid);
}

static const member members[] = {addr, attached, nattch, perm, key,  size, shmid,
                                 uid,  gid,      cuid,   cgid, cpid, lpid};

/* `which` points into the list above. */
static PyObject *get_member(PyObject *self, void *which)
{
    struct shm_memory_status status;
    if (shm_memory_stat(handle_of(self), &status) < 0)
        return raise_failure(state_of(self));
    return (*(const member *)which)(&status);
}

#define MEMBER(name, place, text)                                                              \
    {                                                                                          \
        name, get_member, NULL, text, (void *)&members[place]                                  \
    }

static PyGetSetDef getset[] = {
    MEMBER("addr", 0, "address of the mapping, None when detached"),
    MEMBER("attached", 1, "1 if attached, else 0"),
    MEMBER("nattch", 2, "attaches of all processes"),
    MEMBER("perm", 3, "the nine permission bits"),
    MEMBER("key", 4, "the key; 0: private"),
    MEMBER("size", 5, "bytes"),
    MEMBER("shmid", 6, "the id"),
    MEMBER("uid", 7, "user id of the owner"),
    MEMBER("gid", 8, "group id of the owner"),
    MEMBER("cuid", 9, "user id of the creator"),
    MEMBER("cgid", 10, "group id of the creator"),
    MEMBER("cpid", 11, "process id of the creator"),
    MEMBER("lpid", 12, "process id of the last attach or detach"),
    {NULL, NULL, NULL, NULL, NULL},
};

/* Asking for an attribute verifies the object, whether or not there is such an attribute. */
static PyObject *getattro(PyObject *self, PyObject *name)
{
    struct shm_memory_status status;
    PyObject *value = PyObject_GenericGetAttr(self, name);
    if (value || !PyErr_ExceptionMatches(PyExc_AttributeError))
        return value;
    PyErr_Clear();
    if (shm_memory_stat(handle_of(self), &status) < 0)
        return raise_failure(state_of(self));
    return no_attribute(name);
}

static PyObject *repr(PyObject *self)
{
    struct shm_memory_status s;
    if (shm_memory_stat(handle_of(self), &s) < 0)
        return raise_failure(state_of(self));
    if (!s.attached)
        return Text_FromFormat("<detached shared memory object, id=%d, size=%zd, addr=None>",
                               s.shmid, (Py_ssize_t)s.size);
    char address[32];
    PyOS_snprintf(address, sizeof address, "0x%lx", (unsigned long)(uintptr_t)s.addr);
    return Text_FromFormat("<attached %s shared memory object, id=%d, size=%zd, addr=%s>",
                           ((struct memory *)self)->readonly ? "RO" : "R/W", s.shmid,
                           (Py_ssize_t)s.size, address);
}

static PyType_Slot slots[] = {
    {Py_tp_dealloc, (void *)dealloc},
    {Py_tp_repr, (void *)repr},
    {Py_tp_getattro, (void *)getattro},
    {Py_tp_setattro, (void *)refuse_setattr},
    {Py_tp_new, (void *)refuse_new},
    {Py_tp_methods, methods},
    {Py_tp_getset, getset},
    {Py_tp_doc,
     (void *)"A shared memory segment. There is one object for each id in a process."},
    {0, NULL},
};

PyTypeObject *make_memory_type(PyObject *module)
{
    static PyType_Spec spec = {.name = "shm.shared memory",
                               .basicsize = sizeof(struct memory),
                               .flags = Py_TPFLAGS_DEFAULT,
                               .slots = slots};
    return (PyTypeObject *)TYPE_FROM_SPEC(module, &spec);
}
