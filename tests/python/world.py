"""What the tests of the Python modules share.

Objects have random keys that nobody uses, and are removed when a test ends. Waiting is for a
state, with a deadline that only a failure reaches. Children are forks of the test, or the same
interpreter started anew.
"""
import contextlib
import json
import os
import pickle
import random
import signal
import subprocess
import sys
import threading
import time
import traceback
import unittest

import shm

PY3 = sys.version_info[0] >= 3
BACKEND = shm.backend()
ROOT = os.geteuid() == 0
NOBODY = 65534
PAGE = os.sysconf('SC_PAGE_SIZE')
HERE = os.path.dirname(os.path.abspath(__file__))
DEADLINE = 60

# Permissions without which only root can go on using its objects.
UNREADABLE = (0, 0o1, 0o200) if ROOT else ()

try:
    import numpy
except ImportError:
    numpy = None

needs_root = unittest.skipUnless(ROOT, 'becoming another user needs root')
needs_numpy = unittest.skipUnless(numpy, 'this interpreter has no numpy')
needs_sysv = unittest.skipUnless(
    BACKEND == 'sysv', 'the posix backend has no objects of other programs, nor limits of a kernel')
needs_python3 = unittest.skipUnless(PY3, 'Python 2.7 has the str of Python 2')

clock = getattr(time, 'monotonic', time.time)
_random = random.SystemRandom()


def latin(text):
    """The bytes of a native string."""
    return text.encode('latin-1') if PY3 else text


def free_key():
    """A key from 1 to 2**32 - 1 that neither a segment nor a semaphore has."""
    while True:
        key = _random.randrange(1, 2 ** 32)
        if not shm.memory_haskey(key) and not shm.semaphore_haskey(key):
            return key


def until(state, what='the state'):
    """Wait until state() is true."""
    end = clock() + DEADLINE
    while not state():
        if clock() > end:
            raise AssertionError('%s did not come in %d s' % (what, DEADLINE))
        time.sleep(0.001)


def store():
    """The folder and the beginning of the names of the posix backend's files."""
    return (os.environ.get('LIBSHM_DIR', '/dev/shm'),
            'libshm.%s.' % os.environ.get('LIBSHM_NAMESPACE', 'default'))


def objects():
    """Everything that exists in this world, of whichever program."""
    if BACKEND == 'posix':
        folder, prefix = store()
        return sorted(name for name in os.listdir(folder) if name.startswith(prefix))
    found = []
    for kind in ('shm', 'sem'):
        with open('/proc/sysvipc/' + kind) as table:
            found += [kind + ' ' + line.strip() for line in table.readlines()[1:]]
    return found


def report(value):
    """What a program started by Case.alone answers; JSON."""
    print('report ' + json.dumps(value))


def remove_memory(shmid):
    """Detach and remove, as far as there is anything; it need not be readable."""
    try:
        shm.memory(shmid).detach()
    except shm.error:
        pass
    try:
        shm.remove_memory(shmid)
    except shm.error:
        pass


def remove_semaphore(semid):
    try:
        shm.remove_semaphore(semid)
    except shm.error:
        pass


def remove_key(key):
    """Remove whatever has the key."""
    if shm.memory_haskey(key):
        remove_memory(shm.getshmid(key))
    if shm.semaphore_haskey(key):
        remove_semaphore(shm.getsemid(key))


def become_nobody():
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)


class Child(object):
    """A fork of this process that calls a function, whose result comes back."""

    def __init__(self, function, args):
        self.reaped = None
        reader, writer = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(reader)
            self._run(writer, function, args)
        os.close(writer)
        self.reader = reader

    @staticmethod
    def _run(writer, function, args):
        status = 1
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(2 * DEADLINE)
            try:
                answer = (True, function(*args))
            except BaseException:
                answer = (False, traceback.format_exc())
            data = pickle.dumps(answer, 2)
            while data:
                data = data[os.write(writer, data):]
            status = 0
        finally:
            os._exit(status)

    def kill(self, number):
        os.kill(self.pid, number)

    def ended(self):
        if self.reaped is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.reaped = status
        return self.reaped is not None

    def wait(self):
        until(self.ended, 'the end of a child')
        return self.reaped

    def result(self):
        """What the function returned; whatever it raised fails the test."""
        self.wait()
        data = b''
        while True:
            part = os.read(self.reader, 65536)
            if not part:
                break
            data += part
        if not data:
            raise AssertionError('a child ended with status %#x' % self.reaped)
        well, value = pickle.loads(data)
        if not well:
            raise AssertionError('in a child:\n' + value)
        return value

    def close(self):
        if not self.ended():
            self.kill(signal.SIGKILL)
            self.wait()
        os.close(self.reader)


