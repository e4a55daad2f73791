"""The other Python's side of tests that share one segment and one semaphore between 2.7 and 3.

    interop_python.py MEMORY SEMAPHORE

A command a line: read COUNT OFFSET, write OFFSET HEX, p, v, value, nattch, perm. The answer is
one line; bytes are in hexadecimal, errors the type and the arguments.
"""
import binascii
import sys

import shm


def main():
    memory = shm.memory(shm.getshmid(int(sys.argv[1])))
    semaphore = shm.semaphore(shm.getsemid(int(sys.argv[2])))
    memory.attach()
    commands = {
        "read": lambda count, offset: binascii.hexlify(
            memory.read(int(count), int(offset))).decode("ascii"),
        "write": lambda offset, text: memory.write(binascii.unhexlify(text), int(offset)),
        "p": semaphore.P,
        "v": semaphore.V,
        "value": lambda: semaphore.val,
        "nattch": lambda: memory.nattch,
        "perm": lambda: memory.perm,
    }
    for line in iter(sys.stdin.readline, ""):
        words = line.split()
        try:
            answer = commands[words[0]](*words[1:])
        except shm.error as error:
            answer = "shm.error " + repr(tuple(error.args))
        print(answer)
        sys.stdout.flush()
    memory.detach()


main()
