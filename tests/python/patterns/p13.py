"""Create or attach, decided by KeyError; both modules on one key."""
import os
import sys
import shm
import shm_wrapper

KEY = os.getpid() * 100 + 13


def check(what, good):
    if not good:
        print "p13: wrong:", what
        sys.exit(1)


def open_memory():
    try:
        memory = shm.memory(shm.getshmid(KEY))
        created = 0
    except KeyError:
        memory = shm.create_memory(KEY, 64, 0600)
        created = 1
    if memory and not memory.attached:
        memory.attach()
    return memory, created


def main():
    try:
        memory, created = open_memory()
        check("it was created", created == 1 and memory != None)
        again, created = open_memory()
        check("it was found", created == 0 and again is memory)
        handle = shm_wrapper.SharedMemoryHandle(KEY)
        handle.write("BEGIN")
        t = memory.read(5)
        check("BEGIN", t == "BEGIN" and t[:3] != "END")
        memory.write("ENDOFDATA")
        t = handle.read(9)
        check("END", t[:3] == "END" and t[3:] == "OFDATA")
        check("find", t.find("DATA") == 5 and t.find("data") == -1)
        check("replace", t.replace("OF", " OF ") == "END OF DATA")
        check("the same key", handle.key == memory.key == KEY)
        check("one mapping", memory.nattch == 1 and handle.number_attached == 1)
        pid = os.fork()
        if pid == 0:
            os._exit(open_memory()[1] + 10)
        check("a child finds it", os.WEXITSTATUS(os.waitpid(pid, 0)[1]) == 10)
        memory.detach()
        shm_wrapper.remove_memory(KEY)
        check("it is gone", not shm.memory_haskey(KEY))
    finally:
        if shm.memory_haskey(KEY):
            shm.remove_memory(shm.getshmid(KEY))
    print "p13 ok"


main()
