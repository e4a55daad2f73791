"""A program that shares arrays with SHMArrays, knowing section 8.3 of doc/legacy.md and nothing else.

A group is one memory segment and one semaphore of value 1. The segment holds the arrays of the group
one after the other: no header, no padding, every element in one type and byte order. On System V
IPC it makes the system calls itself; for the posix backend it has the bytes of a segment from the
module shm. Numbers are packed by struct, so there is no numpy in it.

    foreign_legacy.py BACKEND create FORMAT ARRAYS   prints the two keys
    foreign_legacy.py BACKEND read FORMAT COUNT KEYS
    foreign_legacy.py BACKEND write FORMAT ARRAYS KEYS
    foreign_legacy.py BACKEND add FORMAT ROUNDS ARRAYS KEYS     each round under the lock
    foreign_legacy.py BACKEND hold KEYS              takes the lock, says "held", waits to be killed
    foreign_legacy.py BACKEND remove KEYS

FORMAT is one letter of struct behind its byte order, such as <d. ARRAYS is a JSON list of the lists
of numbers, in the order of the group; KEYS a JSON list of memory key and semaphore key.
"""
from __future__ import print_function

import ctypes
import json
import os
import random
import struct
import sys

_EXISTS = 17
_CREATE, _EXCLUSIVE = 0o1000, 0o2000
_REMOVE, _GETVAL, _SETVAL = 0, 12, 16


def pack(form, arrays):
    """The bytes of a group."""
    order, letter = form
    return b''.join(struct.pack('%s%d%s' % (order, len(a), letter), *a) for a in arrays)


def unpack(form, data):
    """All numbers of a group, in one list."""
    order, letter = form
    count = len(data) // struct.calcsize(form)
    return list(struct.unpack('%s%d%s' % (order, count, letter), data))


def _new_key():
    return random.SystemRandom().randrange(1, 2 ** 32)


# System V IPC, call by call

class _Operation(ctypes.Structure):
    _fields_ = [('number', ctypes.c_ushort), ('change', ctypes.c_short), ('flags', ctypes.c_short)]


class _Calls(object):
    """The C library, with the failures of its calls as OSError."""

    def __init__(self):
        self._library = ctypes.CDLL(None, use_errno=True)
        self._library.shmat.restype = ctypes.c_void_p
        self._library.shmget.argtypes = [ctypes.c_int, ctypes.c_size_t, ctypes.c_int]
        self._library.shmat.argtypes = [ctypes.c_int, ctypes.c_void_p, ctypes.c_int]
        self._library.shmdt.argtypes = [ctypes.c_void_p]

    def __getattr__(self, name):
        function = getattr(self._library, name)

        def call(*arguments):
            result = function(*arguments)
            if result in (-1, ctypes.c_void_p(-1).value):
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number))
            return result

        return call


def _signed(key):
    return ctypes.c_int(key & 0xffffffff).value


class SysvGroup(object):
    """Segment and semaphore of a group, by the calls of <sys/shm.h> and <sys/sem.h>."""

    def __init__(self, size, memory_key, semaphore_key, flags=0):
        self._calls = _Calls()
        self.size, self.keys = size, [memory_key, semaphore_key]
        self._shmid = self._calls.shmget(_signed(memory_key), size, flags)
        self._semid = self._calls.semget(_signed(semaphore_key), 1, flags)
        self._address = self._calls.shmat(self._shmid, None, 0)

    @classmethod
    def create(cls, size, memory_key, semaphore_key, perm=0o666):
        group = cls(size, memory_key, semaphore_key, _CREATE | _EXCLUSIVE | perm)
        group._calls.semctl(group._semid, 0, _SETVAL, 1)
        return group

    def has_exact_size(self):
        """A segment can be asked for by any size that is not larger than its own (S1.6, S1.7)."""
        try:
            self._calls.shmget(_signed(self.keys[0]), self.size + 1, 0)
        except OSError as error:
            return error.errno == 22
        return False

    def read(self, count, offset=0):
        return ctypes.string_at(self._address + offset, count)

    def write(self, data, offset=0):
        ctypes.memmove(self._address + offset, data, len(data))

    def _operate(self, change):
        operation = _Operation(0, change, 0)
        self._calls.semop(self._semid, ctypes.byref(operation), ctypes.c_size_t(1))

    def P(self):
        self._operate(-1)

    def V(self):
        self._operate(1)

    def value(self):
        return self._calls.semctl(self._semid, 0, _GETVAL)

    def close(self):
        self._calls.shmdt(self._address)

    def remove(self):
        self._calls.shmctl(self._shmid, _REMOVE, None)
        self._calls.semctl(self._semid, 0, _REMOVE)


