"""What the tests of SHMArrays share.

Every set that a test makes is removed and closed when the test ends, also when it fails. Whoever
waits, waits for a state; the deadlines below are reached by failures only.
"""
from __future__ import print_function

import contextlib
import gc
import os
import signal
import subprocess
import sys
import threading
import time
import unittest
import warnings
from collections import OrderedDict

import shm

try:
    import numpy as np
except ImportError:
    np = None

sa = __import__('SHMArrays') if np else None

HERE = os.path.dirname(os.path.abspath(__file__))
BACKEND = shm.backend()
DEADLINE = 60
EPERM, ENOENT, EAGAIN, EINVAL, EDEADLK, EIDRM = 1, 2, 11, 22, 35, 43
NO_NUMPY = 'SHMArrays needs numpy, which %s has not' % sys.executable

if np is None:
    print('skipped: ' + NO_NUMPY, file=sys.stderr)

clock = getattr(time, 'monotonic', time.time)


def scaled(rounds, least=1):
    """This many rounds of a long loop, or the part of them that LIBSHM_TEST_SCALE asks for."""
    return max(rounds // int(os.environ.get('LIBSHM_TEST_SCALE', '1')), least)


def until(state, what='the state'):
    """Returns the first true value of state()."""
    end = clock() + DEADLINE
    while True:
        value = state()
        if value:
            return value
        if clock() > end:
            raise AssertionError('%s did not come in %d s' % (what, DEADLINE))
        time.sleep(0.001)


# Arrays

def named(**arrays):
    """A dictionary of arrays in the order of their names."""
    return OrderedDict(sorted(arrays.items()))


def copies(arrays):
    return OrderedDict((name, np.array(value)) for name, value in arrays.items())


def filled(value, count=6, names='abc', dtype='f8'):
    return OrderedDict((name, np.full(count, value, dtype)) for name in names)


def same(one, other):
    """Whether two arrays agree in type, shape and every element; a NaN agrees with a NaN."""
    one, other = np.asarray(one), np.asarray(other)
    if one.dtype != other.dtype or one.shape != other.shape:
        return False
    # A long double has bytes that belong to no number.
    if one.dtype.kind in 'fc' and one.dtype.char in 'gG':
        return bool(np.array_equal(one, other, equal_nan=True))
    return one.tobytes() == other.tobytes()


def show(array):
    array = np.asarray(array)
    return '%s%s %s' % (array.dtype, array.shape, np.array2string(array.ravel(), threshold=40))


# Sets of arrays

def like(a):
    """Arrays as those of a set, whose content is of no account."""
    return OrderedDict((name, np.zeros(spec.shape, spec.dtype)) for name, spec in a.specs.items())


def again(a, **options):
    """Another handle of the set, by its keys."""
    if len(set(spec.dtype for spec in a.specs.values())) == 1 or a.layout == 'legacy':
        options['store_dtype'] = a.store_dtype
    return sa.SHMArrays(like(a), keys=list(a.get_keys()), layout=a.layout, **options)


def semaphore(a, partition=0):
    """The object of module shm that is the lock of a partition."""
    return shm.semaphore(shm.getsemid(a.get_keys()[partition].semaphore_key))


def memory(a, partition=0):
    return shm.memory(shm.getshmid(a.get_keys()[partition].memory_key))


def waits_for(a, count=1, partition=0):
    """Wait until so many calls sleep for the lock of a partition."""
    lock = semaphore(a, partition)
    until(lambda: lock.ncnt >= count, 'somebody who waits for the lock')


def remove_keys(keys):
    """Remove what is left of a set."""
    for memory_key, semaphore_key in keys:
        if shm.memory_haskey(memory_key):
            shm.remove_memory(shm.getshmid(memory_key))
        if shm.semaphore_haskey(semaphore_key):
            shm.remove_semaphore(shm.getsemid(semaphore_key))


class GivenUp(Exception):
    """Raised by update functions that are to publish nothing."""


class Thread(threading.Thread):
    """A thread whose result, or exception, comes back."""

    def __init__(self, function, *arguments):
        threading.Thread.__init__(self)
        self.daemon = True
        self._call = function, arguments
        self._result = None
        self.start()

    def run(self):
        function, arguments = self._call
        try:
            self._result = True, function(*arguments)
        except BaseException as error:
            self._result = False, error

    def result(self):
        self.join(DEADLINE)
        if self._result is None:
            raise AssertionError('a thread did not end in %d s' % DEADLINE)
        well, value = self._result
        if not well:
            raise value
        return value


@contextlib.contextmanager
def locked(a):
    """The first partition of the set is locked by another thread, through a handle of its own."""
    entered, leave = threading.Event(), threading.Event()

    def stay(new, old):
        entered.set()
        leave.wait(DEADLINE)
        raise GivenUp

    def hold():
        other = again(a)
        try:
            other.update_arrays(like(a), stay)
        except GivenUp:
            return
        finally:
            entered.set()
            other.close()

    thread = Thread(hold)
    entered.wait(DEADLINE)
    try:
        yield
    finally:
        leave.set()
        thread.result()


class Program(object):
    """arrays_workers.py, or another program of this folder, in a process of its own."""

    def __init__(self, arguments, program='arrays_workers.py'):
        path = [HERE, os.path.dirname(os.path.abspath(sys.modules['shm_wrapper'].__file__))
                if 'shm_wrapper' in sys.modules else '', os.environ.get('PYTHONPATH', '')]
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join(p for p in path if p))
        command = [sys.executable, os.path.join(HERE, program)] + [str(a) for a in arguments]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         env=environment, universal_newlines=True)
        self._watch = threading.Timer(DEADLINE, self._process.kill)
        self._watch.daemon = True
        self._watch.start()
        self.pid = self._process.pid

    def line(self):
        """What the program says next; nothing if it has ended."""
        return self._process.stdout.readline().strip()

    def say(self, text):
        self._process.stdin.write(text + '\n')
        self._process.stdin.flush()

    def signal(self, number):
        os.kill(self.pid, number)

    def finish(self):
        """Its status and what else it said, when it has ended by itself."""
        out, _ = self._process.communicate()
        self._watch.cancel()
        return self._process.returncode, out.strip()

    def kill(self):
        """SIGKILL, and wait until nothing of the process is left."""
        self._process.kill()
        return self.finish()[0]

    def close(self):
        if self._process.poll() is None:
            self._process.kill()
        if not self._process.stdout.closed:
            self.finish()


