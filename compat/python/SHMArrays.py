"""Dictionaries of numpy arrays that processes share by integer keys and update atomically.

    shared = SHMArrays(OrderedDict([("w", np.zeros((3, 4)))]))
    keys = shared.get_keys()                    # integers, to be handed to other processes
    other = SHMArrays(arrays, keys=keys)        # in one of them, with arrays of the same kind
    other = SHMArrays.attach(shared.root_key)   # or from one integer alone
    other.update_arrays(gradient, axpy(-0.1))   # old + -0.1 * new, in one step for everybody

Arrays are split into partitions of about equal size. A partition is updated in one step: readers
never see half of an update, and a process that is killed in the middle of one leaves the old
values and no lock. The shared objects stay until remove() is called.

Updates are functions of (new, old), or one of axpy(alpha), blend(w), scale(factor), add, minimum
and maximum, which run in C without Python's lock.
"""

import operator
from collections import OrderedDict, namedtuple

import numpy as np

import shm
import shm_wrapper
from libshm import _legacy, _names, _native
from libshm._updates import BuiltIn, add, axpy, blend, maximum, minimum, scale

mem_objs = namedtuple("mem_objs", "memory_handle semaphore_handle")
mem_keys = namedtuple("mem_keys", "memory_key semaphore_key")
var_spec = namedtuple("var_spec", "size shape dtype")

_MIN_SIZE = 20000
_DEFAULT_UPDATE = blend(0.1)
_ENOENT, _EIDRM = 2, 43


def partition_sizes(sizes, min_size=_MIN_SIZE):
    """How arrays with these numbers of elements are split: a list of arrays of positions.

    Largest first, equal ones in reverse. If the largest has fewer elements than min_size they
    are one group; else a group takes what fits into the largest, and what does not starts the
    next.
    """
    sizes = np.asarray(sizes)
    order = np.argsort(sizes, kind="mergesort")[::-1]
    largest = sizes[order[0]]
    if largest < min_size:
        return [order]
    groups, room = [], 0
    for position in order:
        if not groups or sizes[position] > room:
            groups.append([])
            room = largest
        groups[-1].append(position)
        room -= sizes[position]
    return [np.array(group) for group in groups]


def split_dicts(param_dict, partitioning):
    """The entries of a dictionary, by position, as one OrderedDict for each group."""
    items = list(param_dict.items())
    return [OrderedDict(items[i] for i in group) for group in partitioning]


def get_var_spec(array):
    """What is kept of an array: number of elements, shape and type."""
    return var_spec(array.size, array.shape, array.dtype)


class _Keys(list):
    """The key pairs of a set. Called, as the method of a dictionary: the names of its arrays."""

    def __init__(self, pairs, names):
        list.__init__(self, (mem_keys(int(m), int(s)) for m, s in pairs))
        self._names = names

    def __call__(self):
        return list(self._names)

    def __reduce_ex__(self, protocol):
        return list, (list(self),)

    def __reduce__(self):
        return list, (list(self),)


def _check_keys(keys):
    """Pairs of numbers from mem_keys, tuples, or the lists that JSON makes of them."""
    pairs = [mem_keys(*pair) for pair in keys]
    if not pairs:
        raise ValueError("a list without keys names no set of arrays")
    return pairs


def _same_key(a, b):
    return (a - b) % 2**32 == 0


def _check_dtypes(specs, names):
    for name in names:
        if specs[name].dtype.hasobject:
            raise ValueError(
                "array %r: arrays of Python objects cannot be shared, what is stored are addresses"
                % (name,)
            )