class Worker(threading.Thread):
    """A thread whose outcome is kept."""

    def __init__(self, function, args, named):
        threading.Thread.__init__(self)
        self.daemon = True
        self.call = lambda: function(*args, **named)
        self.result = None
        self.start()

    def run(self):
        try:
            self.result = ('returned', self.call())
        except BaseException as e:
            self.result = ('raised', type(e).__name__, e.args)
            self.trace = traceback.format_exc()
        finally:
            del self.call

    def outcome(self):
        self.join(DEADLINE)
        if self.result is None:
            raise AssertionError('a thread did not end in %d s' % DEADLINE)
        return self.result


class Case(unittest.TestCase):
    """A test with objects, children and threads of its own."""

    def setUp(self):
        self._watch()
        settings = shm.options()
        self.addCleanup(lambda: shm.options(**settings))

    def _watch(self):
        def late(*ignored):
            raise AssertionError('the test took longer than %d s' % (2 * DEADLINE))

        before = signal.signal(signal.SIGALRM, late)
        signal.alarm(2 * DEADLINE)
        self.addCleanup(signal.signal, signal.SIGALRM, before)
        self.addCleanup(signal.alarm, 0)

    # Objects. Dropping a memory object leaves its mapping (L3.5.1), so those that a test may
    # attach are held until they have been detached.

    def key(self):
        key = free_key()
        self.addCleanup(remove_key, key)
        return key

    def held(self, memory):
        self.addCleanup(remove_memory, memory.shmid)
        self.addCleanup(memory.detach)
        return memory

    def memory(self, size=100, *perm):
        return self.held(shm.create_memory(self.key(), size, *perm))

    def segment(self, size=100, *perm):
        """The id of a memory whose object does not live any more."""
        return shm.create_memory(self.key(), size, *perm).shmid

    def attached(self, size=100, *perm):
        memory = self.memory(size, *perm)
        memory.attach()
        return memory

    def semaphore(self, *value_perm):
        semaphore = shm.create_semaphore(self.key(), *value_perm)
        self.addCleanup(remove_semaphore, semaphore.semid)
        return semaphore

    def private_memory(self, key=0, size=100):
        return self.held(shm.create_memory(key, size))

    def private_semaphore(self, key=0):
        semaphore = shm.create_semaphore(key)
        self.addCleanup(remove_semaphore, semaphore.semid)
        return semaphore

    # Objects that this process has not yet used, so that nothing of them is open in it.

    def foreign_memory(self, size=100, *perm):
        key = self.key()
        self.forked(lambda: shm.create_memory(key, size, *perm) and None)
        return key

    def foreign_semaphore(self, *value_perm):
        key = self.key()
        self.forked(lambda: shm.create_semaphore(key, *value_perm) and None)
        return key

    # Processes and threads

    def child(self, function, *args):
        child = Child(function, args)
        self.addCleanup(child.close)
        return child

    def forked(self, function, *args):
        """The result of a function that is called in a child."""
        return self.child(function, *args).result()

    def as_nobody(self, function, *args):
        """The result of a function that another user calls, in a child."""
        def call():
            become_nobody()
            return function(*args)

        return self.forked(call)

    def worker(self, function, *args, **named):
        return Worker(function, args, named)

    def program(self, code, *args, **environment):
        """Run code in a new interpreter: (status, output, errors)."""
        environ = dict(os.environ, **environment)
        path = [HERE, os.path.dirname(os.path.abspath(__import__('shm_wrapper').__file__))]
        if environ.get('PYTHONPATH'):
            path.append(environ['PYTHONPATH'])
        environ['PYTHONPATH'] = os.pathsep.join(path)
        process = subprocess.Popen([sys.executable, '-c', code] + [str(a) for a in args],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environ)
        timer = threading.Timer(DEADLINE, process.kill)
        timer.start()
        try:
            out, err = process.communicate()
        finally:
            timer.cancel()
            timer.join()
        return process.returncode, out.decode('latin-1'), err.decode('latin-1')

    def alone(self, code):
        """Run code in a world where nothing exists: (what it reports, what it leaves behind).

        It finds the names shm, shm_wrapper, world, errors(call), report(value).
        """
        if BACKEND == 'sysv' and not ROOT:
            self.skipTest('an IPC namespace of its own needs root')
        namespace = 'python-%016x' % _random.getrandbits(64)
        self.addCleanup(self._sweep, namespace)
        status, out, err = self.program(_PRELUDE + code + _EPILOGUE, LIBSHM_NAMESPACE=namespace)
        lines = [line[7:] for line in out.splitlines() if line.startswith('report ')]
        if 'cannot unshare' in out:
            self.skipTest('an IPC namespace of its own is not permitted here')
        self.assertEqual((status, err), (0, ''), out)
        self.assertEqual(len(lines), 2, 'a program reports once: ' + out)
        return [json.loads(line) for line in lines]

    @staticmethod
    def _sweep(namespace):
        folder = store()[0]
        for name in os.listdir(folder) if os.path.isdir(folder) else ():
            if name.startswith('libshm.%s.' % namespace):
                os.unlink(os.path.join(folder, name))

    # Assertions

    until = staticmethod(until)

    def fails(self, kind, args, call, *a, **k):
        """call(...) raises exactly this type, with these args (None: any); the exception."""
        try:
            value = call(*a, **k)
        except BaseException as e:
            if type(e) is not kind or (args is not None and e.args != args):
                raise AssertionError('expected %s%r, got:\n%s' % (
                    kind.__name__, args, traceback.format_exc()))
            return e
        raise AssertionError('expected %s%r, but %r was returned' % (kind.__name__, args, value))

    def error(self, args, call, *a, **k):
        """call(...) raises shm.error with (errno, text), or with a message."""
        return self.fails(shm.error, args if isinstance(args, tuple) else (args,), call, *a, **k)

    def each(self, rows, check):
        """check(*row) for every row; all failures are shown."""
        rows = list(rows)
        self.assertTrue(rows, 'an empty table')
        failures = []
        for row in rows:
            try:
                check(*row)
            except unittest.SkipTest:
                raise
            except Exception:
                failures.append('row %.200r\n%s' % (row, traceback.format_exc()))
        if failures:
            self.fail('%d of %d rows\n\n%s' % (len(failures), len(rows), '\n'.join(failures)))

    @contextlib.contextmanager
    def same(self, *values):
        """Each of these functions answers the same afterwards."""
        before = [value() for value in values]
        yield
        self.assertEqual([value() for value in values], before)


