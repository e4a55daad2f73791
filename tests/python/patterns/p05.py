"""Integers in front of an image, and a semaphore whose key is the id of the segment."""
import os
import struct
import sys
import shm

KEY = os.getpid() * 100 + 5
WIDTH, HEIGHT, DEPTH = 32, 24, 1
DATA = 12


def check(what, good):
    if not good:
        print "p05: wrong:", what
        sys.exit(1)


def create():
    """The segment; not the one with the id 0, which is no key for a semaphore."""
    memory = shm.create_memory(KEY, DATA + WIDTH * HEIGHT)
    if memory.shmid == 0:
        shm.remove_memory(0)
        spare = shm.create_memory(KEY + 1, 1)
        memory = shm.create_memory(KEY, DATA + WIDTH * HEIGHT)
        shm.remove_memory(spare.shmid)
    return memory


def fill(memory):
    memory.write(struct.pack("i", WIDTH), 0)
    memory.write(struct.pack("i", HEIGHT), 4)
    memory.write(struct.pack("i", DEPTH), 8)
    memory.write("".join([chr(i % 256) for i in range(WIDTH * HEIGHT)]), DATA)


def invert():
    memory = shm.memory(shm.getshmid(KEY))
    semaphore = shm.semaphore(shm.getsemid(memory.shmid))
    semaphore.setblocking(True)
    memory.attach()
    semaphore.P()
    try:
        width = struct.unpack("i", memory.read(4))[0]
        height = struct.unpack("i", memory.read(4, 4))[0]
        image = memory.read(width * height, DATA)
        memory.write("".join([chr(255 - ord(pixel)) for pixel in image]), DATA)
    finally:
        semaphore.V()
    memory.detach()


def main():
    memory = create()
    try:
        shmid = memory.shmid
        semaphore = shm.create_semaphore(shmid, 1)
        try:
            memory.attach()
            semaphore.P()
            pid = os.fork()
            if pid == 0:
                invert()
                os._exit(0)
            fill(memory)
            semaphore.V()
            check("end of the child", os.waitpid(pid, 0)[1] == 0)
            check("the semaphore is free", semaphore.val == 1 and semaphore.key == shmid)
            image = memory.read(memory.size - DATA, DATA)
            for i in range(len(image)):
                check("pixel %d" % i, ord(image[i]) == 255 - i % 256)
        finally:
            shm.remove_semaphore(semaphore.semid)
    finally:
        memory.detach()
        shm.remove_memory(shm.getshmid(KEY))
    print "p05 ok"


main()
