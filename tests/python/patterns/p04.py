"""struct.unpack('i', m.read(4, 4)) in a polling loop, while another process counts."""
import os
import struct
import sys
import time
import shm

KEY = os.getpid() * 100 + 4
LAST = 20


def check(what, good):
    if not good:
        print "p04: wrong:", what
        sys.exit(1)


def wait_for(m, offset, value):
    deadline = time.time() + 30
    while struct.unpack('i', m.read(4, offset))[0] != value:
        check("no answer in time", time.time() < deadline)
        time.sleep(0.0002)


def server():
    m = shm.memory(shm.getshmid(KEY))
    m.attach()
    for number in range(1, LAST + 1):
        m.write(struct.pack('i', number), 4)
        wait_for(m, 0, number)
    m.detach()


def main():
    m = shm.create_memory(KEY, 8)
    try:
        m.attach()
        pid = os.fork()
        if not pid:
            server()
            os._exit(0)
        for number in range(1, LAST + 1):
            wait_for(m, 4, number)
            m.write(struct.pack('i', number))
        check("end of the server", os.waitpid(pid, 0)[1] == 0)
        check("last numbers", struct.unpack('ii', m.read(8)) == (LAST, LAST))
    finally:
        m.detach()
        shm.remove_memory(shm.getshmid(KEY))
    print "p04 ok"


main()
