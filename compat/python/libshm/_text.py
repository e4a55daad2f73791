"""What memory objects read on Python 3: bytes that also answer like a string of Python 2."""


def _as_bytes(value):
    return value.encode("latin-1") if isinstance(value, str) else value


def _arguments(values):
    """Texts become bytes, also those in the tuples of startswith and endswith."""
    return [
        tuple(map(_as_bytes, value)) if isinstance(value, tuple) else _as_bytes(value)
        for value in values
    ]


def _as_text(value):
    """A result of a method of bytes, with Text in the places of bytes."""
    if isinstance(value, bytes):
        return Text(value)
    if isinstance(value, (list, tuple)):
        return type(value)(map(_as_text, value))
    return value


def _comparison(name):
    of_bytes, of_str = getattr(bytes, name), getattr(str, name)

    def compare(self, other):
        if isinstance(other, str):
            return of_str(str(self), other)
        return of_bytes(self, other)

    compare.__name__ = name
    return compare


def _method(name):
    of_bytes = getattr(bytes, name)

    def method(self, *args, **keywords):
        for keyword, value in keywords.items():
            keywords[keyword] = _as_bytes(value)
        return _as_text(of_bytes(self, *_arguments(args), **keywords))

    method.__name__ = name
    method.__doc__ = of_bytes.__doc__
    return method


class Text(bytes):
    """Bytes read from shared memory.

    As bytes they are good for struct, numpy, pickle, hashlib and files. Beside that they compare
    with, contain and add up with str, whose characters stand for the bytes of the same number
    (Latin-1); single elements are str of one character; the methods take str and return Text.
    """

    __slots__ = ()

    # Equal objects have equal hashes: in CPython those of bytes and of str with such characters.
    def __hash__(self):
        return hash(bytes(self))

    def __str__(self):
        return self.decode("latin-1")

    def __format__(self, spec):
        return format(str(self), spec)

    def __getitem__(self, index):
        if isinstance(index, slice):
            return Text(bytes.__getitem__(self, index))
        return chr(bytes.__getitem__(self, index))

    def __iter__(self):
        return iter(str(self))

    def __contains__(self, item):
        if isinstance(item, str):
            return item in str(self)
        return bytes.__contains__(self, item)

    def __add__(self, other):
        if isinstance(other, str):
            other = other.encode("latin-1")
        return Text(bytes.__add__(self, other))

    def __radd__(self, other):
        if not isinstance(other, (str, bytes, bytearray, memoryview)):
            return NotImplemented
        return Text(bytes(_as_bytes(other)) + bytes(self))

    def __mul__(self, count):
        return Text(bytes.__mul__(self, count))

    __rmul__ = __mul__

    def __mod__(self, values):
        return str(self) % values

    def __reduce__(self):
        return Text, (bytes(self),)


for _name in ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"):
    setattr(Text, _name, _comparison(_name))
for _name in (
    "split rsplit strip lstrip rstrip startswith endswith find rfind index rindex count replace "
    "partition rpartition ljust rjust center zfill upper lower splitlines"
).split():
    setattr(Text, _name, _method(_name))
del _name
