"""Objects made and removed many times: memory, descriptors, mappings and objects do not grow.

LIBSHM_TEST_SCALE=N runs an N-th of the rounds.
"""
import gc
import os
import random
import sys
import unittest
from collections import OrderedDict

import shm
import shm_wrapper
from arrays_world import BACKEND, NO_NUMPY, np, sa, scaled

ROUNDS = scaled(10 ** 5, 1000)
ARRAY_ROUNDS = scaled(10 ** 4, 500)

# What allocators take at a time; cycles that lose a small object each lose more than a quarter of it.
BYTES = 1 << 20
# Others may have objects in this world at the moment of looking, each of them a few.
OBJECTS = 50

_random = random.SystemRandom()


def resident():
    with open('/proc/self/statm') as file:
        return int(file.read().split()[1]) * os.sysconf('SC_PAGE_SIZE')


def mappings():
    with open('/proc/self/maps') as file:
        return len(file.readlines())


def descriptors():
    return len(os.listdir('/proc/self/fd'))


def objects():
    """Segments and semaphores of this namespace, whoever made them."""
    if BACKEND == 'posix':
        folder = os.environ.get('LIBSHM_DIR', '/dev/shm')
        prefix = 'libshm.%s.' % os.environ.get('LIBSHM_NAMESPACE', 'default')
        return len([name for name in os.listdir(folder) if name.startswith(prefix)])
    count = 0
    for kind in ('shm', 'sem'):
        with open('/proc/sysvipc/' + kind) as table:
            count += len(table.readlines()) - 1
    return count


def blocks():
    """Objects that Python has allocated; 0 where it does not say."""
    return getattr(sys, 'getallocatedblocks', int)()


def measure():
    gc.collect()
    return {'resident': resident(), 'mappings': mappings(), 'descriptors': descriptors(),
            'objects': objects(), 'blocks': blocks()}


