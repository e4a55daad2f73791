"""Sets of arrays in the layout of the original SHMArrays: see doc/legacy.md, section 8.3.

A group is a segment that holds its arrays one behind the other, in one type and without a header,
and a semaphore around every access. The semaphore is taken with undo: who dies gives it back.
"""

import warnings

import numpy as np

from libshm import _shm
from libshm._step import compute


def group_nbytes(sizes, group, dtype):
    """Bytes of a group's segment; there is no segment of none."""
    return max(int(sum(sizes[i] for i in group)) * dtype.itemsize, 1)


def is_native(memory):
    """Whether a segment has a mark of libshm's own layout, where that has its two marks."""
    if memory.size < 16:
        return False
    attached = memory.attached
    if not attached:
        memory.attach(readonly=True)
    head = memory.read(16, plain=True)
    if not attached:
        memory.detach()
    # Numbers of 64 bits, which begin with these letters from either end.
    return any(part.startswith(b"SYARRA") or part.endswith(b"ARRAYS") for part in (head[:8], head[8:]))


class _Group(object):
    """One segment and its semaphore."""

    def __init__(self, memory, semaphore, members, sizes, dtype):
        self.memory = memory
        self.semaphore = semaphore
        self.members = members
        self.sizes = [sizes[i] for i in members]
        self.dtype = dtype
        semaphore.setundo(1)
        memory.attach()

    def load(self):
        """The arrays of the group, flat, in a copy of its bytes."""
        count = sum(self.sizes)
        data = self.memory.read(count * self.dtype.itemsize, plain=True)
        flat = np.frombuffer(data, self.dtype) if data else np.empty(0, self.dtype)
        return np.split(flat, np.cumsum(self.sizes)[:-1])

    def save(self, arrays):
        """All in one copy, so that the group is in between for as short as possible."""
        flat = np.empty(sum(self.sizes), self.dtype)
        end = 0
        for array, size in zip(arrays, self.sizes):
            flat[end : end + size] = array.reshape(-1)
            end += size
        self.memory.write(flat.view(np.uint8) if flat.size else b"")


class _Held(object):
    """The lock of a group."""

    def __init__(self, semaphore, timeout):
        self._semaphore = semaphore
        self._timeout = timeout

    def __enter__(self):
        self._semaphore.P(timeout=self._timeout)

    def __exit__(self, *unused):
        self._semaphore.V()


def _loses(value, dtype):
    """Whether a value comes back as another from the type in which it is stored."""
    if value.dtype == dtype:
        return False
    with np.errstate(all="ignore"):
        again = value.astype(dtype).astype(value.dtype)
    return not ((again == value) | ((again != again) & (value != value))).all()


class Store(object):
    """Lists of arrays are in the program's order; there is no other."""

    layout = "legacy"

    def __init__(self, names, shapes, dtypes, sizes, dtype, partitioning, objects):
        self.names = names
        self.shapes = shapes
        self.dtypes = dtypes
        self._timeout = None
        self._closed = False
        self._dtype = dtype
        self._warned = False
        self._groups = [
            _Group(memory, semaphore, [int(i) for i in members], sizes, dtype)
            for (memory, semaphore), members in zip(objects, partitioning)
        ]

    def _all(self):
        if self._closed:
            raise ValueError("this handle of a set of arrays is closed")
        return self._groups

    def _hold(self, group):
        return _Held(group.semaphore, self._timeout)

    def _shaped(self, i, flat):
        return flat.astype(self.dtypes[i]).reshape(self.shapes[i])

    def read(self):
        arrays = [None] * len(self.names)
        for group in self._all():
            with self._hold(group):
                loaded = group.load()
            for i, flat in zip(group.members, loaded):
                arrays[i] = self._shaped(i, flat)
        return arrays

    def read_into(self, out):
        for to, array in zip(out, self.read()):
            np.copyto(to, array.reshape(to.shape))

    def read_one(self, i):
        for group in self._all():
            if i in group.members:
                with self._hold(group):
                    loaded = group.load()
                return self._shaped(i, loaded[group.members.index(i)])
        raise IndexError(i)

    def _warn(self, values):
        """Once for each handle: the first array's type is that of all."""
        for value in values:
            if not self._warned and value is not None and _loses(value, self._dtype):
                self._warned = True
                warnings.warn(
                    "the legacy layout stores all arrays as %s, in which values of type %s are "
                    "others: give store_dtype=, or use the native layout"
                    % (self._dtype, value.dtype),
                    stacklevel=4,
                )

    def write_at_once(self, values):
        return False

    def write(self, values):
        self._warn(values)
        for group in self._all():
            fresh = [values[i] for i in group.members]
            if all(value is None for value in fresh):
                continue
            with self._hold(group):
                if any(value is None for value in fresh):
                    loaded = group.load()
                    fresh = [old if new is None else new for old, new in zip(loaded, fresh)]
                group.save(fresh)

    def update_with(self, values, function, copy_old):
        results = [None] * len(self.names)
        for group in self._all():
            with self._hold(group):
                for i, flat in zip(group.members, group.load()):
                    new = values[i]
                    old = flat.astype(new.dtype).reshape(new.shape)
                    results[i] = compute(function, new, old, self.names[i])
                group.save([results[i] for i in group.members])
        self._warn(results)
        return results

    def update_at_once(self, values, function, out=None):
        return None

    def update_built_in(self, values, function):
        return self.update_with(values, function, True)

    def scale(self, function):
        values = [np.empty(s, t) for s, t in zip(self.shapes, self.dtypes)]
        return self.update_with(values, lambda new, old: function(None, old), True)

    def versions(self):
        raise ValueError("the legacy layout counts no versions")

    def view(self, indexes):
        raise ValueError("the legacy layout has no views without a copy: use read_arrays")

    def set_timeout(self, seconds):
        if seconds is not None and not seconds >= 0:
            raise ValueError("timeout is a number of seconds, not negative, or None")
        self._timeout = seconds

    def closed(self):
        return self._closed

    def close(self):
        if not self._closed:
            self._closed = True
            self._groups = []

    def remove(self):
        for group in self._all():
            shmid, semid = group.memory.shmid, group.semaphore.semid
            _shm.remove_memory(shmid)
            _shm.remove_semaphore(semid)
