"""Errors: except shm.error, e and e[0]; tuples of exceptions; KeyError with the key."""
import os
import sys
import shm
import shm_wrapper

KEY = os.getpid() * 100 + 12


def check(what, good):
    if not good:
        print "p12: wrong:", what
        sys.exit(1)


def wrong_size():
    try:
        shm.create_memory(KEY, 0)
    except shm.error, e:
        check("a size of 0", e[0] == 22 and e[1] == 'Invalid argument')
        code, text = e
        check("unpacked", (code, text) == (22, 'Invalid argument'))
        check("as a text", str(e) == "(22, 'Invalid argument')")
    else:
        check("a size of 0 is refused", 0)


def exists_already(memory):
    try:
        shm.create_memory(KEY, 10)
        check("a key that is taken", False)
    except (KeyError, shm.error), e:
        check("the key exists", e[0] == 17)
    try:
        memory.read(4)
    except shm.error, e:
        check("detached", str(e) == "R/W operation on detached memory")
    else:
        check("reading while detached", False)


def no_such_key():
    try:
        shm.getshmid(KEY)
        check("an unknown key", False)
    except KeyError, e:
        check("KeyError with the key", e.args == (KEY,))
    try:
        shm_wrapper.SemaphoreHandle(KEY)
        check("an unknown key", False)
    except (shm_wrapper.ShmError, KeyError), e:
        check("KeyError of the wrapper", e.args[0] == KEY)


def after_removal(memory):
    memory.attach()
    shm.remove_memory(memory.shmid)
    try:
        memory.write("too late")
        check("writing after removal", False)
    except shm.error:
        pass
    try:
        memory.detach()
    except shm.error:
        pass
    memory = None
    try:
        memory.detach()
        check("None has no detach", False)
    except (shm.error, AttributeError):
        pass


def copied_from_the_wrapper():
    """How programs pass an error on that is not theirs."""
    try:
        try:
            shm.create_memory(KEY, -1)
        except shm.error, value:
            if not shm.memory_haskey(KEY):
                raise shm.error, value
    except shm.error:
        return
    check("raise shm.error, value", False)


def main():
    wrong_size()
    no_such_key()
    memory = shm.create_memory(KEY, 10)
    try:
        exists_already(memory)
        after_removal(memory)
    finally:
        if shm.memory_haskey(KEY):
            shm.remove_memory(shm.getshmid(KEY))
    no_such_key()
    copied_from_the_wrapper()
    print "p12 ok"


main()
