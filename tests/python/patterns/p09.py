"""Text padded to the size of the segment: read, stripped, compared, padded, written, printed."""
import os
import sys
import shm_wrapper


def check(what, good):
    if not good:
        print "p09: wrong:", what
        sys.exit(1)


def say(memory, text):
    while len(text) < memory.size:
        text = text + " "
    memory.write(text)


def child(key):
    memory = shm_wrapper.SharedMemoryHandle(key)
    check("the question", memory.read().strip() == "are you there?")
    say(memory, "ok")
    os._exit(0)


def main():
    memory = shm_wrapper.create_memory(100)
    try:
        check("spaces at first", memory.read() == " " * 100)
        check("nothing but spaces", not memory.read().strip())
        say(memory, "are you there?")
        pid = os.fork()
        if pid == 0:
            child(memory.key)
        check("end of the child", os.waitpid(pid, 0)[1] == 0)
        answer = memory.read().strip()
        check("the answer", answer == "ok" and "ok" == answer and answer != "no")
        say(memory, answer)
        check("what was written back", memory.read() == "ok" + 98 * " ")
        memory.write(answer.upper().ljust(memory.size, "."))
        check("another padding", memory.read().rstrip(".") == "OK")
    finally:
        memory.remove()
    print "p09 %s" % answer


main()