class PosixGroup(object):
    """The same on the posix backend, whose files are private to the library: raw bytes of module shm."""

    def __init__(self, size, memory_key, semaphore_key):
        import shm
        self._shm = shm
        self.size, self.keys = size, [memory_key, semaphore_key]
        self._memory = shm.memory(shm.getshmid(memory_key))
        self._semaphore = shm.semaphore(shm.getsemid(semaphore_key))
        self._memory.attach()

    @classmethod
    def create(cls, size, memory_key, semaphore_key, perm=0o666):
        import shm
        memory = shm.create_memory(memory_key, size, perm)
        semaphore = shm.create_semaphore(semaphore_key, 1, perm)
        group = cls(size, memory_key, semaphore_key)
        del memory, semaphore
        return group

    def has_exact_size(self):
        return self._memory.size == self.size

    def read(self, count, offset=0):
        return bytes(self._memory.read(count, offset, plain=True))

    def write(self, data, offset=0):
        self._memory.write(data, offset)

    def P(self):
        self._semaphore.P()

    def V(self):
        self._semaphore.V()

    def value(self):
        return self._semaphore.val

    def close(self):
        self._memory.detach()

    def remove(self):
        self._shm.remove_memory(self._memory.shmid)
        self._shm.remove_semaphore(self._semaphore.semid)


GROUPS = {'sysv': SysvGroup, 'posix': PosixGroup}


def _is_taken(error):
    return getattr(error, 'errno', None) == _EXISTS


def create(backend, size):
    """A new group of this many bytes under random keys."""
    while True:
        try:
            return GROUPS[backend].create(size, _new_key(), _new_key())
        except Exception as error:
            if not _is_taken(error):
                raise


# The program

def _create(backend, form, arrays):
    data = pack(form, json.loads(arrays))
    group = create(backend, len(data))
    group.write(data)
    print(json.dumps(group.keys))


def _open(backend, size, keys):
    return GROUPS[backend](size, *json.loads(keys))


def _read(backend, form, count, keys):
    group = _open(backend, int(count) * struct.calcsize(form), keys)
    group.P()
    numbers = unpack(form, group.read(group.size))
    group.V()
    print(json.dumps(numbers))


def _write(backend, form, arrays, keys):
    data = pack(form, json.loads(arrays))
    group = _open(backend, len(data), keys)
    group.P()
    group.write(data)
    group.V()


def _add(backend, form, rounds, arrays, keys):
    steps = [number for a in json.loads(arrays) for number in a]
    group = _open(backend, len(steps) * struct.calcsize(form), keys)
    for _ in range(int(rounds)):
        group.P()
        old = unpack(form, group.read(group.size))
        group.write(pack(form, [[a + b for a, b in zip(old, steps)]]))
        group.V()


def _hold(backend, keys):
    group = _open(backend, 1, keys)
    group.P()
    print('held')
    sys.stdout.flush()
    sys.stdin.read()
    group.V()


def _remove(backend, keys):
    group = _open(backend, 1, keys)
    group.close()
    group.remove()


COMMANDS = {'create': _create, 'read': _read, 'write': _write, 'add': _add, 'hold': _hold,
            'remove': _remove}

if __name__ == '__main__':
    COMMANDS[sys.argv[2]](sys.argv[1], *sys.argv[3:])
