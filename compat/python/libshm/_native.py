"""Sets of arrays in libshm's own layout: numpy arrays from and to the handle of the extension."""

import itertools
import operator

import numpy as np

from libshm import _names, _shm
from libshm._step import compute

# Sets up to this size are read into one piece of memory, which is cut into arrays: a small one because
# twenty pieces would take longer than all the rest, a larger one because it then has huge pages, where
# twenty pieces are five thousand page faults (five times the time). Above, keeping one array must not
# keep all of them, and each is large enough itself.
_LARGEST_BLOCK = 1 << 26

_OPAQUE = 0
_CODES = {"b1": 1, "i1": 2, "u1": 3, "i2": 4, "u2": 5, "i4": 6, "u4": 7, "i8": 8, "u8": 9}
_CODES.update({"f2": 10, "f4": 11, "f8": 12, "c8": 14, "c16": 15})
_LONG = {"g": 13, "G": 16}  # long double, real and complex
_BYTES = np.dtype("u1")
_empty = np.empty
_ndarray = np.ndarray


def stored_dtype(dtype):
    """The type in which an array is stored: numbers in the byte order of the machine."""
    if dtype.hasobject:
        raise ValueError("arrays of Python objects cannot be shared: %s stores addresses" % dtype)
    return dtype if _code(dtype) == _OPAQUE else dtype.newbyteorder("=")


def _code(dtype):
    if dtype.char in _LONG:
        return _LONG[dtype.char]
    if dtype.kind in "biufc":
        return _CODES.get("%s%d" % (dtype.kind, dtype.itemsize), _OPAQUE)
    return _OPAQUE


def _dtype_of(code, itemsize):
    for names in (_CODES, _LONG):
        for name, number in names.items():
            if number == code:
                return np.dtype(name)
    return np.dtype((np.void, itemsize))


def simple(array, dtype):
    """The values as one piece in C order, of this very dtype object."""
    fresh = np.ascontiguousarray(array, dtype).reshape(array.shape)
    return fresh if fresh.dtype is dtype else fresh.view(dtype)


def _as_bytes(array):
    """Dates are refused by the buffer protocol; their bytes are not."""
    return array.reshape(-1).view(_BYTES) if array.dtype.kind in "mM" else array


def create(names, arrays, dtypes, perm):
    """A new set with this content, stored in these types."""
    specs = [
        (_names.encode(name, i, dtype if _code(dtype) == _OPAQUE else None), _code(dtype))
        + (dtype.itemsize, array.shape)
        for i, (name, array, dtype) in enumerate(zip(names, arrays, dtypes))
    ]
    data = [simple(array, dtype) for array, dtype in zip(arrays, dtypes)]
    data = [_as_bytes(array) for array in data]
    return _shm._arrays_create(specs, data, perm)


class Described(object):
    """What the set itself says about its arrays, in the order it has them."""

    def __init__(self, handle):
        self.names = []
        self.encoded = []
        self.shapes = []
        self.dtypes = []
        for name, code, itemsize, shape in handle.specs():
            key, dtype = _names.decode(name)
            if dtype is None or dtype.itemsize != itemsize or code != _OPAQUE:
                dtype = _dtype_of(code, itemsize)
            self.names.append(key)
            self.encoded.append(_names.without_dtype(name))
            self.shapes.append(tuple(shape))
            self.dtypes.append(dtype)


class _Run(object):
    """Arrays of one type and shape that lie behind each other in a block."""

    def __init__(self, offset, shape, dtype):
        self.offset = offset
        self.shape = shape
        self.dtype = dtype
        self.count = 1

    def follows(self, offset, shape, dtype):
        nbytes = self.dtype.itemsize * _product(self.shape)
        return (
            shape == self.shape != ()
            and dtype is self.dtype
            and nbytes > 0
            and offset == self.offset + self.count * nbytes
        )

    def cut(self, block):
        """An iterable of its arrays, which goes over them once."""
        if self.count == 1:
            return [_ndarray(self.shape, self.dtype, block, self.offset)]
        return _rows(_ndarray((self.count,) + self.shape, self.dtype, block, self.offset))


def _rows(array):
    """An iterable, once; numpy's own iterator would end by composing the text of an IndexError."""
    return itertools.islice(array, len(array))


def _product(numbers):
    result = 1
    for number in numbers:
        result *= number
    return result


