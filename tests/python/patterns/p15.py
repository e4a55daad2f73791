"""The address of the segment given to C."""
import ctypes
import os
import sys
import shm

KEY = os.getpid() * 100 + 15


def check(what, good):
    if not good:
        print "p15: wrong:", what
        sys.exit(1)


def main():
    m = shm.create_memory(KEY, 64)
    try:
        check("no address yet", m.addr is None and not m.attached)
        m.attach()
        check("an address", m.addr > 0 and m.addr % shm.SHMLBA == 0)
        ctypes.memset(m.addr + 16, ord("A"), 4)
        check("memset", m.read(4, 16) == "AAAA")
        check("and nothing else", m.read(16) == 16 * "\0" and m.read(44, 20) == 44 * "\0")
        numbers = (ctypes.c_int32 * 4).from_address(m.addr + 32)
        numbers[2] = 0x64636261
        check("a number", m.read(4, 40) in ("abcd", "dcba"))
        m.write("xyz", 24)
        check("string_at", ctypes.string_at(m.addr + 24) == m.read(3, 24))
        pid = os.fork()
        if pid == 0:
            ctypes.memmove(m.addr, m.addr + 16, 4)
            os._exit(0)
        check("end of the child", os.waitpid(pid, 0)[1] == 0)
        check("memmove in the child", m.read(5) == "AAAA\0")
        m.detach()
        check("no address any more", m.addr is None)
    finally:
        m.detach()
        shm.remove_memory(m.shmid)
    print "p15 ok"


main()
