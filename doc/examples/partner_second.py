"""The second of two programs that talk through shared memory; see partner_first.py.

python partner_second.py MEMORY TO_SECOND TO_FIRST: the keys that the first one prints. How long
the talk is, the first one decides.
"""
import hashlib
import sys

import shm
import shm_wrapper

BYE = "bye"
PATIENCE = 60  # seconds for one message


def digest(message):
    return hashlib.md5(message).hexdigest().encode("ascii")


def talk(memory, to_second, to_first):
    rounds, sent = 0, None
    while True:
        to_second.P(timeout=PATIENCE)
        # On Python 3 too, what is read compares with text and strips like text: see README.md.
        message = memory.read()
        if message.strip() == BYE:
            break
        if sent is not None and message != digest(sent):
            raise SystemExit("second: round %d: wrong message" % rounds)
        sent = digest(message)
        memory.write(sent)
        to_first.V()
        rounds += 1
    print("second: %d rounds, every digest was right" % rounds)
    del memory  # this detaches; the first removes the memory as soon as it knows
    to_first.V()


def main():
    if len(sys.argv) != 4:
        raise SystemExit("usage: partner_second.py MEMORY TO_SECOND TO_FIRST")
    memory, to_second, to_first = [int(key) for key in sys.argv[1:]]
    try:
        talk(shm_wrapper.SharedMemoryHandle(memory),
             shm_wrapper.SemaphoreHandle(to_second),
             shm_wrapper.SemaphoreHandle(to_first))
    except KeyError as key:
        raise SystemExit("second: nothing has the key %s" % key)
    except shm.error as error:
        raise SystemExit("second: %s" % error)


main()
