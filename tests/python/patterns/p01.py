"""80-column text cards, padded with spaces, read whole and cut in 80s until END."""
import os
import sys
import shm

KEY = os.getpid() * 100 + 1
HEADER = [
    "SIMPLE  =                    T",
    "BITPIX  =                   16",
    "NAXIS1  =                  512",
    "OBJECT  = 'M 31'",
    "COMMENT seen through \xe9 clouds",
    "END",
]


def check(what, good):
    if not good:
        print "p01: wrong:", what
        sys.exit(1)


def camera():
    memory = shm.memory(shm.getshmid(KEY))
    memory.attach()
    text = ""
    for line in HEADER:
        text += line + " " * (80 - len(line))
    memory.write(text)
    memory.detach()


def read_cards():
    memory = shm.memory(shm.getshmid(KEY))
    memory.attach(0, shm.SHM_RDONLY)
    header = memory.read(memory.size)
    memory.detach()
    cards = []
    while 1:
        card, header = header[:80], header[80:]
        check("a card of 80 characters", len(card) == 80)
        if card.strip() == "END":
            return cards
        cards.append(card)


def main():
    shm.create_memory(KEY, 20 * 80, 0600)
    try:
        pid = os.fork()
        if pid == 0:
            camera()
            os._exit(0)
        check("the camera's end", os.waitpid(pid, 0)[1] == 0)
        cards = read_cards()
        check("number of cards", len(cards) == len(HEADER) - 1)
        for card, line in zip(cards, HEADER):
            check(line, card.rstrip() == line)
            check("keyword of " + line, card[:8] == line[:8])
    finally:
        shm.remove_memory(shm.getshmid(KEY))
    print "p01 ok"


main()
