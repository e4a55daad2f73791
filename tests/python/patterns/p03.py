"""Packed integers, read by keywords; slices given to numpy.fromstring; numpy integers as sizes."""
import struct
import sys
import warnings
import shm_wrapper

try:
    import numpy
except ImportError:
    numpy = None

COUNT = 100


def check(what, good):
    if not good:
        print "p03: wrong:", what
        sys.exit(1)


def packed(memory):
    size = struct.calcsize("i")
    for i in xrange(COUNT):
        memory.write(struct.pack("i", i * i), offset=i * size)
    for i in xrange(COUNT):
        text = memory.read(NumberOfBytes=size, offset=i * size)
        check("number %d" % i, struct.unpack("i", text) == (i * i,))
    everything = struct.unpack("%di" % COUNT, memory.read())
    check("all at once", list(everything) == [i * i for i in xrange(COUNT)])


def from_string(text):
    # Later versions of numpy first complain about fromstring, then have it for texts only.
    warnings.simplefilter("ignore")
    try:
        return numpy.fromstring(text, dtype=numpy.int32)
    except ValueError:
        return numpy.frombuffer(text, dtype=numpy.int32)


def arrays(memory):
    squares = numpy.arange(COUNT, dtype=numpy.int32) ** 2
    text = memory.read()
    half = from_string(text[:200])
    check("the first half", (half == squares[:50]).all())
    size, offset = numpy.array([40, 80])
    part = from_string(memory.read(size, offset))
    check("a part", (part == squares[20:30]).all())
    memory.write(squares[::-1].copy(), numpy.int64(0))
    check("backwards", (from_string(memory.read()) == squares[::-1]).all())


def main():
    memory = shm_wrapper.create_memory(COUNT * struct.calcsize("i"), 0600, InitCharacter="\0")
    try:
        check("zeros at first", memory.read() == "\0" * memory.size)
        packed(memory)
        if numpy is not None:
            arrays(memory)
    finally:
        memory.remove()
    print "p03 ok"


main()
