"""SHMArrays between processes: every way to start one, and every way to lose one."""
import json
import os
import signal
import sys
import unittest
from collections import OrderedDict

import arrays_workers
from arrays_world import (DEADLINE, EPERM, NumpyCase, Program, Thread, filled, locked, named, np, sa,
                          scaled, semaphore, waits_for)

METHODS = ['fork', 'spawn', 'forkserver'] if sys.version_info[0] >= 3 else []


def mixed(value):
    """Two partitions and several types, all of one value."""
    return OrderedDict([('wide', np.full(20000, value, 'i4')), ('real', np.full(20000, value, 'f8')),
                        ('few', np.full((2, 3), value, 'i8')), ('one', np.array(value, 'f4'))])


class TestSums(NumpyCase):
    """add_updates of several processes at once: nothing is lost, nothing is added twice."""

    def test_multiprocessing(self):
        for method in METHODS:
            self.check_multiprocessing(method)

    def check_multiprocessing(self, method):
        a, processes, rounds = self.made(mixed(0)), 3, scaled(100, 10)
        program = self.program('multiprocessing', method, a.root_key, processes, rounds)
        self.assertEqual(json.loads(program.line()), [0] * processes, method)
        self.assertEqual(program.finish(), (0, ''), method)
        self.holds(a, mixed(processes * rounds))

    def test_subprocess_by_root_key(self):
        a, rounds = self.made(mixed(0)), scaled(200, 20)
        programs = [self.program('add', a.root_key, rounds) for _ in range(3)]
        arrays_workers.add_with(a, rounds)
        self.assertEqual([program.finish() for program in programs], [(0, 'done')] * 3)
        self.holds(a, mixed(4 * rounds))

    def test_forked_handles(self):
        """A child uses the handle that it inherits."""
        for layout in ('native', 'legacy'):
            a, rounds = self.made(filled(0.0, 100), layout=layout), scaled(200, 20)
            children = [self.forked(arrays_workers.add_with, a, rounds) for _ in range(3)]
            arrays_workers.add_with(a, rounds)
            self.assertEqual([os.waitpid(child, 0)[1] for child in children], [0] * 3)
            self.holds(a, filled(4.0 * rounds, 100))

    @staticmethod
    def forked(function, *arguments):
        child = os.fork()
        if child:
            return child
        try:
            function(*arguments)
            os._exit(0)
        finally:
            os._exit(1)

    def test_functions_are_not_interleaved(self):
        """A Python function, too, sees what the update before it left."""
        a, rounds = self.made(filled(0.0)), scaled(200, 20)

        def add(handle):
            for _ in range(rounds):
                handle.update_arrays(filled(1.0), lambda new, old: old + new)

        children = [self.forked(add, a) for _ in range(2)]
        add(a)
        self.assertEqual([os.waitpid(child, 0)[1] for child in children], [0, 0])
        self.holds(a, filled(3.0 * rounds))

    def test_eight_threads(self):
        for layout in ('native', 'legacy'):
            a, rounds = self.made(filled(0.0, 100), layout=layout), scaled(100, 10)
            threads = [Thread(arrays_workers.add_with, a, rounds) for _ in range(8)]
            for thread in threads:
                thread.result()
            self.holds(a, filled(8.0 * rounds, 100))

    def test_eight_threads_with_functions(self):
        a, rounds = self.made(filled(0.0)), scaled(50, 10)

        def add():
            for _ in range(rounds):
                a.update_arrays(filled(1.0), lambda new, old: old + new)

        for thread in [Thread(add) for _ in range(8)]:
            thread.result()
        self.holds(a, filled(8.0 * rounds))

    def test_eight_threads_of_all_kinds(self):
        """One handle: built-ins, functions, writes of a partition of their own, reads and views."""
        a = self.made(OrderedDict([('sum', np.zeros(20000)), ('own', np.zeros(20000))]))
        rounds = scaled(40, 10)
        self.assertEqual(len(a.get_keys()), 2)
        step = OrderedDict([('sum', np.ones(20000)), ('own', np.zeros(20000))])

        def uniform(values):
            return all((value == value[0]).all() for value in values)

        def look():
            for _ in range(rounds):
                self.assertTrue(uniform(a.read_arrays().values()))
                with a.view('sum') as arrays:
                    self.assertTrue(uniform(arrays.values()))

        kinds = [lambda: arrays_times(rounds, a.add_updates, step),
                 lambda: arrays_times(rounds, a.update_arrays, step, sa.axpy(2)),
                 lambda: arrays_times(rounds, a.update_arrays, step, lambda n, o: n + o), look]
        for thread in [Thread(kind) for kind in kinds * 2]:
            thread.result()
        self.equal(a['sum'], np.full(20000, 2.0 * rounds * 4))


def arrays_times(rounds, call, *arguments):
    for _ in range(rounds):
        call(*arguments)


