"""bench_python.py [--quick] [--json FILE]: what the Python modules cost, beside what there is else.

PYTHONPATH names the tree of modules, LIBSHM_NAMESPACE where the objects are made, LIBSHM_BENCH_LOOPS
the library with the loops that are the limit of an update; without it there is no such limit.
"""
import argparse
import ctypes
import multiprocessing
import os
import platform
import threading
from collections import OrderedDict
from multiprocessing import resource_tracker, shared_memory

import numpy as np

import shm
import SHMArrays
from measure import Case, Report, Target

try:
    import sysv_ipc
except ImportError:
    sysv_ipc = None

FACTOR = -0.1
PAGE = 4096
FEW_BYTES = 10 ** 6  # fewer are moved faster than functions are called


def step(new, old):
    return old - 0.1 * new


def available_memory():
    """Bytes, or a cautious guess where the kernel does not say."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 1 << 30


# ---- Limits -------------------------------------------------------------------------------------

def aligned(size, value=None, part=0):
    """An array of float64 that begins in this part of a page; touched only if filled.

    Where arrays of one loop begin at the same place of a page, processors take loads for conflicts with
    stores.
    """
    raw = np.empty(size * 8 + 2 * PAGE, np.uint8)
    start = -raw.ctypes.data % PAGE + part * 1024
    array = raw[start:start + size * 8].view(np.float64)
    if value is not None:
        array[:] = value
    return array


def load_loops():
    """The two loops in C, cached stores and streaming ones."""
    try:
        library = ctypes.CDLL(os.environ["LIBSHM_BENCH_LOOPS"])
    except (KeyError, OSError):
        return {}
    loops = {"cached stores": library.bench_axpy_cached,
             "cached, in blocks": library.bench_axpy_blocks,
             "streaming stores": library.bench_axpy_streaming}
    for loop in loops.values():
        loop.restype = None
        loop.argtypes = [ctypes.c_void_p] * 4 + [ctypes.c_double, ctypes.c_size_t]
    return loops


class Loops:
    """Private slots that the loops update, one from the other: four streams, as an update has."""

    def __init__(self, arrays):
        self.functions = load_loops()
        if sum(a.nbytes for a in arrays) < FEW_BYTES:  # as one, in one call of a function
            arrays = [np.concatenate(arrays)]
        self.slots = [[aligned(a.size, a, part) for a in arrays] for part in (0, 1)]
        self.new = [aligned(a.size, a, 2) for a in arrays]
        self.out = [aligned(a.size, 0, 3) for a in arrays]
        self.first = [a[0] for a in arrays]
        self.count = 0

    def run(self, function, fresh):
        old, slot = self.slots[self.count & 1], self.slots[self.count + 1 & 1]
        self.count += 1
        out = [aligned(a.size, None, 3) for a in self.out] if fresh else self.out
        for to, result, before, new in zip(slot, out, old, self.new):
            function(to.ctypes.data, result.ctypes.data, before.ctypes.data, new.ctypes.data,
                     FACTOR, to.size)
        return out

    def cases(self, nbytes):
        """Into touched memory, "loop", and into new memory as a returned result is, "new loop"."""
        return [
            Case(title + name, "limit", lambda f=function, n=fresh: self.run(f, n), nbytes=nbytes)
            for title, fresh in (("loop: ", False), ("new loop: ", True))
            for name, function in self.functions.items()
        ]

    def check(self):
        for slot, new, first in zip(self.slots[self.count & 1], self.new, self.first):
            assert np.isclose(slot[0], first + self.count * FACTOR * new[0])


# ---- Peers --------------------------------------------------------------------------------------

class Peer:
    """Arrays under one lock, as users write it: the result is returned."""

    def __init__(self, arrays):
        self.lock = multiprocessing.Lock()
        self.first = [a[0] for a in arrays]
        self.count = 0
        self.arrays = [self.shared(a.size) for a in arrays]
        for old, array in zip(self.arrays, arrays):
            old[:] = array

    def shared(self, size):
        return np.frombuffer(multiprocessing.Array("d", size, lock=False))

    def update(self, new):
        self.count += 1
        with self.lock:
            for old, value in zip(self.arrays, new):
                old -= 0.1 * value
            return [old.copy() for old in self.arrays]

    def update_by(self, function, new):
        self.count += 1
        with self.lock:
            results = [function(value, old) for old, value in zip(self.arrays, new)]
            for old, result in zip(self.arrays, results):
                old[:] = result
            return results

    def read(self):
        with self.lock:
            return [old.copy() for old in self.arrays]

    def end(self, new):
        for array, value, first in zip(self.arrays, new, self.first):
            assert np.isclose(array[0], first + self.count * FACTOR * value[0])


class SharedMemoryPeer(Peer):
    """The same in one segment of multiprocessing.shared_memory: each would take a descriptor."""

    def __init__(self, arrays):
        nbytes = sum(a.nbytes for a in arrays)
        self.segment = shared_memory.SharedMemory(create=True, size=nbytes)
        self.used = 0
        Peer.__init__(self, arrays)

    def shared(self, size):
        array = np.ndarray(size, np.float64, self.segment.buf, self.used)
        self.used += array.nbytes
        return array

    def end(self, new):
        Peer.end(self, new)
        self.arrays = None
        self.segment.close()
        self.segment.unlink()


class Private:
    """numpy alone: nothing is shared, the new arrays take the place of the old ones."""

    def __init__(self, arrays):
        self.arrays = [a.copy() for a in arrays]
        self.first = [a[0] for a in arrays]
        self.out = [np.zeros_like(a) for a in arrays]
        self.count = 0

    def update_by(self, function, new):
        self.count += 1
        self.arrays = [function(value, old) for old, value in zip(self.arrays, new)]
        return self.arrays

    def read(self):
        return [array.copy() for array in self.arrays]

    def read_into(self):
        for to, array in zip(self.out, self.arrays):
            np.copyto(to, array)

    def memmove(self):
        for to, array in zip(self.out, self.arrays):
            ctypes.memmove(to.ctypes.data, array.ctypes.data, array.nbytes)

    end = Peer.end


# ---- Sets of arrays -----------------------------------------------------------------------------

class Arrays:
    """A set of arrays with everything it is compared with."""

    def __init__(self, count, size):
        random = np.random.default_rng(1)
        self.title = "%d x %d float64" % (count, size)
        self.new = OrderedDict((i, random.normal(size=size)) for i in range(count))
        self.out = OrderedDict((i, np.zeros(size)) for i in range(count))
        self.values = list(self.new.values())
        self.nbytes = 8 * count * size if 8 * count * size >= FEW_BYTES else 0
        self.first = [a[0] for a in self.values]
        self.axpy = SHMArrays.axpy(FACTOR)
        self.updates = 0
        self.private, self.loops = Private(self.values), Loops(self.values)
        self.peers = [("multiprocessing.Array", Peer(self.values)),
                      ("shared_memory", SharedMemoryPeer(self.values))]
        self.shared = SHMArrays.SHMArrays(self.new)

    def update(self, function, out=None):
        self.updates += 1
        return self.shared.update_arrays(self.new, function, out=out)

    def update_cases(self):
        moved = 4 * self.nbytes
        ours = [Case("update_arrays(new, axpy)", "ours", lambda: self.update(self.axpy),
                     "multiprocessing.Array", "new loop", moved),
                Case("update_arrays(new, axpy, out=)", "ours",
                     lambda: self.update(self.axpy, self.out),
                     "multiprocessing.Array", "loop", moved)]
        peers = [Case(name + " and Lock", "peer", lambda p=peer: p.update(self.values),
                      limit="new loop") for name, peer in self.peers]
        return ours + peers + self.loops.cases(moved)

    def lambda_cases(self):
        ours = Case("update_arrays(new, function)", "ours", lambda: self.update(step),
                    "multiprocessing.Array", "numpy alone")
        peers = [Case(name + " and Lock", "peer", lambda p=peer: p.update_by(step, self.values),
                      limit="numpy alone") for name, peer in self.peers]
        alone = Case("numpy alone", "limit", lambda: self.private.update_by(step, self.values))
        return [ours] + peers + [alone]

    def read_cases(self):
        moved, shared, private = 2 * self.nbytes, self.shared, self.private
        ours = [Case("read_arrays()", "ours", shared.read_arrays, "multiprocessing.Array",
                     "ndarray.copy()", moved),
                Case("read_arrays(out=)", "ours", lambda: shared.read_arrays(out=self.out),
                     "multiprocessing.Array", "memcpy", moved)]
        peers = [Case(name + " and Lock", "peer", peer.read, limit="ndarray.copy()")
                 for name, peer in self.peers]
        return ours + peers + [
            Case("ndarray.copy()", "limit", private.read, nbytes=moved),
            Case("memcpy", "limit", private.memmove, nbytes=moved),
            Case("memcpy: np.copyto", "limit", private.read_into, nbytes=moved)]

    def end(self):
        """Every update was one, here and with all others."""
        try:
            for array, value, first in zip(
                    self.shared.read_arrays().values(), self.values, self.first):
                assert np.isclose(array[0], first + self.updates * FACTOR * value[0])
            self.loops.check()
            self.private.end(self.values)
        finally:
            for _, peer in self.peers:
                peer.end(self.values)
            self.shared.remove()
            self.shared.close()


UPDATE, UPDATE_OUT = "update_arrays(new, axpy)", "update_arrays(new, axpy, out=)"
ARRAY = "multiprocessing.Array"

LARGE_UPDATE = [
    Target(4, "Python: update axpy, 1x10^7, result returned, to the loop", UPDATE, "new loop", 1.2),
    Target(4, "Python: update axpy, 1x10^7, into out=, to the loop", UPDATE_OUT, "loop", 1.2)]
MIDDLE_UPDATE = [
    Target(5, "Python: update axpy, 20x10^5, result returned, to the loop", UPDATE, "new loop", 1.4),
    Target(5, "Python: update axpy, 20x10^5, into out=, to the loop", UPDATE_OUT, "loop", 1.4),
    Target(5, "Python: update axpy, 20x10^5, to multiprocessing.Array", UPDATE, ARRAY, 0.2)]
SMALL_UPDATE = [
    Target(6, "Python: update axpy, 20x100, result returned", UPDATE, None, 8, "posix")]
LARGE_FUNCTION = [
    Target(7, "Python: update by a function, 1x10^7, to numpy alone", "update_arrays(new, function)",
           "numpy alone", 1.4),
    Target(7, "Python: update by a function, 1x10^7, to multiprocessing.Array",
           "update_arrays(new, function)", ARRAY, 0.8)]
LARGE_READ = [
    Target(8, "Python: read 1x10^7, to ndarray.copy()", "read_arrays()", "ndarray.copy()", 1.1),
    Target(8, "Python: read 1x10^7 into out=, to memcpy", "read_arrays(out=)", "memcpy", 1.15)]
SMALL_READ = [Target(9, "Python: read, 20x100", "read_arrays()", None, 5)]


def named_sizes(report):
    quick = report.quick
    plans = [(20, 100, "us", SMALL_UPDATE, [], SMALL_READ),
             (20, 20000 if quick else 100000, "us", MIDDLE_UPDATE, [], []),
             (1, 200000 if quick else 10 ** 7, "ms", LARGE_UPDATE, LARGE_FUNCTION, LARGE_READ)]
    for count, size, unit, update, function, read in plans:
        if fits(report, count, size):
            arrays = Arrays(count, size)
            try:
                report.run(arrays.title + ", update", unit, arrays.update_cases(), update)
                report.run(arrays.title + ", update by a function", unit, arrays.lambda_cases(),
                           function)
                report.run(arrays.title + ", read", unit, arrays.read_cases(), read)
            finally:
                arrays.end()


def fits(report, count, size):
    """Two slots, four arrays of the loops, two of numpy alone, new and out, a copy for each peer."""
    needed = 16 * 8 * count * size
    if needed <= available_memory() / 4:
        return True
    report.remark("%d x %d float64: left out, %.1f GB are more than a quarter of what is free"
                  % (count, size, needed * 1e-9))
    return False


def curve(report, name, points):
    """Points are (x, arrays, elements)."""
    for x, count, size in points:
        if fits(report, count, size):
            arrays = Arrays(count, size)
            try:
                cases = arrays.update_cases()[:3] + arrays.read_cases()[:3]
                cases[5].name += ", read"
                report.run(arrays.title, "us", cases + arrays.loops.cases(4 * arrays.nbytes)[:3],
                           curve=name, x=x)
            finally:
                arrays.end()


def curves(report):
    counts = [10 ** n for n in range(3 if report.quick else 5)]
    sizes = [10 ** n for n in range(2, 7 if report.quick else 10)]
    curve(report, "Python: arrays in a set, of 100 elements", [(n, n, 100) for n in counts])
    curve(report, "Python: size of one array", [(n, 1, n // 8) for n in sizes])


# ---- Single objects -----------------------------------------------------------------------------

def pair_of(first, second):
    def pair():
        first()
        second()
    return pair


def semaphores(report, kernel):
    semaphore, lock, thread_lock = shm.create_semaphore(0), multiprocessing.Lock(), threading.Lock()
    number = multiprocessing.Semaphore(1)
    limit = "threading.Lock"
    cases = [
        Case("P, V", "ours", pair_of(semaphore.P, semaphore.V), "multiprocessing.Lock", limit),
        Case("multiprocessing.Lock", "peer", pair_of(lock.acquire, lock.release), None, limit),
        Case("multiprocessing.Semaphore", "peer", pair_of(number.acquire, number.release), None,
             limit),
        kernel and Case("sysv_ipc.Semaphore", "peer", pair_of(kernel.P, kernel.V), None, limit),
        Case(limit, "limit", pair_of(thread_lock.acquire, thread_lock.release))]
    try:
        report.run("P and V in Python, nobody else there", "us", cases, [
            Target(16, "Python: P+V", "P, V", None, 0.4, "posix")])
        assert semaphore.val == 1 and number.get_value() == 1
        assert kernel is None or kernel.value == 1
    finally:
        shm.remove_semaphore(semaphore.semid)


def add_to(value):
    def add():
        with value.get_lock():
            value.value += 1
    return add


def memories(report, kernel):
    memory, value = shm.create_memory(0, 100), multiprocessing.Value("d", 0)
    segment = shared_memory.SharedMemory(create=True, size=100)
    memory.attach()
    data = bytearray(100)
    limit = "bytes of a bytearray"
    cases = [
        Case("read(8)", "ours", lambda: memory.read(8), "shared_memory", limit),
        Case("write(8 bytes)", "ours", lambda: memory.write(b"12345678"), "shared_memory", limit),
        Case("multiprocessing.Value, += 1", "peer", add_to(value), None, limit),
        Case("multiprocessing.Value, read", "peer", lambda: value.value, None, limit),
        Case("shared_memory", "peer", lambda: bytes(segment.buf[:8]), None, limit),
        kernel and Case("sysv_ipc.SharedMemory", "peer", lambda: kernel.read(8), None, limit),
        Case(limit, "limit", lambda: bytes(data[:8]))]
    try:
        report.run("8 bytes in Python", "us", cases, [
            Target(16, "Python: read(8)", "read(8)", None, 0.25, "posix")])
        assert memory.read(8) == b"12345678" and value.value > 0
    finally:
        memory.detach()
        shm.remove_memory(memory.shmid)
        segment.close()
        segment.unlink()


def objects(report):
    """sysv_ipc where it is installed and the kernel's calls work."""
    semaphore = memory = None
    try:
        if sysv_ipc:
            semaphore = sysv_ipc.Semaphore(None, sysv_ipc.IPC_CREX, initial_value=1)
            memory = sysv_ipc.SharedMemory(None, sysv_ipc.IPC_CREX, size=100)
        else:
            report.remark("sysv_ipc is not installed")
    except (OSError, sysv_ipc.Error) as error:
        report.remark("sysv_ipc does not work here: %s" % error)
    try:
        semaphores(report, semaphore)
        memories(report, memory)
    finally:
        for thing in (semaphore, memory):
            if thing:
                thing.remove()


def stop_tracker():
    """The process that multiprocessing has started for shared_memory would end a little later."""
    stop = getattr(resource_tracker._resource_tracker, "_stop", None)
    if stop:
        stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    report = Report(shm.backend(), options.quick, python=platform.python_version(),
                    numpy=np.__version__)
    print("%s backend, Python %s, numpy %s%s" % (
        shm.backend(), platform.python_version(), np.__version__,
        "; quick: the figures mean nothing" if options.quick else ""))
    if not load_loops():
        report.remark("without the loops in C: no shared library was built")
    named_sizes(report)
    objects(report)
    curves(report)
    report.end(options.json)
    stop_tracker()


if __name__ == "__main__":
    main()
