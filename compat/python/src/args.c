/*
 * Arguments as shm 1.2.2 took them, on every version of Python: who counts on a TypeError or on
 * its text finds both (legacy.md, section 1). Names may be used as well.
 */
#include "compat/python/src/module.h"

#include <limits.h>
#include <math.h>
#include <string.h>

static bool wrong_count(const struct signature *s, Py_ssize_t given)
{
    if (s->legacy == 0) {
        PyErr_SetString(PyExc_TypeError, "function takes no arguments");
        return false;
    }
    const char *how = "exactly";
    int wanted = s->legacy;
    if (s->required < s->legacy) {
        how = given < s->required ? "at least" : "at most";
        wanted = given < s->required ? s->required : s->legacy;
    }
    PyErr_Format(PyExc_TypeError, "function takes %s %d argument%s (%zd given)", how, wanted,
                 wanted == 1 ? "" : "s", given);
    return false;
}

/* The place of a parameter, or -1 with an exception. */
static int place_of(const struct signature *s, PyObject *name)
{
    for (int i = 0; s->names[i]; i++) {
        PyObject *known = Text_FromString(s->names[i]);
        int same = known ? PyObject_RichCompareBool(name, known, Py_EQ) : -1;
        Py_XDECREF(known);
        if (same < 0)
            return -1;
        if (same)
            return i;
    }
    PyErr_Format(PyExc_TypeError, "there is no parameter of this name here");
    return -1;
}

static bool take_named(const struct signature *s, PyObject *name, PyObject *value,
                       PyObject *values[MOST_PARAMETERS])
{
    int i = place_of(s, name);
    if (i < 0)
        return false;
    if (values[i]) {
        PyErr_Format(PyExc_TypeError, "argument '%s' is given by position and by name",
                     s->names[i]);
        return false;
    }
    values[i] = value;
    return true;
}

#if PY_MAJOR_VERSION >= 3
static bool take_names(const struct call *call, const struct signature *s,
                       PyObject *values[MOST_PARAMETERS])
{
    Py_ssize_t n = call->names ? PyTuple_Size(call->names) : 0;
    for (Py_ssize_t i = 0; i < n; i++)
        if (!take_named(s, PyTuple_GetItem(call->names, i), call->values[call->count + i],
                        values))
            return false;
    return true;
}
#else
static bool take_names(const struct call *call, const struct signature *s,
                       PyObject *values[MOST_PARAMETERS])
{
    PyObject *name, *value;
    Py_ssize_t at = 0;
    while (call->names && PyDict_Next(call->names, &at, &name, &value))
        if (!take_named(s, name, value, values))
            return false;
    return true;
}
#endif

bool take_arguments(const struct call *call, const struct signature *s,
                    PyObject *values[MOST_PARAMETERS])
{
    Py_ssize_t given = 0;
    memset(values, 0, MOST_PARAMETERS * sizeof *values);
    if (call->count > s->legacy)
        return wrong_count(s, call->count);
    for (Py_ssize_t i = 0; i < call->count; i++)
        values[i] = call->values[i];
    if (call->names && !take_names(call, s, values))
        return false;
    for (int i = 0; i < s->legacy; i++)
        given += values[i] != NULL;
    for (int i = 0; i < s->required; i++)
        if (!values[i])
            return wrong_count(s, given);
    return true;
}

static bool not_integer(PyObject *number)
{
    PyErr_SetString(PyExc_TypeError, PyFloat_Check(number)
                                         ? "integer argument expected, got float"
                                         : "an integer is required");
    return false;
}

/* A new reference to an exact integer of whatever has __int__, but a float. */
static PyObject *as_integer(PyObject *number)
{
    if (PyLong_CheckExact(number)) {
        Py_INCREF(number);
        return number;
    }
    if (PyFloat_Check(number) ||
        !PyObject_HasAttrString((PyObject *)Py_TYPE(number), "__int__")) {
        not_integer(number);
        return NULL;
    }
    return TO_INTEGER(number);
}

bool to_long(PyObject *number, int64_t *out)
{
    int overflow;
    PyObject *integer = as_integer(number);
    if (!integer)
        return false;
    long long value = PyLong_AsLongLongAndOverflow(integer, &overflow);
    Py_DECREF(integer);
    if (overflow) {
        PyErr_SetString(PyExc_OverflowError, "Python int too large to convert to C long");
        return false;
    }
    *out = value;
    return true;
}

bool to_int(PyObject *number, int *out)
{
    int64_t value;
    if (!to_long(number, &value))
        return false;
    if (value > INT_MAX || value < INT_MIN) {
        PyErr_Format(PyExc_OverflowError, "signed integer is %s",
                     value > 0 ? "greater than maximum" : "less than minimum");
        return false;
    }
    *out = (int)value;
    return true;
}

bool to_byte(PyObject *number, int *out)
{
    int64_t value;
    if (!to_long(number, &value))
        return false;
    if (value > 255 || value < 0) {
        PyErr_Format(PyExc_OverflowError, "unsigned byte integer is %s",
                     value > 0 ? "greater than maximum" : "less than minimum");
        return false;
    }
    *out = (int)value;
    return true;
}

bool to_key(PyObject *number, key_t *out)
{
    int64_t value;
    if (!to_long(number, &value))
        return false;
    *out = (key_t)(uint32_t)(uint64_t)value;
    return true;
}

bool to_flag(PyObject *value, bool *out)
{
    int truth = PyObject_IsTrue(value);
    *out = truth > 0;
    return truth >= 0;
}

bool to_timeout(PyObject *seconds, long *milliseconds)
{
    *milliseconds = -1;
    if (!seconds || seconds == Py_None)
        return true;
    double value = PyFloat_AsDouble(seconds);
    if (PyErr_Occurred())
        return false;
    if (!(value >= 0)) {
        PyErr_SetString(PyExc_ValueError,
                        "timeout is a number of seconds, not negative, or None for no limit");
        return false;
    }
    /* More than a C long holds is, for whoever waits, no limit. */
    double rounded = ceil(value * 1000);
    if (rounded < (double)LONG_MAX)
        *milliseconds = (long)rounded;
    return true;
}
