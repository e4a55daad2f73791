"""Text cards into a dictionary, by startswith and split("=")."""
import os
import sys
import shm

KEY = os.getpid() * 100 + 2
CARDS = [
    "NAXIS1  = 512",
    "EXPTIME = 1.25",
    "OBJECT  = 'NGC 891 '",
    "COMMENT = is not a value",
    "FILTER  = 'V'",
    "END",
]


def check(what, good):
    if not good:
        print "p02: wrong:", what
        sys.exit(1)


def parse(text):
    header = {}
    for i in range(0, len(text), 80):
        card = text[i:i + 80]
        if card.startswith("END"):
            break
        if card.startswith("COMMENT") or card.startswith(" "):
            continue
        key, value = card.split("=")
        header[key.strip()] = value.strip()
    return header


def main():
    memory = shm.create_memory(KEY, 80 * len(CARDS))
    try:
        memory.attach()
        memory.write("".join([card.ljust(80) for card in CARDS]))
        header = parse(memory.read(memory.size))
        check("number of keywords", len(header) == 4)
        check("has_key", header.has_key("EXPTIME") and not header.has_key("COMMENT"))
        check("an integer", int(header["NAXIS1"]) == 512)
        check("a real number", float(header["EXPTIME"]) == 1.25)
        check("a text", header["OBJECT"].strip("'").rstrip() == "NGC 891")
        names = header.keys()
        names.sort()
        check("sorted names", names == ["EXPTIME", "FILTER", "NAXIS1", "OBJECT"])
        for name, value in header.iteritems():
            line = "%-8s= %s" % (name, value)
            check(line, line in CARDS)
    finally:
        memory.detach()
        shm.remove_memory(memory.shmid)
    print "p02 ok"


main()
