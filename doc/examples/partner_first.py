"""The first of two programs that talk through shared memory: python partner_first.py

It makes 32 bytes of memory and two semaphores, and prints the command that starts the second
program, in another terminal or under another Python. Then they take turns: each reads what the
other has written and answers with its md5 digest, and each checks every digest it gets.
"""
import argparse
import hashlib
import os
import signal
import sys

import shm
import shm_wrapper

BYE = b"bye".ljust(32)
PATIENCE = 60  # seconds for one answer


def digest(message):
    return hashlib.md5(message).hexdigest().encode("ascii")


def talk(rounds, memory, to_second, to_first):
    sent = digest(os.urandom(16))
    for number in range(rounds):
        memory.write(sent)
        to_second.V()
        # The partner has to be started first: the first answer may take as long as it likes.
        to_first.P(timeout=PATIENCE if number else None)
        answer = memory.read()
        if answer != digest(sent):
            raise SystemExit("first: round %d: wrong answer" % number)
        sent = digest(answer)
    memory.write(BYE)
    to_second.V()
    to_first.P(timeout=PATIENCE)
    print("first: %d rounds, every digest was right" % rounds)


def main():
    parser = argparse.ArgumentParser(description="The first of two programs that talk.")
    parser.add_argument("--rounds", type=int, default=5000)
    rounds = max(parser.parse_args().rounds, 1)
    # What is made here outlives the program unless it is removed, also after a signal.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    made = []
    try:
        made.append(shm_wrapper.create_memory(32, permissions=0o600))
        made.append(shm_wrapper.create_semaphore(InitialValue=0, permissions=0o600))
        made.append(shm_wrapper.create_semaphore(InitialValue=0, permissions=0o600))
        print("python partner_second.py %d %d %d" % tuple(handle.key for handle in made))
        sys.stdout.flush()
        talk(rounds, *made)
    except shm.error as error:
        raise SystemExit("first: %s" % error)
    except KeyboardInterrupt:
        raise SystemExit(130)
    finally:
        for handle in made:
            handle.remove()


main()
