"""hashlib.md5 of what was read, its hexdigest written, and compared by the other side."""
import hashlib
import os
import signal
import sys
import shm

KEY = os.getpid() * 100 + 10
ROUNDS = 50


def check(what, good):
    if not good:
        print "p10: wrong:", what
        sys.exit(1)


def too_late(number, frame):
    check("no answer in time", 0)


def digest(memory):
    return hashlib.md5(memory.read(memory.size).strip()).hexdigest()


def write_padded(memory, text):
    memory.write(text + " " * (memory.size - len(text)))


def answer(memory, question, answered):
    for i in range(ROUNDS):
        question.P()
        write_padded(memory, digest(memory))
        answered.V()
    os._exit(0)


def ask(memory, question, answered):
    text = "round 0 of %d" % ROUNDS
    for i in range(ROUNDS):
        write_padded(memory, text)
        wanted = digest(memory)
        question.V()
        answered.P()
        text = memory.read(memory.size).strip()
        check("digest %d" % i, text == wanted)
    check("a known digest", i == ROUNDS - 1 and len(text) == 32)


def main():
    signal.signal(signal.SIGALRM, too_late)
    signal.alarm(30)
    memory = shm.create_memory(KEY, 100)
    question = shm.create_semaphore(KEY, 0)
    answered = shm.create_semaphore(KEY + 1, 0)
    try:
        memory.attach()
        write_padded(memory, "abc")
        check("md5 of abc", digest(memory) == "900150983cd24fb0d6963f7d28e17f72")
        pid = os.fork()
        if pid == 0:
            answer(memory, question, answered)
        ask(memory, question, answered)
        check("end of the child", os.waitpid(pid, 0)[1] == 0)
    finally:
        memory.detach()
        shm.remove_memory(memory.shmid)
        shm.remove_semaphore(question.semid)
        shm.remove_semaphore(answered.semid)
    print "p10 ok"


main()