class Leaks(unittest.TestCase):

    def grown(self, rounds, cycle):
        before = measure()
        for _ in range(rounds):
            cycle()
        return dict((name, value - before[name]) for name, value in measure().items())

    def steady(self, rounds, cycle, bytes_more=BYTES // 4):
        """Many cycles leave what a few have left.

        Allocators take a piece of memory now and then, which shows in one half of the rounds only;
        whatever each cycle loses shows in both.
        """
        half = rounds // 2
        for _ in range(max(rounds // 10, 100)):
            cycle()
        first, second = self.grown(half, cycle), self.grown(half, cycle)
        limits = {'resident': bytes_more, 'mappings': min(20, half // 5), 'descriptors': 2,
                  'objects': min(OBJECTS, half // 2), 'blocks': max(half // 2, 200)}
        self.assertFalse([name for name in limits
                          if first[name] > limits[name] and second[name] > limits[name]],
                         'twice %d rounds: %r and %r' % (half, first, second))


def free_key():
    return _random.randrange(1, 2 ** 32)


class TestObjects(Leaks):
    """Together 10**5 objects of module shm."""

    def test_memory(self):
        def cycle():
            memory = shm.create_memory(free_key(), 100)
            memory.attach()
            memory.write(b'abc', 5)
            assert memory.read(3, 5) == b'abc'
            key = memory.key
            memory.detach()
            shm.remove_memory(memory.shmid)
            assert shm.memory_haskey(key) == 0

        self.steady(ROUNDS * 6 // 10, cycle)

    def test_semaphore(self):
        def cycle():
            semaphore = shm.create_semaphore(free_key(), 1)
            semaphore.setundo(1)
            semaphore.P()
            semaphore.V()
            key = semaphore.key
            shm.remove_semaphore(semaphore.semid)
            assert shm.semaphore_haskey(key) == 0

        self.steady(ROUNDS * 4 // 10, cycle)

    def test_failures(self):
        """KeyError leaked a number, once."""
        memory = shm.create_memory(free_key(), 100)
        self.addCleanup(shm.remove_memory, memory.shmid)
        key = memory.key

        def cycle():
            for call, arguments in ((shm.create_memory, (key, 100)), (memory.read, (5,)),
                                    (shm.getshmid, (0,)), (shm.memory, (-1,)),
                                    (shm.create_semaphore, (free_key(), -1)),
                                    (shm.create_memory, (free_key(), 0))):
                try:
                    call(*arguments)
                except (shm.error, KeyError):
                    continue
                raise AssertionError('%r%r succeeded' % (call, arguments))

        self.steady(ROUNDS // 10, cycle)

    def test_wrapper(self):
        def cycle():
            memory = shm_wrapper.create_memory(10)
            assert memory.read() == b' ' * 10
            memory.remove()
            shm_wrapper.create_semaphore().remove()

        self.steady(ROUNDS // 30, cycle)


@unittest.skipUnless(np, NO_NUMPY)
class TestArrays(Leaks):

    @staticmethod
    def arrays():
        return OrderedDict([('x', np.zeros(5)), (7, np.zeros((2, 2), 'i4')), (('t', 1), np.zeros(()))])

    def end(self, a):
        keys = [tuple(pair) for pair in a.get_keys()]
        a.remove()
        a.close()
        for memory_key, semaphore_key in keys:
            assert not shm.memory_haskey(memory_key)
            assert not shm.semaphore_haskey(semaphore_key)

    def test_create(self):
        self.steady(ARRAY_ROUNDS, lambda: self.end(sa.SHMArrays(self.arrays())))

    def test_create_legacy(self):
        def cycle():
            a = sa.SHMArrays(OrderedDict([('x', np.zeros(5)), ('y', np.zeros(3))]), layout='legacy')
            a.add_updates(OrderedDict([('x', np.zeros(5)), ('y', np.zeros(3))]))
            self.end(a)

        self.steady(ARRAY_ROUNDS // 5, cycle)

    def test_several_partitions(self):
        arrays = OrderedDict((i, np.zeros(20000, 'i1')) for i in range(3))
        self.steady(ARRAY_ROUNDS // 20, lambda: self.end(sa.SHMArrays(arrays)))

    def existing(self):
        a = sa.SHMArrays(self.arrays())
        self.addCleanup(self.end, a)
        return a

    def test_attach(self):
        a = self.existing()

        def cycle():
            with sa.SHMArrays.attach(a.root_key) as b:
                b.read_arrays()
            sa.SHMArrays(self.arrays(), keys=a.get_keys()).close()

        self.steady(ARRAY_ROUNDS // 3, cycle)

    def test_dropped_handles(self):
        """Nobody closes them; a reference cycle would keep them until a collection."""
        a = self.existing()

        def cycle():
            sa.SHMArrays.attach(a.root_key)

        self.steady(ARRAY_ROUNDS // 3, cycle)

    def test_operations(self):
        a, new = self.existing(), self.arrays()
        out = a.read_arrays()

        def cycle():
            a.write_arrays(new)
            a.read_arrays()
            a.read_arrays(out=out)
            a.add_updates(new)
            a.update_arrays(new)
            a.update_arrays(new, sa.axpy(0.5))
            a.update_arrays(new, lambda n, o: n + o)
            a['x'] = a['x']
            a.versions()
            with a.view() as arrays:
                arrays['x'].sum()

        self.steady(ARRAY_ROUNDS, cycle)

    def untimely(self, layout):
        """It fails when the objects of the set exist already."""
        sa.SHMArrays(self.arrays(), layout=layout, timeout=-1)

    def test_failures(self):
        a = self.existing()
        bad = dict(self.arrays(), x=np.zeros(4))

        def raising(new, old):
            raise ZeroDivisionError

        def cycle():
            for call, arguments in ((a.write_arrays, (bad,)), (a.update_arrays, (bad,)),
                                    (a.update_arrays, (self.arrays(), raising)),
                                    (a.update_arrays, (self.arrays(), lambda n, o: o.fill(1))),
                                    (a.write_arrays, ({'x': np.zeros(5)},)),
                                    (sa.SHMArrays, (bad, a.get_keys())),
                                    (self.untimely, ('native',)), (self.untimely, ('legacy',)),
                                    (sa.SHMArrays.attach, (free_key(),)),
                                    (sa.SHMArrays, ({'x': np.array([None])},))):
                try:
                    call(*arguments)
                except (ValueError, KeyError, ZeroDivisionError, shm.error):
                    continue
                raise AssertionError('%r%r succeeded' % (call, arguments))

        self.steady(ARRAY_ROUNDS // 5, cycle)


class TestMeasures(unittest.TestCase):
    """Each measure sees what it is for."""

    def seen(self, name, hold):
        before = measure()
        kept = hold()
        grown = measure()[name] - before[name]
        del kept
        return grown

    def test_resident(self):
        self.assertGreater(self.seen('resident', lambda: bytearray(os.urandom(8 * BYTES))), 4 * BYTES)

    def test_blocks(self):
        if blocks():
            self.assertGreater(self.seen('blocks', lambda: [object() for _ in range(1000)]), 900)

    def test_descriptors(self):
        opened = []
        try:
            # The list keeps it: a file that is dropped open is warned of.
            self.assertEqual(self.seen('descriptors', lambda: opened.append(open('/dev/null'))), 1)
        finally:
            for file in opened:
                file.close()

    def test_mappings_and_objects(self):
        for name, count in (('mappings', 1), ('objects', 2)):
            made = []

            def hold():
                made.append(shm.create_memory(free_key(), 100))
                made.append(shm.create_semaphore(free_key()))
                made[0].attach()

            try:
                self.assertGreaterEqual(self.seen(name, hold), count)
            finally:
                made[0].detach()
                shm.remove_memory(made[0].shmid)
                shm.remove_semaphore(made[1].semid)


if __name__ == '__main__':
    unittest.main()
