"""legacy.md 11.1: one of two partners that exchange messages and look for corruption.

    interop_partner.py first VIA ROUNDS                 prints three keys, waits for the second
    interop_partner.py second VIA ROUNDS MEMORY TO_SECOND TO_FIRST

VIA is the module: shm, shm_wrapper, or foreign, which makes the system calls of the C library
itself. The first makes the objects, all by the way of VIA, and removes them.
"""
import ctypes
import hashlib
import os
import random
import struct
import sys

SIZE = 1000
IPC_CREAT, IPC_EXCL, IPC_RMID, SETVAL = 0o1000, 0o2000, 0, 16


class Shm(object):
    """Through the module shm."""

    def __init__(self, keys):
        import shm
        self.module = shm
        self.memory = shm.memory(shm.getshmid(keys[0]))
        self.memory.attach()
        self.semaphores = [shm.semaphore(shm.getsemid(key)) for key in keys[1:]]

    @classmethod
    def create(cls):
        import shm
        keys = [random.SystemRandom().randrange(1, 2 ** 31) for _ in range(3)]
        shm.create_memory(keys[0], SIZE, 0o600)
        for key in keys[1:]:
            shm.create_semaphore(key, 0, 0o600)
        return cls(keys)

    def keys(self):
        return [self.memory.key] + [semaphore.key for semaphore in self.semaphores]

    def read(self, count, offset):
        return self.memory.read(count, offset)

    def write(self, data, offset):
        self.memory.write(data, offset)

    def take(self, number):
        self.semaphores[number].P()

    def give(self, number):
        self.semaphores[number].V()

    def close(self):
        self.memory.detach()

    def remove(self):
        self.module.remove_memory(self.memory.shmid)
        for semaphore in self.semaphores:
            self.module.remove_semaphore(semaphore.semid)


class Wrapper(Shm):
    """Through the module shm_wrapper."""

    def __init__(self, keys):
        import shm_wrapper
        self.memory = shm_wrapper.SharedMemoryHandle(keys[0])
        self.semaphores = [shm_wrapper.SemaphoreHandle(key) for key in keys[1:]]

    @classmethod
    def create(cls):
        import shm_wrapper
        made = [shm_wrapper.create_memory(SIZE, permissions=0o600)]
        for _ in range(2):
            made.append(shm_wrapper.create_semaphore(InitialValue=0, permissions=0o600))
        return cls([handle.key for handle in made])

    def read(self, count, offset):
        return self.memory.read(NumberOfBytes=count, offset=offset)

    def close(self):
        del self.memory

    def remove(self):
        for handle in [self.memory] + self.semaphores:
            handle.remove()


class Operation(ctypes.Structure):
    """struct sembuf"""
    _fields_ = [("number", ctypes.c_ushort), ("by", ctypes.c_short), ("flags", ctypes.c_short)]


class Foreign(object):
    """Through nothing but the C library."""

    def __init__(self, keys, flags=0):
        self.c = ctypes.CDLL(None, use_errno=True)
        self.c.shmat.restype = ctypes.c_void_p
        self.given = keys
        self.shmid = self.call(self.c.shmget, keys[0], ctypes.c_size_t(SIZE), flags)
        self.semids = [self.call(self.c.semget, key, int(flags != 0), flags) for key in keys[1:]]
        self.address = self.c.shmat(self.shmid, None, 0)

    @classmethod
    def create(cls):
        keys = [random.SystemRandom().randrange(1, 2 ** 31) for _ in range(3)]
        made = cls(keys, IPC_CREAT | IPC_EXCL | 0o600)
        for semid in made.semids:
            made.call(made.c.semctl, semid, 0, SETVAL, ctypes.c_long(0))
        return made

    @staticmethod
    def call(function, *arguments):
        arguments = [
            ctypes.c_int32(value & 0xffffffff) if isinstance(value, int) else value
            for value in arguments
        ]
        result = function(*arguments)
        if result == -1:
            number = ctypes.get_errno()
            raise OSError(number, "%s: %s" % (function.__name__, os.strerror(number)))
        return result

    def keys(self):
        return self.given

    def read(self, count, offset):
        return ctypes.string_at(self.address + offset, count)

    def write(self, data, offset):
        ctypes.memmove(self.address + offset, data, len(data))

    def operate(self, number, by):
        self.call(self.c.semop, self.semids[number], ctypes.byref(Operation(0, by, 0)),
                  ctypes.c_size_t(1))

    def take(self, number):
        self.operate(number, -1)

    def give(self, number):
        self.operate(number, 1)

    def close(self):
        self.call(self.c.shmdt, ctypes.c_void_p(self.address))

    def remove(self):
        self.call(self.c.shmctl, self.shmid, IPC_RMID, None)
        for semid in self.semids:
            self.call(self.c.semctl, semid, 0, IPC_RMID, ctypes.c_long(0))


def message(number):
    """Of any length, at any offset, with any bytes; the same for both.

    Not empty: 0 bytes is what shm_wrapper takes for all of them (L7.2.3).
    """
    seed = hashlib.md5(struct.pack("=i", number)).digest()
    offset, length = struct.unpack("=HH", seed[:4])
    offset = 24 + offset % 400
    return (seed * 36)[:1 + length % 560], offset


def send(way, number):
    text, offset = message(number)
    way.write(text, offset)
    way.write(struct.pack("=iii", number, len(text), offset), 0)


def expect(way, number):
    got = struct.unpack("=iii", way.read(12, 0))
    text, offset = message(number)
    if got != (number, len(text), offset):
        raise AssertionError("message %d: %r" % (number, got))
    if hashlib.md5(way.read(got[1], got[2])).digest() != hashlib.md5(text).digest():
        raise AssertionError("message %d is corrupt" % number)


def first(way, rounds):
    print(" ".join(str(key) for key in way.keys()))
    sys.stdout.flush()
    for number in range(0, 2 * rounds, 2):
        send(way, number)
        way.give(0)
        way.take(1)
        expect(way, number + 1)


def second(way, rounds):
    for number in range(0, 2 * rounds, 2):
        way.take(0)
        expect(way, number)
        send(way, number + 1)
        way.give(1)


def main():
    ways = {"shm": Shm, "shm_wrapper": Wrapper, "foreign": Foreign}
    role, via, rounds = sys.argv[1], ways[sys.argv[2]], int(sys.argv[3])
    if role == "second":
        way = via([int(key) for key in sys.argv[4:]])
        second(way, rounds)
        way.close()
    else:
        way = via.create()
        try:
            first(way, rounds)
        finally:
            way.remove()
            way.close()
    print("%s exchanged %d messages" % (role, 2 * rounds))


main()
