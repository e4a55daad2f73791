"""What was read as a sequence of characters."""
import sys
import shm_wrapper


def check(what, good):
    if not good:
        print "p16: wrong:", what
        sys.exit(1)


def main():
    memory = shm_wrapper.create_memory(6, permissions=0600)
    try:
        memory.write("abcde")
        text = ""
        for character in memory.read():
            if character != " ":
                text = text + character
        check("one after the other", text == "abcde")
        check("joined", "".join([c for c in memory.read()]) == "abcde ")
        check("an index", memory.read()[2] == "c" and memory.read()[-2] == "e")
        check("a slice", memory.read()[1:3] == "bc" and memory.read()[::-1] == " edcba")
        check("in", "bc" in memory.read() and "cb" not in memory.read())
        check("a comparison", "abcda" < memory.read() < "abcdf")
        check("count", memory.read().count("c") == 1 and memory.read().index("d") == 3)
        check("codes", [ord(c) for c in memory.read(3)] == [97, 98, 99])
        check("sums", "<" + memory.read(2) + ">" == "<ab>")
        check("as keys", {"abc": 1}[memory.read(3)] == 1)
        check("repeated", memory.read(2) * 2 == "abab")
        check("nothing", not memory.read(1, 5).strip() and memory.read(offset=6) == "")
        memory.write("".join([chr(c) for c in (0, 10, 127, 128, 254, 255)]))
        check("all bytes", [ord(c) for c in memory.read()] == [0, 10, 127, 128, 254, 255])
    finally:
        memory.remove()
    print "p16 ok"


main()
