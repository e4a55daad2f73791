/*
 * Signals. Python's handlers run in the main thread, at the next instruction of the interpreter
 * after the signal, and a call that waits has no such instruction.
 */
#include "compat/python/src/module.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* An exception of a handler that ran during a call which was successful all the same. */
struct postponed {
    PyObject *type, *value, *traceback;
};

static int raise_now(void *argument)
{
    struct postponed *p = argument;
    PyErr_Restore(p->type, p->value, p->traceback);
    free(p);
    return -1;
}

void postpone_exception(void)
{
    struct postponed *p;
    if (!PyErr_Occurred())
        return;
    p = malloc(sizeof *p);
    if (!p) {
        PyErr_Clear();
        return;
    }
    PyErr_Fetch(&p->type, &p->value, &p->traceback);
    if (Py_AddPendingCall(raise_now, p) < 0) {
        Py_XDECREF(p->type);
        Py_XDECREF(p->value);
        Py_XDECREF(p->traceback);
        free(p);
    }
}

bool signals_raised(void)
{
    return PyErr_Occurred() || PyErr_CheckSignals() < 0;
}

bool in_main_thread(void)
{
    return syscall(SYS_gettid) == getpid();
}

/* Asked by the library while a call waits; an exception of a handler ends the wait. */
static int interrupted(void)
{
    if (!in_main_thread() || !Py_IsInitialized())
        return 0;
    PyGILState_STATE before = PyGILState_Ensure();
    int raised = signals_raised();
    PyGILState_Release(before);
    return raised;
}

void watch_for_signals(void)
{
    shm_setinterrupt(interrupted);
}