class TestOneVersion(NumpyCase):

    def test_readers_see_whole_updates(self):
        """Another process writes all the time; sizes are such that slots share cache lines."""
        for sizes in ((9,), (25, 3), (513, 7, 1)):
            arrays = OrderedDict((i, np.zeros(n, 'i8')) for i, n in enumerate(sizes))
            a, seen = self.made(arrays), set()
            program = self.program('write_uniform', a.root_key, scaled(20000, 2000))
            self.assertEqual(program.line(), 'writing')
            for _ in range(scaled(5000, 500)):
                values = np.concatenate(list(a.read_arrays().values()))
                self.assertTrue((values == values[0]).all(), values)
                seen.add(int(values[0]))
            self.assertEqual(program.finish(), (0, ''))
            self.assertTrue(seen)
            self.assertEqual(a.versions(), [scaled(20000, 2000)])


class TestDeath(NumpyCase):
    """SIGKILL: the lock is free at once, and what the dead process had begun is not to be seen."""

    def die(self, command, a):
        program = self.program(command, a.root_key)
        self.assertEqual(program.line(), 'inside')
        self.assertEqual(semaphore(a).val, 0)
        return program

    def test_inside_an_update_function(self):
        a = self.made(filled(3.0), timeout=DEADLINE / 4)
        self.die('inside_update', a).kill()
        with self.untouched(a):
            a.read_arrays()
        self.equal_all(a.add_updates(filled(1.0)), filled(4.0))

    def test_inside_a_view(self):
        a = self.made(filled(3.0), timeout=DEADLINE / 4)
        self.die('inside_view', a).kill()
        with self.untouched(a):
            a.read_arrays()
        self.equal_all(a.add_updates(filled(1.0)), filled(4.0))

    def test_a_process_that_waits_goes_on(self):
        for command in ('inside_update', 'inside_view'):
            a = self.made(filled(3.0))
            holder = self.die(command, a)
            waiter = self.program('wait', a.root_key)
            self.assertEqual(waiter.line(), 'ready')
            waits_for(a)
            holder.kill()
            self.assertEqual(waiter.finish(), (0, 'added'))
            self.holds(a, filled(4.0))

    def test_a_thread_that_waits_goes_on(self):
        a = self.made(filled(3.0))
        holder = self.die('inside_update', a)
        thread = Thread(a.add_updates, filled(1.0))
        waits_for(a)
        holder.kill()
        self.equal_all(thread.result(), filled(4.0))

    def test_many_times(self):
        a = self.made(filled(0.0), timeout=DEADLINE / 4)
        rounds = scaled(5, 2)
        for _ in range(rounds):
            self.die('inside_update', a).kill()
            a.add_updates(filled(1.0))
        self.holds(a, filled(float(rounds)))
        self.assertEqual(a.versions(), [rounds])

    def test_a_waiter_that_dies(self):
        a = self.made(filled(3.0))
        with a.view():
            waiter = self.program('wait', a.root_key)
            self.assertEqual(waiter.line(), 'ready')
            waits_for(a)
            waiter.kill()
        self.is_free(a)
        self.holds(a, filled(3.0))


class TestSignals(NumpyCase):

    def test_keyboard_interrupt_while_waiting(self):
        a = self.made(filled(3.0))
        with self.untouched(a):
            with a.view():
                waiter = self.program('wait', a.root_key)
                self.assertEqual(waiter.line(), 'ready')
                waits_for(a)
                waiter.signal(signal.SIGINT)
                self.assertEqual(waiter.finish(), (0, 'interrupted'))

    def test_keyboard_interrupt_in_legacy_layout(self):
        a = self.made(filled(3.0), layout='legacy')
        where = json.dumps({'keys': a.get_keys(), 'arrays': [(n, s.size) for n, s in a.specs.items()]})
        with self.untouched(a):
            with locked(a):
                waiter = self.program('wait', where)
                self.assertEqual(waiter.line(), 'ready')
                waits_for(a)
                waiter.signal(signal.SIGINT)
                self.assertEqual(waiter.finish(), (0, 'interrupted'))

    def test_keyboard_interrupt_in_an_update_function(self):
        a = self.made(filled(3.0))
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        self.addCleanup(signal.signal, signal.SIGINT, before)

        def function(new, old):
            os.kill(os.getpid(), signal.SIGINT)
            while True:
                pass

        with self.untouched(a):
            self.assertRaises(KeyboardInterrupt, a.update_arrays, filled(1.0), function)


class TestFork(NumpyCase):

    def test_a_child_of_an_update_function_does_not_own_the_lock(self):
        a = self.made(named(x=np.zeros(3)))
        program = self.program('fork_inside_update', a.root_key)
        self.assertEqual(program.finish(), (0, str(EPERM)))
        self.holds(a, named(x=np.ones(3)))
        self.assertEqual(a.versions(), [1])

    def test_the_end_of_a_child_leaves_the_parents_handle(self):
        a = self.made(filled(1.0))
        child = os.fork()
        if child == 0:
            try:
                a.close()
                os._exit(0)
            finally:
                os._exit(1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)
        a.write_arrays(filled(2.0))
        self.holds(a, filled(2.0))


class TestPrograms(NumpyCase):
    """The helpers can fail."""

    def test_a_program_that_fails(self):
        program = Program(['no_such_command'])
        self.addCleanup(program.close)
        self.assertEqual(program.line(), '')
        self.assertNotEqual(program.finish()[0], 0)


if __name__ == '__main__':
    unittest.main()
