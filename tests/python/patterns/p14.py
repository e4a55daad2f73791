"""Keys on a child's command line as %ld; the child attaches, writes and signals with V."""
import os
import signal
import subprocess
import sys
import shm_wrapper

TEXT = "written by process %d"


def check(what, good):
    if not good:
        print "p14: wrong:", what
        sys.exit(1)


def too_late(number, frame):
    check("no answer in time", 0)


def child(memory_key, semaphore_key):
    memory = shm_wrapper.SharedMemoryHandle(memory_key)
    semaphore = shm_wrapper.SemaphoreHandle(semaphore_key)
    memory.write(TEXT % os.getpid())
    semaphore.V()


def start(memory, semaphore):
    keys = "%ld %ld" % (memory.key, semaphore.key)
    return subprocess.Popen([sys.executable, sys.argv[0]] + keys.split())


def main():
    signal.signal(signal.SIGALRM, too_late)
    signal.alarm(30)
    memory = shm_wrapper.create_memory(200, InitCharacter="\0")
    try:
        semaphore = shm_wrapper.create_semaphore(InitialValue=0)
        try:
            for i in range(2):
                memory.write("\0" * memory.size)
                process = start(memory, semaphore)
                semaphore.P()
                text = memory.read().strip("\0")
                check("the text", text == TEXT % process.pid)
                check("the number", int(text.split()[-1]) == process.pid)
                check("end of the child", process.wait() == 0)
        finally:
            semaphore.remove()
    finally:
        memory.remove()
    print "p14 ok"


if len(sys.argv) == 3:
    child(long(sys.argv[1]), long(sys.argv[2]))
else:
    main()
