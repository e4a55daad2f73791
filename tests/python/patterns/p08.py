"""A ctypes structure is written, and read back with from_buffer_copy."""
import ctypes
import os
import sys
import shm

KEY = os.getpid() * 100 + 8


class Status(ctypes.Structure):
    _fields_ = [
        ("counter", ctypes.c_uint32),
        ("flags", ctypes.c_uint8),
        ("temperature", ctypes.c_double),
        ("position", ctypes.c_int16 * 3),
    ]


SIZE = ctypes.sizeof(Status)


def check(what, good):
    if not good:
        print "p08: wrong:", what
        sys.exit(1)


def instrument():
    memory = shm.memory(shm.getshmid(KEY))
    memory.attach()
    status = Status.from_buffer_copy(memory.read(SIZE, 16))
    status.counter += 1
    status.position[1] = -7
    memory.write(status, 16)
    os._exit(0)


def main():
    memory = shm.create_memory(KEY, SIZE + 16)
    try:
        memory.attach()
        memory.write(Status(4294967294, 200, -40.5, (1, 2, 3)), 16)
        pid = os.fork()
        if pid == 0:
            instrument()
        check("end of the instrument", os.waitpid(pid, 0)[1] == 0)
        status = Status.from_buffer_copy(memory.read(SIZE, 16))
        check("the counter", status.counter == 4294967295)
        check("the flags", status.flags == 200)
        check("the temperature", status.temperature == -40.5)
        check("the position", list(status.position) == [1, -7, 3])
        memory.write((ctypes.c_uint16 * 4)(0x4141, 0x4242, 0x4343, 0x4444))
        check("an array", memory.read(8) == "AABBCCDD")
        check("what is in front", memory.read(8, 8) == "\0" * 8)
    finally:
        memory.detach()
        shm.remove_memory(memory.shmid)
    print "p08 ok"


main()
