"""A lock byte in front of the data: write(chr(0x10)), ord(read(1))."""
import os
import sys
import time
import shm

KEY = os.getpid() * 100 + 6
FREE, FULL = 0x10, 0xf0
LETTERS = "shared memory"


def check(what, good):
    if not good:
        print "p06: wrong:", what
        sys.exit(1)


def wait_until(memory, state):
    deadline = time.time() + 30
    while ord(memory.read(1)) != state:
        check("no answer in time", time.time() < deadline)
        time.sleep(0.0002)


def sender():
    memory = shm.memory(shm.getshmid(KEY))
    memory.attach()
    for letter in LETTERS:
        wait_until(memory, FREE)
        memory.write(letter, 1)
        memory.write(chr(FULL))
    os._exit(0)


def main():
    memory = shm.create_memory(KEY, 2)
    try:
        memory.attach()
        check("a new byte", ord(memory.read(1)) == 0)
        memory.write(chr(FREE))
        pid = os.fork()
        if pid == 0:
            sender()
        got = ""
        while len(got) < len(LETTERS):
            wait_until(memory, FULL)
            got = got + memory.read(1, 1)
            memory.write(chr(FREE))
        check("end of the sender", os.waitpid(pid, 0)[1] == 0)
        check("the letters", got == LETTERS)
        check("the byte", memory.read(1) == chr(FREE) and memory.read(1) != chr(FULL))
    finally:
        memory.detach()
        shm.remove_memory(shm.getshmid(KEY))
    print "p06 ok"


main()