class Store(object):
    """A set as one program sees it: results have the shapes and types of this program.

    Lists of arrays are in the program's order, which may differ from the set's.
    """

    layout = "native"

    def __init__(self, handle, described, names, shapes, dtypes, order):
        self.handle = handle
        self.names = names
        self.shapes = shapes
        self.dtypes = dtypes  # of what is returned
        self._order = None if order == list(range(len(order))) else order
        self._set_shapes = described.shapes
        self._stored = described.dtypes
        self._converts = any(
            dtypes[i] != described.dtypes[at] for i, at in enumerate(order)
        )
        self._reshapes = any(shapes[i] != described.shapes[at] for i, at in enumerate(order))
        self._plan()

    def _plan(self):
        """Where in a block each array lies, and the runs that it is cut into."""
        offsets, end, self._runs = [], 0, []
        for shape, dtype in zip(self._set_shapes, self._stored):
            end += -end % max(dtype.alignment, 1)
            offsets.append(end)
            if self._runs and self._runs[-1].follows(end, shape, dtype):
                self._runs[-1].count += 1
            else:
                self._runs.append(_Run(end, shape, dtype))
            end += dtype.itemsize * _product(shape)
        self._nbytes, self._block = end, (end, _BYTES)
        # Numbers of one type and shape: the block is one array, whose rows they are.
        run = self._runs[0]
        self._uniform = 1 < run.count == len(offsets) and _code(run.dtype) != _OPAQUE
        if self._uniform:
            self._block = ((run.count,) + run.shape, run.dtype)
        self.handle.expect(tuple(self._stored), tuple(offsets), end)

    # ---- Between this program's order and types and the set's ---------------------------------

    def _to_set(self, values):
        if self._order is None:
            return values
        arranged = [None] * len(values)
        for value, at in zip(values, self._order):
            arranged[at] = value
        return arranged

    def _from_set(self, arrays):
        arrays = self._results(arrays)
        if self._converts:
            arrays = [a.astype(t, copy=False) for a, t in zip(arrays, self.dtypes)]
        if self._reshapes:
            arrays = [a.reshape(s) for a, s in zip(arrays, self.shapes)]
        return arrays

    def _index(self, i):
        return i if self._order is None else self._order[i]

    def _room(self):
        """Memory for all arrays: a block, or a list of arrays."""
        if self._nbytes <= _LARGEST_BLOCK:
            return _empty(*self._block)
        return [_empty(s, t) for s, t in zip(self._set_shapes, self._stored)]

    def _cut(self, room):
        """An iterable of the arrays in it, which goes over them once."""
        if isinstance(room, list):
            return room
        if self._uniform:
            return _rows(room)
        return [array for run in self._runs for array in run.cut(room)]

    # ---- Operations ----------------------------------------------------------------------------

    def read(self):
        room = self._room()
        self.handle.read(room)
        return self._from_set(self._cut(room))

    def read_into(self, out):
        """Fills the program's own arrays, directly where they are as the set's."""
        if not self.handle.read(self._to_set(out)):
            for to, array in zip(out, self.read()):
                np.copyto(to, array.reshape(to.shape))

    def read_one(self, i):
        at = self._index(i)
        wanted = [None] * len(self._stored)
        wanted[at] = _empty(self._set_shapes[at], self._stored[at])
        self.handle.read(wanted)
        return wanted[at].astype(self.dtypes[i], copy=False).reshape(self.shapes[i])

    def _simple(self, arranged):
        return [
            None if value is None else simple(value, dtype).reshape(shape)
            for value, dtype, shape in zip(arranged, self._stored, self._set_shapes)
        ]

    def write_at_once(self, values):
        """True if all values are as the set stores them, and are written now."""
        return self.handle.write(self._to_set(values))

    def write(self, values):
        """The same for any values; an entry that is None leaves its array as it is."""
        self.handle.write(self._simple(self._to_set(values)))

    def scale(self, function):
        """The built-in that takes no values."""
        room = self._room()
        self.handle.update(function.op, function.factor, None, room)
        return self._from_set(self._cut(room))

    def _results(self, arrays):
        if self._order is None:
            return arrays
        arrays = list(arrays)
        return [arrays[at] for at in self._order]

    def update_at_once(self, values, function, out=None):
        """The result, in ``out`` or in new arrays, if all are as the set stores them.

        Else None, and nothing is done.
        """
        room = self._room() if out is None else self._to_set(out)
        if not self.handle.update(function.op, function.factor, self._to_set(values), room):
            return None
        return self._results(self._cut(room))

    def update_built_in(self, values, function):
        """The same for any values, each in its own type, shape and memory."""
        arranged = self._to_set(values)
        if any(value.dtype != dtype for value, dtype in zip(arranged, self._stored)):
            return self.update_with(values, function, False)
        room = self._room()
        self.handle.update(function.op, function.factor, self._simple(arranged), room)
        return self._results([a.reshape(v.shape) for a, v in zip(self._cut(room), arranged)])

    def _old(self, at, span, new, copy_old):
        """What the set has now, as the function expects it: in the type and shape of ``new``."""
        old = _ndarray(self._set_shapes[at], self._stored[at], span)
        if new.dtype != old.dtype or copy_old:
            old = old.astype(new.dtype)
        return old if old.shape == new.shape else old.reshape(new.shape)

    def update_with(self, values, function, copy_old):
        arranged, names = self._to_set(values), self._to_set(self.names)
        results = [None] * len(arranged)

        def step(at, span):
            new = arranged[at]
            old = self._old(at, span, new, copy_old)
            results[at] = fresh = compute(function, new, old, names[at])
            return _as_bytes(np.ascontiguousarray(fresh, self._stored[at]))

        self.handle.update_with(step)
        return self._results(results)

    def versions(self):
        return [operator.index(version) for version in self.handle.versions()]

    def view(self, indexes):
        return View(self, indexes)

    def set_timeout(self, seconds):
        self.handle.settimeout(seconds)

    def closed(self):
        return self.handle.closed

    def close(self):
        self.handle.close()

    def remove(self):
        self.handle.remove()


class View(object):
    """The arrays of a set where they are, whose partitions are locked while this is open."""

    def __init__(self, store, indexes):
        self._store = store
        self._indexes = indexes
        self._view = store.handle.view([store._index(i) for i in indexes])

    def arrays(self):
        store = self._store
        return [
            _ndarray(store.shapes[i], store._stored[store._index(i)], self._data(i))
            for i in self._indexes
        ]

    def _data(self, i):
        return self._view.data(self._store._index(i))

    def end(self):
        self._view.end()
