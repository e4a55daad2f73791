"""Python modules and other programs on the same objects: C, the other Python, sysv_ipc, ctypes.

LIBSHM_TEST_PROGRAMS is the folder of the programs interop_*.c, linked with the same backend;
LIBSHM_TEST_PYTHON2 a CPython 2.7, and LIBSHM_TEST_PYTHON2_TREE where it finds the modules.
LIBSHM_TEST_SCALE divides the rounds.
"""
import binascii
import itertools
import json
import os
import struct
import sys
import time
import unittest
from collections import OrderedDict

import shm
import shm_wrapper

import programs

try:
    import numpy
    import SHMArrays
except ImportError:
    numpy = None
try:
    import sysv_ipc
except ImportError:
    sysv_ipc = None

HERE = os.path.dirname(os.path.abspath(__file__))
PY3 = sys.version_info[0] > 2
SCALE = int(os.environ.get("LIBSHM_TEST_SCALE") or 1)
DEADLINE = 60

on_sysv = unittest.skipUnless(
    shm.backend() == "sysv", "the posix backend has no objects of the kernel")


def rounds(number):
    return max(1, number // SCALE)


def program(name):
    """Where a program made from interop_NAME.c is; a skip if nobody has said so."""
    folder = os.environ.get("LIBSHM_TEST_PROGRAMS")
    if not folder:
        raise unittest.SkipTest("LIBSHM_TEST_PROGRAMS does not name the folder of interop_*")
    return os.path.join(folder, "interop_" + name)


def remove_keys(memory_keys, semaphore_keys):
    """What a failed test may have left."""
    for key in memory_keys:
        if shm.memory_haskey(key):
            memory = shm.memory(shm.getshmid(key))
            memory.detach()
            shm.remove_memory(memory.shmid)
    for key in semaphore_keys:
        if shm.semaphore_haskey(key):
            shm.remove_semaphore(shm.getsemid(key))


class Case(unittest.TestCase):
    def c(self, name, *arguments):
        """The output of one of the C programs."""
        return programs.succeed(self, (program(name),) + arguments)

    def start(self, arguments, **keywords):
        process = programs.start(arguments, **keywords)
        self.addCleanup(self.stop, process)
        return process

    @staticmethod
    def stop(process):
        if process.poll() is None:
            programs.end(process)
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
        process.wait()

    def ends_well(self, process):
        status, output, errors = programs.finish(process, DEADLINE)
        self.assertEqual((status, errors), (0, ""))
        return output


class MemoryWithC(Case):
    """Segments and semaphores by key, in both directions."""

    def created_by_c(self, size=100, value=1):
        keys = [int(word) for word in self.c("memory", "create", size, value).split()]
        self.addCleanup(remove_keys, keys[:1], keys[1:])
        return keys

    def test_created_by_c(self):
        memory_key, semaphore_key = self.created_by_c(100, 3)
        memory = shm.memory(shm.getshmid(memory_key))
        semaphore = shm.semaphore(shm.getsemid(semaphore_key))
        self.assertEqual((memory.key, memory.size, memory.perm), (memory_key, 100, 0o600))
        self.assertEqual((semaphore.key, semaphore.val), (semaphore_key, 3))
        memory.attach()
        self.assertEqual(memory.read(100), " " * 100)
        memory.write("from Python", 10)
        self.assertEqual(self.c("memory", "read", memory_key, 10, 11), "from Python\n")
        self.c("memory", "write", memory_key, 0, "from C")
        self.assertEqual(memory.read(6), "from C")
        memory.detach()
        self.c("memory", "remove", memory_key, semaphore_key)
        self.assertEqual(shm.memory_haskey(memory_key), 0)
        self.assertRaises(KeyError, shm.getsemid, semaphore_key)

    def test_created_by_c_through_the_wrapper(self):
        memory_key, semaphore_key = self.created_by_c(64, 1)
        memory = shm_wrapper.SharedMemoryHandle(memory_key)
        self.c("memory", "write", memory_key, 3, "abc")
        self.assertEqual(memory.read(NumberOfBytes=5, offset=2), " abc ")
        memory.remove()
        shm_wrapper.SemaphoreHandle(semaphore_key).remove()
        status, _, errors = programs.run([program("memory"), "read", memory_key, 0, 1])
        self.assertEqual(status, 1)
        self.assertIn(str(memory_key), errors)

    def test_created_by_python(self):
        """Reported unsigned, also where the key is negative."""
        for key in (1000000000 + os.getpid(), -os.getpid() - 1):
            self.addCleanup(remove_keys, [key], [key])
            memory = shm.create_memory(key, 50, 0o600)
            semaphore = shm.create_semaphore(key, 2, 0o600)
            self.assertEqual(memory.key, key % 2 ** 32)
            for known_as in (key, memory.key):
                self.c("memory", "write", known_as, 7, "as %d" % known_as)
                memory.attach()
                text = "as %d" % known_as
                self.assertEqual(memory.read(len(text), 7), text)
                memory.detach()
            self.assertEqual(self.c("memory", "p", semaphore.key), "1\n")
            self.assertEqual(self.c("memory", "v", key), "2\n")
            self.assertEqual(semaphore.val, 2)

    def test_waiting_for_each_other(self):
        memory_key, semaphore_key = self.created_by_c(10, 0)
        semaphore = shm.semaphore(shm.getsemid(semaphore_key))
        waiting = self.start([program("memory"), "p", semaphore_key])
        self.until(lambda: semaphore.ncnt == 1)
        semaphore.V()
        self.assertEqual(self.ends_well(waiting), "0\n")
        semaphore.setval(1)
        waiting = self.start([program("memory"), "z", semaphore_key])
        self.until(lambda: semaphore.zcnt == 1)
        semaphore.P()
        self.assertEqual(self.ends_well(waiting), "0\n")

    def until(self, state):
        end = time.time() + DEADLINE
        while not state():
            self.assertLess(time.time(), end, "the other program does not wait")
            time.sleep(0.001)

    def test_taking_turns(self):
        count = rounds(2000)
        memory_key, to_c = self.created_by_c(16, 0)
        to_python = shm_wrapper.create_semaphore(InitialValue=0, permissions=0o600)
        self.addCleanup(to_python.remove)
        memory = shm_wrapper.SharedMemoryHandle(memory_key)
        memory.write(bytes(bytearray(range(16))))
        arguments = [program("memory"), "echo", memory_key, to_c, to_python.key, count]
        echo = self.start(arguments)
        question = shm_wrapper.SemaphoreHandle(to_c)
        for number in range(1, count + 1):
            question.V()
            to_python.P(timeout=DEADLINE)
            numbers = [ord(character) for character in memory.read()]
            self.assertEqual(numbers, [(i + number) % 256 for i in range(16)])
        self.ends_well(echo)


@unittest.skipIf(numpy is None, "this Python has no numpy, or the modules no SHMArrays")
class ArraysWithC(Case):
    """Sets of arrays by the root key and by the key pairs, in both directions."""

    def created_by_c(self):
        keys = [int(word) for word in self.c("arrays", "create").split()]
        pairs = list(zip(keys[1::2], keys[2::2]))
        self.addCleanup(remove_keys, *[list(half) for half in zip(*pairs)])
        return keys[0], pairs

    def created_by_python(self):
        arrays = OrderedDict([
            ("small", numpy.arange(6.0).reshape(2, 3)),
            (-5, numpy.array([1, 2, 3], dtype=numpy.int32)),
            ("large", numpy.ones((200, 150))),
        ])
        a = SHMArrays.SHMArrays(arrays)
        self.addCleanup(a.close)
        pairs = [tuple(pair) for pair in a.get_keys()]
        self.addCleanup(remove_keys, *[list(half) for half in zip(*pairs)])
        return a, pairs

    def check_arrays_of_c(self, a):
        self.assertEqual(list(a), ["weights", 7, "large"])
        self.assertEqual(a["weights"].tolist(), [[0.5, 1.5, 2.5], [3.5, 4.5, 5.5]])
        self.assertEqual(a[7].dtype, numpy.int32)
        self.assertEqual(a[7].tolist(), [-1, 20, 300, 4000])
        self.assertTrue((a["large"] == numpy.arange(30000.0)).all())

    def test_created_by_c_by_root_key(self):
        root, pairs = self.created_by_c()
        for key in (root, root - 2 ** 32 if root >= 2 ** 31 else root):
            with SHMArrays.SHMArrays.attach(key) as a:
                self.check_arrays_of_c(a)
                self.assertEqual([tuple(pair) for pair in a.get_keys()], pairs)
                self.assertEqual(len(a.versions()), 2)

    def test_created_by_c_by_pairs(self):
        root, pairs = self.created_by_c()
        expected = OrderedDict([
            ("weights", numpy.zeros((2, 3))),
            (7, numpy.zeros(4, dtype=numpy.int32)),
            ("large", numpy.zeros(30000)),
        ])
        for keys in (pairs, json.loads(json.dumps(pairs))):
            with SHMArrays.SHMArrays(expected, keys=keys) as a:
                self.check_arrays_of_c(a)
                self.assertEqual(a.layout, "native")
                self.assertEqual(a.root_key % 2 ** 32, root)

    def test_created_by_c_with_other_specs(self):
        _, pairs = self.created_by_c()
        wrong = OrderedDict([("weights", numpy.zeros((2, 4)))])
        self.assertRaises(ValueError, SHMArrays.SHMArrays, wrong, keys=pairs)

    def test_updates_of_python_seen_by_c(self):
        root, _ = self.created_by_c()
        with SHMArrays.SHMArrays.attach(root) as a:
            values = a.read_arrays()
            a.add_updates(values)
            self.assertEqual(
                self.c("arrays", "show", root).splitlines(),
                ["weights 12 2x3 36", "7 6 4 8638", "large 12 30000 899970000"])
            self.c("arrays", "remove", root)
            self.assertRaises(shm.error, a.add_updates, values)

    def test_created_by_python(self):
        a, pairs = self.created_by_python()
        wanted = ["small 12 2x3 15", "-5 6 3 6", "large 12 200x150 30000"]
        self.assertEqual(self.c("arrays", "show", a.root_key).splitlines(), wanted)
        words = list(itertools.chain(*pairs))
        self.assertEqual(self.c("arrays", "show", *words).splitlines(), wanted)
        self.c("arrays", "add", a.root_key, 10)
        self.assertEqual(a["small"].tolist(), [[10, 11, 12], [13, 14, 15]])
        self.assertEqual(a[-5].tolist(), [11, 12, 13])
        self.assertEqual(a.versions(), [10, 10])
        a.remove()
        status, _, errors = programs.run([program("arrays"), "show", a.root_key])
        self.assertEqual(status, 1, errors)

    def test_updates_of_both_at_once(self):
        count = rounds(3000)
        a, _ = self.created_by_python()
        other = self.start([program("arrays"), "add", a.root_key, count])
        ones = OrderedDict((name, numpy.ones_like(array)) for name, array in a.items())
        for number in range(count):
            if number % 2:
                a.add_updates(ones)
            else:
                a.update_arrays(ones, lambda new, old: old + new)
        self.ends_well(other)
        self.assertEqual(a["small"].tolist(), [[i + 2 * count for i in row]
                                               for row in ([0, 1, 2], [3, 4, 5])])
        self.assertEqual(a[-5].tolist(), [i + 2 * count for i in (1, 2, 3)])
        self.assertTrue((a["large"] == 1 + 2 * count).all())
        self.assertEqual(a.versions(), [2 * count] * 2)


class PythonWithPython(Case):
    """2.7 and 3 on one segment and one semaphore; the test runs under 3."""

    def setUp(self):
        if not PY3:
            self.skipTest("Python 3 runs this test")
        self.python2 = os.environ.get("LIBSHM_TEST_PYTHON2")
        self.tree = os.environ.get("LIBSHM_TEST_PYTHON2_TREE")
        if not self.python2 or not self.tree:
            self.skipTest("LIBSHM_TEST_PYTHON2 and LIBSHM_TEST_PYTHON2_TREE do not name a 2.7")

    def start2(self, script, *arguments):
        return self.start(
            [self.python2, "-B", os.path.join(HERE, script)] + list(arguments),
            env=programs.variables(PYTHONPATH=self.tree))

    def ask(self, words):
        self.other.stdin.write(words + "\n")
        self.other.stdin.flush()
        return self.other.stdout.readline().rstrip("\n")

    def test_one_segment_and_one_semaphore(self):
        memory = shm_wrapper.create_memory(256, permissions=0o600)
        self.addCleanup(memory.remove)
        semaphore = shm_wrapper.create_semaphore(InitialValue=0, permissions=0o600)
        self.addCleanup(semaphore.remove)
        memory.write("".join(map(chr, range(256))))
        self.other = self.start2("interop_python.py", memory.key, semaphore.key)
        every_byte = bytes(bytearray(range(256)))
        self.assertEqual(self.ask("read 256 0"), binascii.hexlify(every_byte).decode("ascii"))
        self.assertEqual(self.ask("write 10 616263ff"), "None")
        self.assertEqual(memory.read(5, 9), "\tabc\xff")
        self.assertEqual(memory.read(5, 9), b"\tabc\xff")
        self.assertEqual((self.ask("nattch"), memory.number_attached), ("2", 2))
        self.assertEqual(self.ask("perm"), str(0o600))
        self.assertEqual(self.ask("v"), "None")
        self.assertEqual((self.ask("value"), semaphore.value), ("1", 1))
        semaphore.P()
        self.other.stdin.write("p\n")
        self.other.stdin.flush()
        while semaphore.WaitingForNonZero == 0:
            self.assertIsNone(self.other.poll())
        semaphore.V()
        self.assertEqual(self.other.stdout.readline(), "None\n")
        self.assertEqual(
            self.ask("read 1 256"),
            "shm.error ('read() arguments exceed upper memory limit',)")
        self.ends_well(self.other)

    def test_partners(self):
        for first, second in (("shm", "shm_wrapper"), ("shm_wrapper", "shm")):
            one = self.start([sys.executable, os.path.join(HERE, "interop_partner.py"),
                              "first", first, rounds(2500)])
            keys = one.stdout.readline().split()
            self.addCleanup(remove_keys, [int(keys[0])], [int(key) for key in keys[1:]])
            two = self.start2("interop_partner.py", "second", second, rounds(2500), *keys)
            self.ends_well(two)
            self.ends_well(one)


class Partners(Case):
    """legacy.md 11.1: any mix of shm, shm_wrapper and, on sysv, a foreign partner."""

    def check(self, first, second):
        count = rounds(2500)
        script = [sys.executable, os.path.join(HERE, "interop_partner.py")]
        one = self.start(script + ["first", first, count])
        keys = one.stdout.readline().split()
        if len(keys) != 3:
            self.fail("the first partner: %r" % (programs.finish(one, DEADLINE),))
        self.addCleanup(remove_keys, [int(keys[0])], [int(key) for key in keys[1:]])
        two = self.start(script + ["second", second, count] + keys)
        wanted = "exchanged %d messages\n" % (2 * count)
        self.assertEqual(self.ends_well(two), "second " + wanted)
        self.assertEqual(self.ends_well(one), "first " + wanted)
        self.assertEqual(shm.memory_haskey(int(keys[0])), 0)

    def test_shm_and_shm(self):
        self.check("shm", "shm")

    def test_shm_and_wrapper(self):
        self.check("shm", "shm_wrapper")

    def test_wrapper_and_shm(self):
        self.check("shm_wrapper", "shm")

    def test_wrapper_and_wrapper(self):
        self.check("shm_wrapper", "shm_wrapper")

    @on_sysv
    def test_shm_and_foreign(self):
        self.check("shm", "foreign")

    @on_sysv
    def test_foreign_and_shm(self):
        self.check("foreign", "shm")

    @on_sysv
    def test_wrapper_and_foreign(self):
        self.check("shm_wrapper", "foreign")

    @on_sysv
    def test_foreign_and_wrapper(self):
        self.check("foreign", "shm_wrapper")

    @on_sysv
    def test_foreign_and_foreign(self):
        """The foreign partner itself is right."""
        self.check("foreign", "foreign")


@on_sysv
class ForeignC(Case):
    """A C program that knows nothing but a fixed System V key."""

    EMPTY, REQUEST, ANSWER = range(3)
    KEY = 0x5350 << 16

    def setUp(self):
        self.key = self.KEY + os.getpid() % 65536
        self.addCleanup(remove_keys, [self.key], [self.key])

    def state(self, memory):
        return struct.unpack("=i", memory.read(4))[0]

    def until(self, memory, state, process):
        end = time.time() + DEADLINE
        while self.state(memory) != state:
            self.assertLess(time.time(), end, "no answer")

    def test_python_attaches(self):
        count = rounds(500)
        server = self.start([program("foreign"), "serve", self.key, count])
        self.assertEqual(server.stdout.readline(), "ready\n")
        memory = shm.memory(shm.getshmid(self.key))
        semaphore = shm.semaphore(shm.getsemid(self.key))
        self.assertEqual((memory.size, memory.perm), (80, 0o600))
        memory.attach()
        for number in range(count):
            memory.write(struct.pack("=i", number), 4)
            memory.write(("request %d" % number).ljust(72), 8)
            memory.write(struct.pack("=i", self.REQUEST))
            semaphore.V()
            self.until(memory, self.ANSWER, server)
            self.assertEqual(memory.read(72, 8).strip(), "answer %d" % number)
        memory.write(struct.pack("=i", self.EMPTY))
        self.ends_well(server)
        self.assertRaises(shm.error, memory.read, 4)
        memory.detach()
        self.assertRaises(KeyError, shm.getshmid, self.key)

    def test_python_creates(self):
        count = rounds(500)
        memory = shm.create_memory(self.key, 80, 0o600)
        memory.attach()
        self.addCleanup(memory.detach)
        semaphore = shm.create_semaphore(self.key, 0, 0o600)
        client = self.start([program("foreign"), "ask", self.key, count])
        for number in range(count):
            semaphore.P(timeout=DEADLINE)
            self.assertEqual(struct.unpack("=ii", memory.read(8)), (self.REQUEST, number))
            self.assertEqual(memory.read(72, 8).rstrip(), "request %d" % number)
            memory.write(("answer %d" % number).ljust(72), 8)
            memory.write(struct.pack("=i", self.ANSWER))
        self.ends_well(client)
        self.assertEqual(self.state(memory), self.EMPTY)


@on_sysv
@unittest.skipIf(sysv_ipc is None, "this Python has no module sysv_ipc")
class SysvIpc(Case):
    """Debian's python3-sysv-ipc."""

    def setUp(self):
        self.key = 1000000000 + os.getpid()
        self.addCleanup(remove_keys, [self.key], [self.key])

    def test_memory_created_by_us(self):
        memory = shm.create_memory(self.key, 100, 0o600)
        theirs = sysv_ipc.SharedMemory(self.key)
        self.addCleanup(theirs.detach)
        self.assertEqual((theirs.id, theirs.size, theirs.mode), (memory.shmid, 100, 0o600))
        theirs.write(b"written by sysv_ipc \xff")
        memory.attach()
        self.addCleanup(memory.detach)
        self.assertEqual(memory.read(21), "written by sysv_ipc \xff")
        memory.write("and back", 50)
        self.assertEqual(theirs.read(8, 50), b"and back")
        self.assertEqual((memory.nattch, theirs.number_attached), (2, 2))

    def test_memory_created_by_them(self):
        theirs = sysv_ipc.SharedMemory(self.key, sysv_ipc.IPC_CREX, 0o640, 64, b"*")
        self.addCleanup(theirs.detach)
        memory = shm_wrapper.SharedMemoryHandle(self.key)
        self.assertEqual(memory.read(), "*" * 64)
        self.assertEqual((memory.permissions, memory.key), (0o640, self.key))
        memory.permissions = 0o600
        self.assertEqual(theirs.mode, 0o600)
        memory.remove()
        self.assertRaises(sysv_ipc.ExistentialError, sysv_ipc.SharedMemory, self.key)

    def test_semaphore_created_by_us(self):
        semaphore = shm.create_semaphore(self.key, 2, 0o600)
        theirs = sysv_ipc.Semaphore(self.key)
        theirs.acquire()
        self.assertEqual(semaphore.val, 1)
        semaphore.V()
        self.assertEqual(theirs.value, 2)
        theirs.value = 0
        self.assertRaises(shm.error, semaphore.P, timeout=0)
        theirs.release()
        semaphore.P(timeout=0)
        self.assertRaises(sysv_ipc.BusyError, theirs.acquire, 0)

    def test_semaphore_created_by_them(self):
        theirs = sysv_ipc.Semaphore(self.key, sysv_ipc.IPC_CREX, 0o600, 1)
        semaphore = shm_wrapper.SemaphoreHandle(self.key)
        semaphore.P()
        self.assertEqual((theirs.value, semaphore.last_pid), (0, os.getpid()))
        semaphore.value = 5
        self.assertEqual(theirs.value, 5)
        theirs.remove()
        self.assertRaises(shm.error, semaphore.P)


if __name__ == "__main__":
    unittest.main()
