/* From -1 and errno to shm.error. */
#include "compat/python/src/module.h"

#include <errno.h>
#include <string.h>

/* All texts that shm 1.2.2 raised without an errno. */
static const char *const messages[] = {
    "can't access shared memory segment",
    "can't access semaphore",
    "R/W operation on detached memory",
    "can't write on read-only attached memory",
    "read() argument exceeds upper memory limit",
    "read() arguments exceed upper memory limit",
    "write() argument exceeds upper memory limit",
    "write() arguments exceed upper memory limit",
};

static bool is_message(const char *sentence)
{
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++)
        if (strcmp(sentence, messages[i]) == 0)
            return true;
    return false;
}

static PyObject *raise(const struct state *state, PyObject *exception)
{
    if (exception)
        PyErr_SetObject(state->error, exception);
    Py_XDECREF(exception);
    return NULL;
}

PyObject *raise_message(const struct state *state, const char *message)
{
    return raise(state, PyObject_CallFunction(state->error, "s", message));
}

PyObject *raise_errno(const struct state *state, int error)
{
    return raise(state, PyObject_CallFunction(state->error, "is", error, strerror(error)));
}

/* The library's sentence goes along: it says what was wanted and what to do. */
PyObject *raise_failure(const struct state *state)
{
    int error = errno;
    const char *sentence = shm_error_detail();
    if (is_message(sentence))
        return raise_message(state, sentence);
    PyObject *exception = PyObject_CallFunction(state->error, "is", error, strerror(error));
    PyObject *detail = exception ? Text_FromString(sentence) : NULL;
    if (detail && PyObject_SetAttrString(exception, "detail", detail) < 0)
        Py_CLEAR(exception);
    Py_XDECREF(detail);
    return raise(state, exception);
}