class SHMArrays(object):
    """A dictionary of arrays in shared memory. See the module for an example.

    param_dict   name -> array, in an order; creating: what is stored, attaching: sizes, shapes
                 and types, which must be those of the set
    keys         of an existing set, from get_keys(); None creates one
    store_dtype  the type in which arrays are stored instead of their own
    layout       "native"; "legacy": the bytes of the original; None: native, and on attach legacy
                 where that is what the keys lead to
    permissions  of a new set; 0600, with the legacy layout 0666
    timeout      seconds that a call waits for other processes' updates; None: no limit
    """

    axpy = staticmethod(axpy)
    blend = staticmethod(blend)
    scale = staticmethod(scale)
    add = add
    minimum = minimum
    maximum = maximum

    def __init__(
        self, param_dict, keys=None, store_dtype=None, layout=None, permissions=None, timeout=None
    ):
        if layout not in (None, "native", "legacy"):
            raise ValueError('layout is "native", "legacy" or None, not %r' % (layout,))
        specs = OrderedDict((name, get_var_spec(a)) for name, a in param_dict.items())
        values = list(param_dict.values())
        for value in values:
            value.astype  # what is no array is told so before anything exists
        self._describe(specs, store_dtype)
        if keys is None:
            self._create(values, layout, permissions)
        else:
            self._attach(_check_keys(keys), layout)
        try:
            self._finish(timeout)
            if keys is None and self.layout == "legacy":
                self._store.write(values)
        except BaseException:
            if keys is None:
                self.remove()  # nobody has the keys
            raise

    def _describe(self, specs, store_dtype):
        self.specs = specs
        self._names = list(specs)
        self._pick = operator.itemgetter(*self._names) if specs else None
        _check_dtypes(specs, self._names)
        self._one_dtype = None if store_dtype is None else np.dtype(store_dtype)
        if not specs:
            raise IndexError("a set of arrays has at least one array")
        self.store_dtype = self._one_dtype or specs[self._names[0]].dtype
        self._sizes = [int(spec.size) for spec in specs.values()]
        self.partitioning = partition_sizes(np.array(self._sizes))
        self._has_scalars = any(spec.shape == () for spec in specs.values())

    def _finish(self, timeout):
        self._mmappings = None
        self._timeout = None
        self.keys = _Keys(self._pairs, self._names)
        if timeout is not None:
            self.timeout = timeout

    def _stored_dtypes(self):
        wanted = self._one_dtype
        return [_native.stored_dtype(wanted or spec.dtype) for spec in self.specs.values()]

    @property
    def _legacy_dtype(self):
        if self.store_dtype.hasobject:
            raise ValueError("arrays of Python objects cannot be shared")
        return self.store_dtype

    # ---- Creating ------------------------------------------------------------------------------

    def _create(self, values, layout, permissions):
        if layout == "legacy":
            self._create_legacy(0o666 if permissions is None else permissions)
            return
        perm = 0o600 if permissions is None else permissions
        dtypes = self._stored_dtypes()
        arrays = [np.asarray(value) for value in values]
        self._use_native(_native.create(self._names, arrays, dtypes, perm))

    def _create_legacy(self, permissions):
        dtype = self._legacy_dtype
        made = []
        try:
            for group in self.partitioning:
                nbytes = _legacy.group_nbytes(self._sizes, group, dtype)
                made.append(shm_wrapper.create_memory(nbytes, permissions, "\0"))
                made.append(shm_wrapper.create_semaphore(1, permissions))
            self._use_legacy(list(zip(made[0::2], made[1::2])))
        except BaseException:
            for handle in made:
                handle.remove()
            raise

    # ---- Attaching -----------------------------------------------------------------------------

    @classmethod
    def attach(cls, root_key, timeout=None):
        """The set with this root key, which describes itself; KeyError if there is none."""
        handle = cls._native_handle(root_key)
        return cls._restored(handle, _native.Described(handle), None, None, timeout)

    @classmethod
    def _restored(cls, handle, described, specs, store_dtype, timeout):
        """A handle of a native set; without specs it has what the set itself says."""
        self = cls.__new__(cls)
        if specs is None:
            specs = OrderedDict(
                (name, var_spec(int(np.prod(shape, dtype=np.int64)), shape, dtype))
                for name, shape, dtype in zip(described.names, described.shapes, described.dtypes)
            )
        self._describe(specs, store_dtype)
        self._use_native(handle)
        self._finish(timeout)
        return self

    @staticmethod
    def _native_handle(root_key):
        try:
            return shm._arrays_attach(root_key)
        except shm.error as error:
            if error.errno == _ENOENT:
                raise KeyError(root_key)
            raise

    def _attach(self, pairs, layout):
        if layout == "legacy" or (layout is None and self._looks_legacy(pairs)):
            self._attach_legacy(pairs)
            return
        handle = self._native_handle(pairs[0].memory_key)
        found = [mem_keys(*pair) for pair in handle.pairs()]
        if len(found) != len(pairs):
            raise ValueError(
                "the set has %d partitions, %d pairs of keys were given" % (len(found), len(pairs))
            )
        for a, b in zip(found, pairs):
            if not (_same_key(a[0], b[0]) and _same_key(a[1], b[1])):
                raise ValueError("the keys %s are not those of one set" % (tuple(b),))
        self._use_native(handle)

    def _looks_legacy(self, pairs):
        """Every segment has the size that the original gives it and no mark of the native layout."""
        if self.store_dtype.hasobject or len(pairs) != len(self.partitioning):
            return False
        for pair, group in zip(pairs, self.partitioning):
            memory = shm.memory(shm.getshmid(pair.memory_key))
            wanted = _legacy.group_nbytes(self._sizes, group, self.store_dtype)
            if memory.size != wanted or _legacy.is_native(memory):
                return False
        return True

    def _attach_legacy(self, pairs):
        dtype = self._legacy_dtype
        if len(pairs) != len(self.partitioning):
            raise ValueError(
                "arrays of these sizes have %d partitions, %d pairs of keys were given"
                % (len(self.partitioning), len(pairs))
            )
        handles = [
            (shm_wrapper.SharedMemoryHandle(m), shm_wrapper.SemaphoreHandle(s)) for m, s in pairs
        ]
        for (memory, _), group in zip(handles, self.partitioning):
            wanted = _legacy.group_nbytes(self._sizes, group, dtype)
            if memory.size != wanted or _legacy.is_native(memory._MemoryHandle):
                raise ValueError(
                    "the segment with key %d has %d bytes; %d, without a mark of the native "
                    "layout, were expected" % (memory.key, memory.size, wanted)
                )
        self._use_legacy(handles)

    # ---- The two layouts -----------------------------------------------------------------------

    def _use_native(self, handle):
        described = _native.Described(handle)
        order = self._match(described)
        stored = self._stored_dtypes()
        for name, size, dtype, at in zip(self._names, self._sizes, stored, order):
            self._compare(name, size, dtype, described, at)
        self._pairs = handle.pairs()
        shapes = [spec.shape for spec in self.specs.values()]
        dtypes = [spec.dtype for spec in self.specs.values()]
        if self._one_dtype is None:  # the very objects, so that nothing is converted
            dtypes = [
                described.dtypes[at] if described.dtypes[at] == dtype else dtype
                for dtype, at in zip(dtypes, order)
            ]
        self._store = _native.Store(handle, described, self._names, shapes, dtypes, order)
        self.total_size = sum(size * t.itemsize for size, t in zip(self._sizes, stored))

    def _match(self, described):
        """For each of our arrays its position in the set: by name, or if no name is known, alike."""
        ours = [_names.without_dtype(_names.encode(n, i)) for i, n in enumerate(self._names)]
        theirs = described.encoded
        if len(ours) != len(theirs):
            raise ValueError(
                "the set has %d arrays, %d were given" % (len(theirs), len(ours))
            )
        if ours == theirs or not set(ours) & set(theirs):
            return list(range(len(ours)))
        positions = dict((name, i) for i, name in enumerate(theirs))
        for name, encoded in zip(self._names, ours):
            if encoded not in positions:
                raise KeyError(name)
        return [positions[encoded] for encoded in ours]

    @staticmethod
    def _compare(name, size, dtype, described, at):
        found = int(np.prod(described.shapes[at], dtype=np.int64))
        if found != size:
            raise ValueError(
                "array %r: the set has %d elements, %d were given" % (name, found, size)
            )
        known = described.dtypes[at]
        if known.kind == "V" and known.names is None and known.itemsize == dtype.itemsize:
            described.dtypes[at] = dtype  # the set knows the bytes of an item, nothing else
        elif known != dtype:
            raise ValueError(
                "array %r: the set stores %s, %s was given (see store_dtype)" % (name, known, dtype)
            )

    def _use_legacy(self, handles):
        dtype = self._legacy_dtype
        self._pairs = [(memory.key, semaphore.key) for memory, semaphore in handles]
        self._legacy_objects = [mem_objs(*pair) for pair in handles]
        objects = [(m._MemoryHandle, s._SemaphoreHandle) for m, s in handles]
        shapes = [spec.shape for spec in self.specs.values()]
        dtypes = [spec.dtype for spec in self.specs.values()]
        self._store = _legacy.Store(
            self._names, shapes, dtypes, self._sizes, dtype, self.partitioning, objects
        )
        self.total_size = sum(self._sizes) * dtype.itemsize

    # ---- What it is ----------------------------------------------------------------------------

    @property
    def layout(self):
        """ "native" or "legacy"."""
        return self._store.layout

    @property
    def root_key(self):
        """The one integer from which another process attaches: SHMArrays.attach(root_key)."""
        if self.layout == "legacy":
            raise ValueError("the legacy layout does not describe itself: hand on get_keys()")
        return self.keys[0].memory_key

    def get_keys(self):
        """The keys of all partitions, a list of mem_keys, which other processes attach with."""
        return self.keys

    @property
    def mmappings(self):
        """Handles of the partitions' objects, a list of mem_objs."""
        if self.layout == "legacy":
            return self._legacy_objects
        if self._mmappings is None:
            self._mmappings = [
                mem_objs(shm_wrapper.SharedMemoryHandle(m), shm_wrapper.SemaphoreHandle(s))
                for m, s in self.keys
            ]
        return self._mmappings

    def versions(self):
        """How often each partition was changed since the set was created; a list of integers."""
        return self._store.versions()

    @property
    def timeout(self):
        """Seconds that calls of this handle wait for locks; None: no limit.

        After that they raise shm.error (11, 'Resource temporarily unavailable').
        """
        return self._timeout

    @timeout.setter
    def timeout(self, seconds):
        self._store.set_timeout(seconds)
        self._timeout = seconds

    @property
    def closed(self):
        return self._store.closed()

    def __repr__(self):
        state = "closed " if self.closed else ""
        return "<%sSHMArrays, %s layout, %d arrays, %d bytes, keys=%s>" % (
            state, self.layout, len(self._names), self.total_size, [tuple(k) for k in self.keys],
        )

    # ---- Matching by name ----------------------------------------------------------------------

    def _values(self, d):
        """The names of a dictionary and its values in our order. By position if no name is ours."""
        if type(d) in (dict, OrderedDict) and len(d) == len(self._names) > 1:
            try:
                return self._names, list(self._pick(d))
            except KeyError:
                pass  # some names are others
        names = list(d)
        if names == self._names:
            return self._names, list(d.values())
        ours, given = set(self._names), set(names)
        if given & ours:
            for name in names + self._names:
                if name not in ours or name not in given:
                    raise KeyError(name)
            return self._names, [d[name] for name in self._names]
        if len(names) != len(self._names):
            raise KeyError(names[0] if names else self._names[0])
        return names, list(d.values())

    def _check_values(self, names, values):
        for name, value, size in zip(names, values, self._sizes):
            if value.size != size:
                raise ValueError(
                    "array %r: %d elements were given, %d are expected" % (name, value.size, size)
                )
            if value.dtype.hasobject:
                raise ValueError("array %r: Python objects cannot be shared" % (name,))

    def _checked_out(self, out):
        """The arrays of ``out`` in our order, which can take results."""
        names, arrays = self._values(out)
        self._check_values(names, arrays)
        for name, array, spec in zip(names, arrays, self.specs.values()):
            if array.dtype != spec.dtype or not array.flags.writeable:
                raise ValueError(
                    "array %r of out: a writable array of %s is expected" % (name, spec.dtype)
                )
        return arrays

    def _result(self, names, arrays):
        """Foreign names come behind ours, which have no values then. Results of no dimension are
        numpy's scalars.
        """
        if self._has_scalars or names is not self._names:
            arrays = [array if array.ndim else array[()] for array in arrays]
        if names is not self._names:
            empty = [(name, None) for name in self._names]
            return OrderedDict(empty + list(zip(names, arrays)))
        return OrderedDict(zip(names, arrays))

    # ---- Operations ----------------------------------------------------------------------------

    def read_arrays(self, ignored=None, out=None):
        """A copy of all arrays, an OrderedDict; each partition is one version.

        Arrays of one result of up to 64 MiB lie in one piece of memory, which goes when all of them
        are gone: whoever keeps one of them for long keeps a copy.

        ignored  for programs that follow the original's README
        out      name -> array: filled and returned instead of new arrays
        """
        if out is None:
            return OrderedDict(zip(self._names, self._store.read()))
        self._store.read_into(self._checked_out(out))
        return out

    def write_arrays(self, d):
        """Replaces all arrays; each partition in one step."""
        names, values = self._values(d)
        if not self._store.write_at_once(values):
            self._check_values(names, values)
            self._store.write(values)

    def update_arrays(self, d, update_func=None, copy_old=False, out=None):
        """Replaces all arrays by update_func(new, old), each partition in one step.

        d            name -> new array, of as many elements; scale(factor) needs none
        update_func  a function, called for each array while its partition is locked, or a
                     built-in; None: 0.1 * new + 0.9 * old
        copy_old     give the function a private copy of the old values, which it may change
        out          name -> array: filled with the result and returned

        Returns what is stored now, an OrderedDict. An exception in the function leaves the
        partition as it was.
        """
        function = _DEFAULT_UPDATE if update_func is None else update_func
        into = None if out is None else self._checked_out(out)
        if getattr(function, "op", None) == _SCALE:
            names, arrays = self._names, self._store.scale(function)
        else:
            names, values = self._values(d)
            arrays = self._updated(names, values, function, copy_old, into)
        if into is None:
            return self._result(names, arrays)
        for to, array in zip(into, arrays):
            if to is not array:
                np.copyto(to, array.reshape(to.shape))
        return out

    def _updated(self, names, values, function, copy_old, into):
        built_in = isinstance(function, BuiltIn)
        arrays = self._store.update_at_once(values, function, into) if built_in else None
        if arrays is not None:
            return arrays
        self._check_values(names, values)
        if built_in:
            return self._store.update_built_in(values, function)
        return self._store.update_with(values, function, copy_old)

    def add_updates(self, d, out=None):
        """Adds the new values to all arrays, each partition in one step."""
        return self.update_arrays(d, add, out=out)

    def view(self, *names):
        """A context manager: these arrays, or all, without a copy and for reading only.

        While it is open nobody else can update their partitions; reading goes on.
        """
        return _View(self._store, list(names or self._names), self._indexes(names))

    def _indexes(self, names):
        return [self._index(name) for name in names] if names else list(range(len(self._names)))

    def _index(self, name):
        try:
            return self._names.index(name)
        except ValueError:
            raise KeyError(name)

    # ---- As a dictionary -----------------------------------------------------------------------

    def __len__(self):
        return len(self._names)

    def __iter__(self):
        return iter(self._names)

    def __contains__(self, name):
        return name in self.specs

    def __getitem__(self, name):
        """A copy of one array."""
        return self._store.read_one(self._index(name))

    def __setitem__(self, name, value):
        """Replaces one array; the others of its partition are as they were."""
        at = self._index(name)
        value = np.asarray(value, self.specs[name].dtype)
        if value.size != self._sizes[at]:
            raise ValueError(
                "array %r: %d elements were given, %d are expected"
                % (name, value.size, self._sizes[at])
            )
        values = [None] * len(self._names)
        values[at] = value
        self._store.write(values)

    def values(self):
        """Copies of all arrays."""
        return list(self.read_arrays().values())

    def items(self):
        """All names with copies of their arrays."""
        return list(self.read_arrays().items())

    # ---- The end -------------------------------------------------------------------------------

    def close(self):
        """Ends the use of this handle. Always possible: views keep what they show mapped."""
        self._store.close()
        self._mmappings = None
        self._legacy_objects = None

    def remove(self):
        """Removes the shared objects, for everybody. The handle remains to be closed."""
        self._store.remove()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def __reduce__(self):
        state = (self.specs, self._one_dtype, self._timeout)
        if self.layout == "legacy":
            return _attach_legacy_again, ([tuple(k) for k in self.keys],) + state
        return _attach_again, (self.root_key,) + state

    # ---- What the original's users could see ---------------------------------------------------

    def arrays_to_bytes(self, d):
        """The arrays one behind the other, in store_dtype."""
        return b"".join(value.astype(self.store_dtype).tobytes() for value in d.values())

    def bytes_to_arrays(self, data, specs):
        """The reverse, as an OrderedDict of arrays with these specs."""
        arrays, offset = OrderedDict(), 0
        for name, spec in specs.items():
            flat = np.frombuffer(data, self.store_dtype, spec.size, offset)
            arrays[name] = flat.astype(spec.dtype).reshape(spec.shape)
            offset += flat.nbytes
        return arrays


_SCALE = scale(1).op


class _View(object):
    """with a.view() as arrays: arrays is an OrderedDict of read-only arrays."""

    def __init__(self, store, names, indexes):
        self._store = store
        self._names = names
        self._indexes = indexes
        self._open = []

    def __enter__(self):
        view = self._store.view(self._indexes)
        self._open.append(view)
        return OrderedDict(zip(self._names, view.arrays()))

    def __exit__(self, *unused):
        try:
            self._open.pop().end()
        except shm.error as error:
            if error.errno != _EIDRM:  # what was removed meanwhile needs no unlocking
                raise


def _attach_again(root_key, specs, store_dtype, timeout):
    """What pickled handles are read with."""
    handle = SHMArrays._native_handle(root_key)
    return SHMArrays._restored(handle, _native.Described(handle), specs, store_dtype, timeout)


def _attach_legacy_again(keys, specs, store_dtype, timeout):
    arrays = OrderedDict(
        (name, np.broadcast_to(np.zeros((), spec.dtype), spec.shape))
        for name, spec in specs.items()
    )
    return SHMArrays(arrays, keys, store_dtype, "legacy", timeout=timeout)
