"""What doc/legacy.md section 8 says about SHMArrays, as tables that tests go through.

Nothing here is computed by the modules under test. Functions that need numpy are given it, so that
the tables can be imported where it is missing.
"""

# L8.2: (sizes, min_size, groups); the sizes are those of positions 0, 1, 2 ...
PARTITIONS = [
    ([5], 20000, [[0]]),
    ([1, 2, 3], 20000, [[2, 1, 0]]),
    ([3, 2, 1], 20000, [[0, 1, 2]]),
    ([10, 10, 10], 20000, [[2, 1, 0]]),
    ([19999, 19999], 20000, [[1, 0]]),
    ([30000], 20000, [[0]]),
    ([30000, 30000, 30000], 20000, [[2], [1], [0]]),
    ([30000, 10000, 20000, 5000], 20000, [[0], [2, 1], [3]]),
    ([20000, 1, 1, 1], 20000, [[0], [3, 2, 1]]),
    ([1, 1, 1, 1, 1, 20000], 20000, [[5], [4, 3, 2, 1, 0]]),
    ([20000, 0, 0], 20000, [[0, 2, 1]]),
    ([0, 0], 20000, [[1, 0]]),
    ([100000] + [100] * 10, 20000, [[0], [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]]),
    ([20000] * 3 + [10000] * 4, 20000, [[2], [1], [0], [6, 5], [4, 3]]),
    ([50000, 40000, 30000, 20000, 10000, 10000, 10000], 20000, [[0], [1], [2, 3], [6, 5, 4]]),
    ([60000, 30000, 30000, 1, 59999], 20000, [[0], [4], [2, 1], [3]]),
    ([20001, 20000, 1, 20000, 1], 20000, [[0], [3], [1, 4], [2]]),
    ([25000, 25000, 1], 20000, [[1], [0], [2]]),
    ([5, 3, 2], 1, [[0], [1, 2]]),
]

# Element types that can be computed with, as texts numpy.dtype() knows.
INTEGERS = ['i1', 'u1', 'i2', 'u2', 'i4', 'u4', 'i8', 'u8']
FLOATS = ['f2', 'f4', 'f8', 'longdouble']
COMPLEX = ['c8', 'c16', 'clongdouble']
NUMBERS = ['bool'] + INTEGERS + FLOATS + COMPLEX
BIG_ENDIAN = ['>i2', '>u4', '>i8', '>f2', '>f4', '>f8', '>c8', '>c16']

# Those that are only copied.
OPAQUE = ['S5', 'U4', 'V3', 'M8[s]', 'm8[us]', '>U3', '>M8[ms]']
STRUCTURED = [
    [('id', '<i4'), ('value', '<f8')],
    [('id', '>i4'), ('pixels', 'u1', (2, 3)), ('name', 'S4')],
    [('inner', [('x', 'f4'), ('y', 'f4')]), ('flag', '?')],
]
ALL_DTYPES = NUMBERS + BIG_ENDIAN + OPAQUE + STRUCTURED

# Kinds of dictionary keys: (what kind, names of one set).
NAMES = [
    ('text', ['weights', 'bias', 'with space', u'gr\xfc\xdfe', u'\u03bb']),
    ('integers', [0, 1, 9, -1, 2 ** 62, -2 ** 63]),
    ('wide integers', [2 ** 63, 2 ** 64 + 1, -2 ** 80]),
    ('numbers and their texts', [5, '5', (5,), '(5,)']),
    ('tuples', [('layer', 1), ('layer', 2), (), ('a', ('b', 3))]),
    ('bytes', [b'raw', b'\x00\xff', b'']),
    ('bytes and text', [b'a', (b'a',), ('a', 1)]),
    ('long text', ['x' * 200, 'x' * 201]),
    ('empty text', ['', ' ']),
    ('a zero in text', ['a\0b', 'a\0c']),
]

