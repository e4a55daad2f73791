/* What memory and semaphore objects have in common: there is one for each id, and it is opaque. */
#include "compat/python/src/module.h"

static PyObject *number_of(int id)
{
    return PyLong_FromLong(id);
}

/* The cache holds no reference: an object leaves it when its last one goes. */
PyObject *find_object(PyObject *cache, int id)
{
    PyObject *number = number_of(id), *address;
    if (!number)
        return NULL;
    address = PyDict_GetItem(cache, number);
    Py_DECREF(number);
    if (!address)
        return NULL;
    PyObject *object = PyLong_AsVoidPtr(address);
    Py_XINCREF(object);
    return object;
}

bool enter_object(PyObject *cache, int id, PyObject *object)
{
    PyObject *number = number_of(id), *address = PyLong_FromVoidPtr(object);
    bool entered = number && address && PyDict_SetItem(cache, number, address) == 0;
    Py_XDECREF(number);
    Py_XDECREF(address);
    return entered;
}

/* Called while an object is freed, perhaps during an exception: that one stays. */
void forget_object(PyObject *cache, int id)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *number = number_of(id);
    if (number && cache && PyDict_DelItem(cache, number) < 0)
        PyErr_Clear();
    Py_XDECREF(number);
    PyErr_Restore(type, value, traceback);
}

PyObject *refuse_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    (void)type;
    (void)args;
    (void)keywords;
    PyErr_SetString(PyExc_TypeError,
                    "objects of this type are made by the functions of shm only");
    return NULL;
}

PyObject *refuse_pickle(PyObject *self, PyObject *unused)
{
    (void)self;
    (void)unused;
    PyErr_SetString(PyExc_TypeError, "objects of shm cannot be pickled or copied: hand on the "
                                     "key or the id");
    return NULL;
}

static const char *text_of(PyObject *name, PyObject **bytes)
{
    *bytes = PyUnicode_Check(name) ? PyUnicode_AsUTF8String(name) : NULL;
    if (*bytes)
        return PyBytes_AsString(*bytes);
    PyErr_Clear();
    return PyBytes_Check(name) ? PyBytes_AsString(name) : "?";
}

int refuse_setattr(PyObject *self, PyObject *name, PyObject *value)
{
    (void)value;
    PyObject *type_name = PyObject_GetAttrString((PyObject *)Py_TYPE(self), "__name__"), *first,
             *second;
    if (!type_name)
        return -1;
    const char *type = text_of(type_name, &first), *attribute = text_of(name, &second);
    PyErr_Format(PyExc_AttributeError, "'%.100s' object has no attribute '%.400s'", type,
                 attribute);
    Py_XDECREF(first);
    Py_XDECREF(second);
    Py_DECREF(type_name);
    return -1;
}

PyObject *no_attribute(PyObject *name)
{
    PyErr_SetObject(PyExc_AttributeError, name);
    return NULL;
}
