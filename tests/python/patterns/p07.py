"""Texts joined by NUL behind a "%4d" length; the slot is empty when its semaphore is zero."""
import os
import signal
import sys
from shm_wrapper import create_memory, create_semaphore, SharedMemoryHandle, SemaphoreHandle

MESSAGES = [
    ["hello"],
    ["play", "track 1", "volume=11"],
    ["title", "caf\xe9", ""],
    ["quit"],
]


def check(what, good):
    if not good:
        print "p07: wrong:", what
        sys.exit(1)


def too_late(number, frame):
    check("no answer in time", 0)


def send(memory_key, slot_key, full_key):
    memory = SharedMemoryHandle(memory_key)
    slot = SemaphoreHandle(slot_key)
    full = SemaphoreHandle(full_key)
    for message in MESSAGES:
        text = "\0".join(message)
        slot.Z()
        memory.write("%4d%s" % (len(text), text))
        slot.V()
        full.V()
    os._exit(0)


def receive(memory, slot, full):
    full.P()
    length = int(memory.read(NumberOfBytes=4))
    text = memory.read(NumberOfBytes=length, offset=4)
    slot.P()
    return text.split("\0")


def main():
    signal.signal(signal.SIGALRM, too_late)
    signal.alarm(30)
    memory = create_memory(1024, permissions=0600)
    try:
        slot = create_semaphore(InitialValue=0, permissions=0600)
        full = create_semaphore(InitialValue=0, permissions=0600)
        try:
            pid = os.fork()
            if pid == 0:
                send(memory.key, slot.key, full.key)
            for message in MESSAGES:
                check(repr(message), receive(memory, slot, full) == message)
            check("end of the sender", os.waitpid(pid, 0)[1] == 0)
            check("all empty", slot.value == 0 and full.value == 0)
        finally:
            slot.remove()
            full.remove()
    finally:
        memory.remove()
    print "p07 ok"


main()
