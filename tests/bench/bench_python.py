"""What the Python modules cost beside multiprocessing: medians of interleaved repeats.

PYTHONPATH names the tree of modules, LIBSHM_NAMESPACE where the objects are made.
"""
import multiprocessing
import time
from collections import OrderedDict

import numpy as np

import shm
import SHMArrays

REPEATS = 15


class Peer(object):
    """Arrays of multiprocessing under one lock, as users write it: the result is returned."""

    def __init__(self, arrays):
        self.lock = multiprocessing.Lock()
        self.arrays = []
        for array in arrays.values():
            shared = multiprocessing.Array("d", array.size, lock=False)
            self.arrays.append(np.frombuffer(shared).reshape(array.shape))

    def update(self, new):
        with self.lock:
            for old, value in zip(self.arrays, new.values()):
                old -= 0.1 * value
            return [old.copy() for old in self.arrays]

    def read(self):
        with self.lock:
            return [old.copy() for old in self.arrays]


def seconds_of(function, rounds):
    start = time.perf_counter()
    for _ in range(rounds):
        function()
    return (time.perf_counter() - start) / rounds


def measure(cases, rounds):
    """The samples of all cases, which take turns, so that a slow moment hits all of them."""
    samples = OrderedDict((name, []) for name in cases)
    for _ in range(REPEATS):
        for name, function in cases.items():
            samples[name].append(seconds_of(function, rounds))
    return samples


def show(title, cases, rounds):
    """A table; ratios are to the last case, the peer."""
    samples = measure(cases, rounds)
    medians = OrderedDict((name, sorted(taken)[REPEATS // 2]) for name, taken in samples.items())
    peer = list(medians.values())[-1]
    print("%s, %s backend: median (least, most) in us, ratio to the last" % (title, shm.backend()))
    for name, taken in samples.items():
        print("  %-34s %10.2f (%.2f, %.2f) %7.2f" % (
            name, medians[name] * 1e6, min(taken) * 1e6, max(taken) * 1e6, medians[name] / peer))


def arrays_of(count, size, rounds):
    arrays = OrderedDict((i, np.random.normal(size=size)) for i in range(count))
    peer, axpy = Peer(arrays), SHMArrays.axpy(-0.1)
    shared = SHMArrays.SHMArrays(arrays)
    title = "%d arrays of %d float64" % (count, size)
    try:
        show(title + ", update", OrderedDict([
            ("update_arrays(new, axpy(-0.1))", lambda: shared.update_arrays(arrays, axpy)),
            ("update_arrays(new)", lambda: shared.update_arrays(arrays)),
            ("update_arrays(new, lambda)",
             lambda: shared.update_arrays(arrays, lambda new, old: old - 0.1 * new)),
            ("multiprocessing.Array and Lock", lambda: peer.update(arrays))]), rounds)
        show(title + ", read", OrderedDict([
            ("read_arrays()", shared.read_arrays),
            ("multiprocessing.Array and Lock", peer.read)]), rounds)
    finally:
        shared.remove()
        shared.close()


def objects(rounds):
    memory, semaphore = shm.create_memory(0, 100), shm.create_semaphore(0)
    lock = multiprocessing.Lock()
    memory.attach()

    def pair():
        semaphore.P()
        semaphore.V()

    def lock_pair():
        lock.acquire()
        lock.release()

    try:
        show("one process", OrderedDict([
            ("P and V", pair), ("read(8)", lambda: memory.read(8)),
            ("write(8 bytes)", lambda: memory.write(b"12345678")),
            ("multiprocessing.Lock pair", lock_pair)]), rounds)
    finally:
        memory.detach()
        shm.remove_memory(memory.shmid)
        shm.remove_semaphore(semaphore.semid)


if __name__ == "__main__":
    arrays_of(20, 100, 2000)
    arrays_of(20, 100000, 5)
    objects(2000)
