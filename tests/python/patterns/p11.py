"""A pickle behind its length."""
import cPickle as pickle
import os
import struct
import sys
import shm

KEY = os.getpid() * 100 + 11
OBJECT = {"name": "caf\xe9", "list": range(5), "pi": 3.14159, "nested": {"none": None}}


def check(what, good):
    if not good:
        print "p11: wrong:", what
        sys.exit(1)


def put(memory, thing, protocol):
    text = pickle.dumps(thing, protocol)
    memory.write(struct.pack("=i", len(text)) + text)


def get(memory):
    n = struct.unpack("=i", memory.read(4))[0]
    return pickle.loads(memory.read(n, 4))


def child():
    memory = shm.memory(shm.getshmid(KEY))
    memory.attach()
    thing = get(memory)
    thing["list"] = list(thing["list"]) + ["from the child"]
    put(memory, thing, 2)
    os._exit(0)


def main():
    memory = shm.create_memory(KEY, 10000)
    try:
        memory.attach()
        for protocol in 0, 1, 2:
            put(memory, OBJECT, protocol)
            check("protocol %d" % protocol, get(memory) == OBJECT)
        pid = os.fork()
        if pid == 0:
            child()
        check("end of the child", os.waitpid(pid, 0)[1] == 0)
        thing = get(memory)
        check("the list", thing["list"] == [0, 1, 2, 3, 4, "from the child"])
        check("the rest", thing["name"] == "caf\xe9" and thing["nested"] == {"none": None})
    finally:
        memory.detach()
        shm.remove_memory(memory.shmid)
    print "p11 ok"


main()