_PRELUDE = '''
import os, sys
import shm
if shm.backend() == 'sysv':
    import ctypes
    if ctypes.CDLL(None).unshare(0x08000000):
        print('cannot unshare')
        sys.exit(0)
import shm_wrapper
import world
from world import report

def errors(call, *args, **named):
    """Name and args of what a call raises."""
    try:
        return ['returned', repr(call(*args, **named))]
    except Exception as e:
        return [type(e).__name__, list(e.args)]

'''

_EPILOGUE = '''
report(world.objects())
'''


class Context(object):
    """What the rows of legacy_table.py work on."""

    def __init__(self, case):
        self.shm = shm
        self.m = case.attached(64)
        self.s = case.semaphore(1)
        self.key = case.key()

    def add_failing(self, case):
        """Objects for the table of messages."""
        self.bare = case.memory(64)
        self.ro = case.memory(64)
        self.ro.attach(0, shm.SHM_RDONLY)
        self.gone = case.memory(64)
        self.gone_id = self.gone.shmid
        shm.remove_memory(self.gone_id)
        self.dead = case.semaphore()
        self.dead_id = self.dead.semid
        shm.remove_semaphore(self.dead_id)
        return self

    def at(self, path):
        """The object of a dotted name."""
        value = self
        for name in path.split('.'):
            value = getattr(value, name)
        return value