# L8.4, the mismatch table: (situation, what the original did, quirk, operation, what happens now).
# The operations are functions of test_arrays_quirks.py. What happens now is an exception's name,
# raised before any lock is taken and without any effect; or 'position', 'name': stored so.
MISMATCHES = [
    ('fewer entries than at construction', 'IndexError', 'Q41', 'write_fewer', 'KeyError'),
    ('fewer entries, update', 'IndexError', 'Q41', 'update_fewer', 'KeyError'),
    ('more entries', 'extras ignored', 'Q41', 'write_more', 'KeyError'),
    ('more entries, update', 'extras ignored', 'Q41', 'update_more', 'KeyError'),
    ('some other name', 'stored by position', 'Q41', 'write_unknown', 'KeyError'),
    ('other names, same sizes', 'works by position', 'Q41', 'write_foreign', 'position'),
    ('same names, other order', 'stored in wrong places', 'Q41', 'write_reordered', 'name'),
    ('same names, other order, update', 'wrong places', 'Q41', 'update_reordered', 'name'),
    ('value too small', 'shifts the rest', 'Q42', 'write_small', 'ValueError'),
    ('value too small, update', 'shifts the rest', 'Q42', 'update_small', 'ValueError'),
    ('value too large', 'lock kept', 'Q39 Q42', 'write_large', 'ValueError'),
    ('value too large, update', 'lock kept', 'Q39 Q42', 'update_large', 'ValueError'),
    ('list instead of array', 'lock kept', 'Q39', 'write_list', 'AttributeError'),
]

# The rows whose error comes out of the update function, so that the lock is held: Q39 gives it back.
FAILING_FUNCTIONS = [
    ('update_func raises', 'raises', 'ZeroDivisionError'),
    ('update_func returns a Python float', 'returns_float', 'AttributeError'),
    ('update_func returns too large an array', 'returns_large', 'ValueError'),
    ('update_func returns too small an array', 'returns_small', 'ValueError'),
    ('update_func returns a NumPy scalar', 'returns_scalar', 'ValueError'),
    ('update_func returns None', 'returns_none', 'AttributeError'),
    ('update_func is not a function of two', 'takes_one', 'TypeError'),
]

# The rows that concern construction: (situation, quirk, function of test_arrays_quirks.py).
CONSTRUCTION = [
    ('attach with other dtype', 'Q42', 'attach_dtype'),
    ("attacher's spec larger than the segment", 'Q42', 'attach_large'),
    ('fewer keys than partitions', 'Q42', 'attach_fewer_keys'),
    ('more keys than partitions', 'Q42', 'attach_more_keys'),
    ('no keys at all', 'Q42', 'attach_no_keys'),
    ('object dtype', 'Q50', 'create_objects'),
]


def sample(np, dtype, shape=(6,)):
    """An array of this type with its extreme values first."""
    dtype = np.dtype(dtype)
    count = int(np.prod(shape, dtype=int))
    return _values(np, dtype, count).reshape(shape)


def _values(np, dtype, count):
    if dtype.kind in 'iu':
        limits = np.iinfo(dtype)
        return _cycle(np, [limits.max, limits.min, 0, 1, 7, 100], dtype, count)
    if dtype.kind == 'b':
        return _cycle(np, [True, False, False], dtype, count)
    if dtype.kind == 'f':
        limits = np.finfo(dtype.newbyteorder('='))
        return _cycle(np, [limits.max, float('nan'), -0.0, limits.tiny, float('-inf'), 0.1], dtype, count)
    if dtype.kind == 'c':
        return _cycle(np, [1.5 - 2j, complex('nan'), 0, complex(0, float('inf')), -3, 0.1j], dtype, count)
    if dtype.kind == 'S':
        return _cycle(np, [b'', b'abcde', b'x', b'\xff'], dtype, count)
    if dtype.kind == 'U':
        return _cycle(np, [u'', u'\u03bbx', u'abcd', u'\U0001f600'], dtype, count)
    return _bytes(np, dtype, count)


def _cycle(np, values, dtype, count):
    values = (values * (count // len(values) + 1))[:count]
    return np.array(values, dtype=dtype)


def _bytes(np, dtype, count):
    """Any bytes are a value of the other types, if booleans among them are 0 or 1."""
    raw = bytearray((7 * i + 1) % 251 for i in range(dtype.itemsize * count))
    values = np.frombuffer(bytes(raw), dtype=dtype).copy()
    for name in dtype.names or ():
        if dtype[name] == np.dtype('?'):
            values[name] = [i % 2 for i in range(count)]
    return values