class NumpyCase(unittest.TestCase):
    """A test that is skipped without numpy, and that fails when it hangs."""

    def setUp(self):
        before = signal.signal(signal.SIGALRM, self._late)
        signal.alarm(3 * DEADLINE)
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        self.addCleanup(signal.alarm, 0)

    @staticmethod
    def _late(*ignored):
        raise AssertionError('the test took longer than %d s' % (3 * DEADLINE))

    # Sets and programs that end with the test

    def made(self, *arguments, **options):
        """A new set."""
        a = sa.SHMArrays(*arguments, **options)
        self.addCleanup(self._discard, a, [tuple(pair) for pair in a.get_keys()])
        return a

    @staticmethod
    def _discard(a, keys):
        remove_keys(keys)
        a.close()
        gc.collect()

    def closing(self, a):
        """A handle of a set that another one removes."""
        self.addCleanup(a.close)
        return a

    def again(self, a, **options):
        return self.closing(again(a, **options))

    def program(self, *arguments, **options):
        program = Program(arguments, **options)
        self.addCleanup(program.close)
        return program

    # Assertions

    def each(self, rows, check):
        """check(*row) for each row of a table; every failure is shown."""
        failures = []
        for row in rows:
            row = row if isinstance(row, tuple) else (row,)
            try:
                check(*row)
            except Exception as error:
                failures.append('%.150r: %s: %s' % (row, type(error).__name__, error))
        self.assertTrue(rows, 'an empty table shows nothing')
        if failures:
            self.fail('%d of %d rows:\n%s' % (len(failures), len(rows), '\n'.join(failures)))

    def equal(self, got, expected):
        """Both are arrays that agree in everything."""
        self.assertTrue(same(got, expected),
                        'got %s, expected %s' % (show(got), show(expected)))

    def equal_all(self, got, expected):
        """Both are dictionaries with the same names in the same order, and equal arrays."""
        self.assertEqual(list(got), list(expected))
        for name in expected:
            self.assertTrue(same(got[name], expected[name]), '%r: got %s, expected %s' % (
                name, show(got[name]), show(expected[name])))

    def holds(self, a, expected):
        """The set has this content, as every handle of it sees it."""
        self.equal_all(a.read_arrays(), expected)
        other = again(a)
        try:
            self.equal_all(other.read_arrays(), expected)
        finally:
            other.close()

    def refused(self, number, call, *arguments, **options):
        """The call raises shm.error with this errno."""
        try:
            value = call(*arguments, **options)
        except shm.error as error:
            self.assertEqual(error.errno, number, str(error))
            return error
        raise AssertionError('expected errno %d, %r was returned' % (number, value))

    @contextlib.contextmanager
    def loss(self):
        """The block warns once that the legacy layout stores values as others, and of nothing else."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter('always')
            yield
        messages = [str(w.message) for w in caught]
        self.assertEqual(len(messages), 1, messages)
        self.assertIn('the legacy layout stores all arrays as', messages[0])

    def is_free(self, a):
        """Another handle gets every lock of the set, and changes nothing by it."""
        other = again(a, timeout=DEADLINE / 4)
        try:
            other.write_arrays(other.read_arrays())
        finally:
            other.close()

    @contextlib.contextmanager
    def untouched(self, a):
        """The block publishes nothing and keeps no lock."""
        before = copies(a.read_arrays())
        versions = a.versions() if a.layout == 'native' else None
        yield
        self.equal_all(a.read_arrays(), before)
        if versions is not None:
            self.assertEqual(a.versions(), versions)
        self.is_free(a)


NumpyCase = unittest.skipUnless(np, NO_NUMPY)(NumpyCase)
