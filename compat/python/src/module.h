/* What the files of the extension share: the module's state, arguments, failures, the types. */
#ifndef LIBSHM_PYTHON_MODULE_H
#define LIBSHM_PYTHON_MODULE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>
#include <stdint.h>

#include "compat/python/src/python2.h"
#include "libshm/arrays.h"
#include "libshm/shm.h"

struct state {
    PyObject *error;      /* shm.error */
    PyObject *text;       /* Python 3: what read returns; NULL: bytes */
    PyObject *dtype_name; /* "dtype", which is asked for often */
    PyTypeObject *memory; /* the types */
    PyTypeObject *semaphore;
    PyTypeObject *arrays;
    PyTypeObject *span;
    PyTypeObject *view;
    PyObject *memories; /* living objects by id: numbers that are their addresses */
    PyObject *semaphores;
    bool plain_bytes; /* the switches of shm.options */
    bool eintr;
};

/* The arguments of one call; module functions and methods have the same signature. */
struct call {
    PyObject *const *values;
    Py_ssize_t count; /* those without a name */
    PyObject *names;
};
typedef PyObject *(*callable)(PyObject *self, const struct call *call);

/*
 * args.c: arguments by position or name, and numbers by the rules of legacy.md section 1. All
 * return false with an exception set.
 */
enum { MOST_PARAMETERS = 4 };

struct signature {
    int required; /* parameters that must be given */
    int legacy;   /* those that may be given by position; the others have a name */
    const char *names[MOST_PARAMETERS + 1];
};
/* `values` receives borrowed references, NULL for what was not given. */
bool take_arguments(const struct call *call, const struct signature *signature,
                    PyObject *values[MOST_PARAMETERS]);
bool to_long(PyObject *number, int64_t *out); /* the range of a C long of 64 bits */
bool to_int(PyObject *number, int *out);
bool to_key(PyObject *number, key_t *out); /* the low 32 bits */
bool to_byte(PyObject *number, int *out);
bool to_flag(PyObject *value, bool *out); /* any truth value */
/* Seconds, or None: milliseconds, -1 for no limit. */
bool to_timeout(PyObject *seconds, long *milliseconds);

/* failure.c: exceptions from what the library says about its last failure. NULL. */
PyObject *raise_failure(const struct state *state);
PyObject *raise_errno(const struct state *state, int error);
PyObject *raise_message(const struct state *state, const char *message);

/* interrupt.c: Python's signal handlers, and calls that wait. */
void watch_for_signals(void); /* once, for the process */
bool in_main_thread(void);    /* where Python runs its handlers */
bool signals_raised(void);    /* after EINTR: an exception is set */
/* After success: what a handler has raised meanwhile comes as if the signal had come now. */
void postpone_exception(void);

/* memory.c, semaphore.c */
PyTypeObject *make_memory_type(PyObject *module);
PyTypeObject *make_semaphore_type(PyObject *module);
PyObject *wrap_memory(struct state *state, struct shm_memory *m); /* takes the reference */
PyObject *wrap_semaphore(struct state *state, struct shm_semaphore *s);

/* objects.c: what memory and semaphore objects have in common. */
PyObject *find_object(PyObject *cache, int id); /* a new reference, or NULL without exception */
bool enter_object(PyObject *cache, int id, PyObject *object);
void forget_object(PyObject *cache, int id);
PyObject *refuse_new(PyTypeObject *type, PyObject *args, PyObject *keywords);
PyObject *refuse_pickle(PyObject *self, PyObject *unused);
int refuse_setattr(PyObject *self, PyObject *name, PyObject *value);
/* Replaces an AttributeError that is being raised by the legacy's, whose argument is `name`. */
PyObject *no_attribute(PyObject *name);

/* functions.c: the module's functions. */
extern PyMethodDef module_functions[];

/* buffers.c: the bytes of a sequence of arrays. */
struct buffers {
    size_t count;
    void **pointers; /* NULL for an entry that is None */
    Py_buffer *views;
    void *few_pointers[32];
    Py_buffer few_views[32];
};

/* arrays.c, arrays_update.c, arrays_view.c: the native handle of a set of arrays. */
struct arrays {
    PyObject ob_base;
    struct shm_arrays *a; /* NULL: freed */
    Py_ssize_t users;     /* running calls, buffers and views: what keeps the mappings */
    bool closed;
    size_t count;
    size_t *nbytes;  /* of each array */
    size_t *offsets; /* of each array in a block that holds all of them */
    size_t block_nbytes;
    PyObject *dtypes; /* a tuple: what arrays have whose bytes can be taken as they are */
};
PyTypeObject *make_arrays_type(PyObject *module);
PyTypeObject *make_span_type(PyObject *module);
PyTypeObject *make_view_type(PyObject *module);
PyObject *arrays_create(PyObject *module, const struct call *call);
PyObject *arrays_attach(PyObject *module, const struct call *call);
PyObject *arrays_update(PyObject *object, const struct call *call);
PyObject *arrays_update_with(PyObject *object, const struct call *call);
PyObject *arrays_view(PyObject *object, const struct call *call);
bool arrays_enter(struct arrays *self); /* false, with ValueError: it is closed */
void arrays_leave(struct arrays *self);
/* Bytes of the set, read-only, which keep it mapped. */
PyObject *make_span(struct state *state, struct arrays *owner, const void *start,
                    size_t nbytes);

/*
 * 1: every entry is None or an array of the set's own type and shape, contiguous (and writable
 * if wished). 0: some are not, and have to be converted. -1: an exception is set.
 */
int take_buffers(struct buffers *b, struct arrays *a, PyObject *arrays, bool writable);
/* The same for one block in which all arrays lie at their offsets, or for a sequence. */
int take_output(struct buffers *b, struct arrays *a, PyObject *output);
void drop_buffers(struct buffers *b);

/*
 * The library's call went wrong: 0, it was a signal whose handlers have run, try again;
 * otherwise -1 with an exception.
 */
int arrays_again(struct state *state);

#endif
