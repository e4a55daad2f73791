# coding: utf-8
"""What doc/legacy.md promises, as data: one table for Python 2.7 and 3.

Each row begins with the number of its rule. Rows hold literals and functions of a context `c`,
which has `shm` (the module), `m` (an attached memory of 64 bytes), `s` (a semaphore of value 1)
and `key` (a key that nobody uses). The rules of strings are written as Python 2 has them, so
that running the tests on 2.7 checks this table itself.
"""
import ctypes
import decimal
import os
import sys

PY3 = sys.version_info[0] >= 3

long = int if PY3 else long  # noqa: F821


class WithInt(object):
    """A number by `__int__` only."""

    def __init__(self, value):
        self.value = value

    def __int__(self):
        return self.value


class WithIndex(object):
    """A number by `__index__` only, which is refused."""

    def __init__(self, value):
        self.value = value

    def __index__(self):
        return self.value


class FloatSubclass(float):
    """As numpy.float64 is."""


# ---------------------------------------------------------------- texts

MEMORY_GONE = "can't access shared memory segment"
SEMAPHORE_GONE = "can't access semaphore"
DETACHED = 'R/W operation on detached memory'
READ_ONLY = "can't write on read-only attached memory"
READ_LIMIT = 'read() argument exceeds upper memory limit'
READ_LIMITS = 'read() arguments exceed upper memory limit'
WRITE_LIMIT = 'write() argument exceeds upper memory limit'
WRITE_LIMITS = 'write() arguments exceed upper memory limit'

EPERM = (1, 'Operation not permitted')
ENOENT = (2, 'No such file or directory')
EINTR = (4, 'Interrupted system call')
EAGAIN = (11, 'Resource temporarily unavailable')
EACCES = (13, 'Permission denied')
EEXIST = (17, 'File exists')
EINVAL = (22, 'Invalid argument')
ENOSPC = (28, 'No space left on device')
ERANGE = (34, 'Numerical result out of range')
EIDRM = (43, 'Identifier removed')

# L5.2: each message, and how it is brought about. `gone` is a memory, `dead` a semaphore that
# were removed, `bare` a detached memory, `ro` one that is attached read-only; 64 bytes each.
MESSAGES = [
    ('L3.1.1', MEMORY_GONE, lambda c: c.gone.size),
    ('L2.2.19', MEMORY_GONE, lambda c: c.shm.memory(c.gone_id)),
    ('L2.2.19', MEMORY_GONE, lambda c: c.shm.memory(-1)),
    ('L4.1', SEMAPHORE_GONE, lambda c: c.dead.val),
    ('L2.2.19', SEMAPHORE_GONE, lambda c: c.shm.semaphore(c.dead_id)),
    ('L2.2.19', SEMAPHORE_GONE, lambda c: c.shm.semaphore(-1)),
    ('L3.3.9', DETACHED, lambda c: c.bare.read(1)),
    ('L3.3.9', DETACHED, lambda c: c.bare.read(1000, 1000)),
    ('L3.3.15', DETACHED, lambda c: c.bare.write('x')),
    ('L3.3.15', DETACHED, lambda c: c.bare.write('x' * 65)),
    ('L3.3.15', READ_ONLY, lambda c: c.ro.write('x')),
    ('L3.3.15', READ_ONLY, lambda c: c.ro.write('x' * 65)),
    ('L3.3.15', READ_ONLY, lambda c: c.ro.write('x', 65)),
    ('L3.3.10', READ_LIMIT, lambda c: c.m.read(65)),
    ('L3.3.10', READ_LIMITS, lambda c: c.m.read(64, 1)),
    ('L3.3.15', WRITE_LIMIT, lambda c: c.m.write('x' * 65)),
    ('L3.3.15', WRITE_LIMITS, lambda c: c.m.write('x', 64)),
]

# ---------------------------------------------------------------- section 2.1

CONSTANTS = [
    ('L2.1', 'IPC_PRIVATE', 0),
    ('L2.1', 'SHM_RDONLY', 4096),
    ('L2.1', 'SHM_RND', 8192),
    ('L2.1', 'SHMLBA', os.sysconf('SC_PAGE_SIZE')),
    ('L2.1', 'SHM_R', 256),
    ('L2.1', 'SHM_W', 128),
]

LEGACY_FUNCTIONS = [
    'create_memory', 'create_semaphore', 'getshmid', 'getsemid', 'memory_haskey',
    'semaphore_haskey', 'memory', 'semaphore', 'remove_memory', 'remove_semaphore', 'ftok',
]

NEW_FUNCTIONS = ['options', 'version', 'backend']

# L2.1.1: what `from shm import *` gives
EXPORTED = sorted([row[1] for row in CONSTANTS] + LEGACY_FUNCTIONS + NEW_FUNCTIONS + ['error'])

MEMORY_MEMBERS = [
    'addr', 'attached', 'nattch', 'perm', 'key', 'size', 'shmid', 'uid', 'gid', 'cuid', 'cgid',
    'cpid', 'lpid',
]
MEMORY_METHODS = ['attach', 'detach', 'read', 'write', 'setperm', 'setuid', 'setgid']

SEMAPHORE_MEMBERS = [
    'val', 'ncnt', 'zcnt', 'lpid', 'perm', 'blocking', 'key', 'semid', 'uid', 'gid', 'cuid',
    'cgid',
]
SEMAPHORE_NEW_MEMBERS = ['undo']
SEMAPHORE_METHODS = [
    'P', 'V', 'Z', 'setblocking', 'setundo', 'setval', 'setperm', 'setuid', 'setgid',
]

# ---------------------------------------------------------------- L1.3: integers

# (rule, what it is, f(n) -> an argument that means n)
ACCEPTED_INTEGERS = [
    ('L1.3', 'int', int),
    ('L1.3', 'long', long),
    ('L1.3', 'Decimal', decimal.Decimal),
    ('L1.3', '__int__', WithInt),
]

NOT_AN_INTEGER = ('an integer is required',)
A_FLOAT = ('integer argument expected, got float',)

# (rule, argument, args of the TypeError)
REFUSED_INTEGERS = [
    ('L1.3', 1.0, A_FLOAT),
    ('L1.3', 0.5, A_FLOAT),
    ('L1.3', float('nan'), A_FLOAT),
    ('L1.3', FloatSubclass(1.0), A_FLOAT),
    ('L1.3', '1', NOT_AN_INTEGER),
    ('L1.3', u'1', NOT_AN_INTEGER),
    ('L1.3', b'1', NOT_AN_INTEGER),
    ('L1.3', None, NOT_AN_INTEGER),
    ('L1.3', (), NOT_AN_INTEGER),
    ('L1.3', (1,), NOT_AN_INTEGER),
    ('L1.3', [1], NOT_AN_INTEGER),
    ('L1.3', object(), NOT_AN_INTEGER),
    ('L1.3', WithIndex(1), NOT_AN_INTEGER),
]

TOO_LARGE = ('Python int too large to convert to C long',)
ABOVE_INT = ('signed integer is greater than maximum',)
BELOW_INT = ('signed integer is less than minimum',)
ABOVE_BYTE = ('unsigned byte integer is greater than maximum',)
BELOW_BYTE = ('unsigned byte integer is less than minimum',)

# (rule, parameter, call)
LONG_PARAMETERS = [
    ('L1.3', 'create_memory key', lambda c, v: c.shm.create_memory(v, 64)),
    ('Q12', 'create_memory size', lambda c, v: c.shm.create_memory(c.key, v)),
    ('L1.3', 'create_semaphore key', lambda c, v: c.shm.create_semaphore(v)),
    ('L1.3', 'getshmid', lambda c, v: c.shm.getshmid(v)),
    ('L1.3', 'getsemid', lambda c, v: c.shm.getsemid(v)),
    ('L1.3', 'memory_haskey', lambda c, v: c.shm.memory_haskey(v)),
    ('L1.3', 'semaphore_haskey', lambda c, v: c.shm.semaphore_haskey(v)),
    ('L1.3', 'memory.read nbytes', lambda c, v: c.m.read(v)),
    ('L1.3', 'memory.read offset', lambda c, v: c.m.read(1, v)),
    ('L1.3', 'memory.write offset', lambda c, v: c.m.write('x', v)),
    ('L1.3', 'memory.setperm', lambda c, v: c.m.setperm(v)),
    ('L1.3', 'memory.setuid', lambda c, v: c.m.setuid(v)),
    ('L1.3', 'memory.setgid', lambda c, v: c.m.setgid(v)),
    ('L1.3', 'semaphore.setperm', lambda c, v: c.s.setperm(v)),
    ('L1.3', 'semaphore.setuid', lambda c, v: c.s.setuid(v)),
    ('L1.3', 'semaphore.setgid', lambda c, v: c.s.setgid(v)),
]

INT_PARAMETERS = [
    ('L1.3', 'create_memory perm', lambda c, v: c.shm.create_memory(c.key, 64, v)),
    ('L1.3', 'create_semaphore value', lambda c, v: c.shm.create_semaphore(c.key, v)),
    ('L1.3', 'create_semaphore perm', lambda c, v: c.shm.create_semaphore(c.key, 1, v)),
    ('L1.3', 'memory', lambda c, v: c.shm.memory(v)),
    ('L1.3', 'semaphore', lambda c, v: c.shm.semaphore(v)),
    ('L1.3', 'remove_memory', lambda c, v: c.shm.remove_memory(v)),
    ('L1.3', 'remove_semaphore', lambda c, v: c.shm.remove_semaphore(v)),
    ('L1.3', 'memory.attach how', lambda c, v: c.m.attach(0, v)),
    ('L4.3', 'semaphore.setblocking', lambda c, v: c.s.setblocking(v)),
    ('L4.3', 'semaphore.setundo', lambda c, v: c.s.setundo(v)),
    ('L1.3', 'semaphore.setval', lambda c, v: c.s.setval(v)),
]

BYTE_PARAMETERS = [('L2.2.27', 'ftok id', lambda c, v: c.shm.ftok('/', v))]

# The refused integers of every parameter; the address of an attach is an integer too.
INTEGER_PARAMETERS = LONG_PARAMETERS + INT_PARAMETERS + BYTE_PARAMETERS + [
    ('L1.3', 'memory.attach address', lambda c, v: c.m.attach(v)),
]

# (rule, parameters, value, args of the OverflowError)
OUT_OF_RANGE = [
    ('L1.3', LONG_PARAMETERS, 2 ** 63, TOO_LARGE),
    ('L1.3', LONG_PARAMETERS, -2 ** 63 - 1, TOO_LARGE),
    ('L1.3', LONG_PARAMETERS, 2 ** 100, TOO_LARGE),
    ('L1.3', INT_PARAMETERS, 2 ** 31, ABOVE_INT),
    ('L1.3', INT_PARAMETERS, -2 ** 31 - 1, BELOW_INT),
    ('L1.3', INT_PARAMETERS, 2 ** 62, ABOVE_INT),
    ('L1.3', INT_PARAMETERS, -2 ** 62, BELOW_INT),
    ('L2.2.27', BYTE_PARAMETERS, 256, ABOVE_BYTE),
    ('L2.2.27', BYTE_PARAMETERS, -1, BELOW_BYTE),
    ('L2.2.27', BYTE_PARAMETERS, 2 ** 31, ABOVE_BYTE),
]

# ---------------------------------------------------------------- L1.4: numbers of arguments


def exactly(wanted, given):
    return 'function takes exactly %d argument%s (%d given)' % (
        wanted, '' if wanted == 1 else 's', given)


def at_least(wanted, given):
    return 'function takes at least %d argument%s (%d given)' % (
        wanted, '' if wanted == 1 else 's', given)


def at_most(wanted, given):
    return 'function takes at most %d argument%s (%d given)' % (
        wanted, '' if wanted == 1 else 's', given)


NO_ARGUMENTS = 'function takes no arguments'

# New parameters are given by keyword only, so that the numbers stay those of shm 1.2.2.
# (rule, attributes of the context, arguments, text of the TypeError)
ARGUMENT_COUNTS = [
    ('L1.4', 'shm.create_memory', (), at_least(2, 0)),
    ('L1.4', 'shm.create_memory', (1,), at_least(2, 1)),
    ('L1.4', 'shm.create_memory', (1, 1, 1, 1), at_most(3, 4)),
    ('L1.4', 'shm.create_semaphore', (), at_least(1, 0)),
    ('L1.4', 'shm.create_semaphore', (1, 1, 1, 1), at_most(3, 4)),
    ('L1.4', 'shm.ftok', (), exactly(2, 0)),
    ('L1.4', 'shm.ftok', ('/',), exactly(2, 1)),
    ('L1.4', 'shm.ftok', ('/', 1, 1), exactly(2, 3)),
    ('L1.4', 'm.attach', (0, 0, 0), at_most(2, 3)),
    ('L1.4', 'm.read', (), at_least(1, 0)),
    ('L1.4', 'm.read', (1, 0, 0), at_most(2, 3)),
    ('L1.4', 'm.write', (), at_least(1, 0)),
    ('L1.4', 'm.write', ('x', 0, 0), at_most(2, 3)),
    ('L1.4', 'm.detach', (1,), NO_ARGUMENTS),
    ('L1.4', 's.V', (1,), NO_ARGUMENTS),
    ('L1.4', 's.P', (1,), NO_ARGUMENTS),
    ('L1.4', 's.Z', (1,), NO_ARGUMENTS),
] + [
    ('L1.4', name, args, exactly(1, len(args)))
    for name in (
        'shm.getshmid', 'shm.getsemid', 'shm.memory_haskey', 'shm.semaphore_haskey',
        'shm.memory', 'shm.semaphore', 'shm.remove_memory', 'shm.remove_semaphore',
        'm.setperm', 'm.setuid', 'm.setgid', 's.setperm', 's.setuid', 's.setgid',
        's.setblocking', 's.setundo', 's.setval')
    for args in ((), (1, 1))
]

# Q34: keywords work; (rule, call, what it answers)
KEYWORDS = [
    ('Q34', lambda c: c.shm.getshmid(key=c.m.key), lambda c: c.m.shmid),
    ('Q34', lambda c: c.shm.getsemid(key=c.s.key), lambda c: c.s.semid),
    ('Q34', lambda c: c.shm.memory_haskey(key=c.m.key), lambda c: 1),
    ('Q34', lambda c: c.shm.semaphore_haskey(key=c.s.key), lambda c: 1),
    ('Q34', lambda c: c.shm.memory(id=c.m.shmid), lambda c: c.m),
    ('Q34', lambda c: c.shm.semaphore(id=c.s.semid), lambda c: c.s),
    ('Q34', lambda c: c.shm.ftok(path='/', id=3), lambda c: c.shm.ftok('/', 3)),
    ('Q34', lambda c: c.shm.ftok('/', id=3), lambda c: c.shm.ftok('/', 3)),
    ('Q34', lambda c: c.m.attach(address=0, how=0, readonly=False), lambda c: None),
    ('Q34', lambda c: c.m.write(data='hello', offset=2), lambda c: None),
    ('Q34', lambda c: c.m.read(nbytes=3, offset=4), lambda c: b'llo'),
    ('Q34', lambda c: c.m.read(3, offset=4), lambda c: b'llo'),
    ('Q34', lambda c: c.m.read(nbytes=3, offset=4, plain=True), lambda c: b'llo'),
    ('Q34', lambda c: c.m.setperm(perm=0o640), lambda c: None),
    ('Q34', lambda c: c.m.setuid(uid=c.m.uid), lambda c: None),
    ('Q34', lambda c: c.m.setgid(gid=c.m.gid), lambda c: None),
    ('Q34', lambda c: c.s.setperm(perm=0o640), lambda c: None),
    ('Q34', lambda c: c.s.setuid(uid=c.s.uid), lambda c: None),
    ('Q34', lambda c: c.s.setgid(gid=c.s.gid), lambda c: None),
    ('Q34', lambda c: c.s.setblocking(blocking=1), lambda c: None),
    ('Q34', lambda c: c.s.setundo(undo=0), lambda c: None),
    ('Q34', lambda c: c.s.setval(value=1), lambda c: None),
    ('Q34', lambda c: c.s.P(timeout=None), lambda c: None),
    ('Q34', lambda c: c.s.Z(timeout=0), lambda c: None),
]

# Q34: what is no call, whether by keyword or not: always a TypeError
WRONG_KEYWORDS = [
    ('Q34', lambda c: c.shm.getshmid(keys=1)),
    ('Q34', lambda c: c.shm.getshmid(1, key=1)),
    ('Q34', lambda c: c.shm.create_memory(key=c.key)),
    ('Q34', lambda c: c.shm.create_memory(size=64)),
    ('Q34', lambda c: c.shm.create_memory(c.key, 64, permissions=0o600)),
    ('Q34', lambda c: c.shm.create_semaphore(value=1)),
    ('Q34', lambda c: c.m.read(offset=0)),
    ('Q34', lambda c: c.m.read(1, NumberOfBytes=1)),
    ('Q34', lambda c: c.m.write(offset=0)),
    ('Q34', lambda c: c.m.detach(now=1)),
    ('Q34', lambda c: c.s.V(times=2)),
    ('Q34', lambda c: c.s.P(time=1)),
]

# ---------------------------------------------------------------- L1.5, L1.6: keys

# (rule, f(k) -> another way to write the key k, for k from 1 to 2**32 - 1)
SAME_KEY = [
    ('L1.5', lambda k: k),
    ('L1.5', lambda k: k + 2 ** 32),
    ('L1.5', lambda k: k - 2 ** 32),
    ('L1.5', lambda k: k + 2 ** 62),
    ('L1.5', lambda k: k - 2 ** 62),
    ('L1.5', lambda k: k + 0x7fffffff * 2 ** 32),
    ('L1.5', lambda k: k - 2 ** 63),
]

# (rule, key as passed, key as reported)
KEY_FOLDING = [
    ('L1.5', -1, 4294967295),
    ('L1.5', 2 ** 32 - 1, 4294967295),
    ('L1.5', 2 ** 63 - 1, 4294967295),
    ('L1.5', -2 ** 31, 2147483648),
    ('L1.5', 2 ** 31, 2147483648),
    ('L1.5', 2 ** 31 - 1, 2147483647),
    ('L1.5', 1, 1),
    ('L1.5', 2 ** 32 + 1, 1),
    ('L1.5', -2 ** 63 + 1, 1),
    ('L1.6', 1030, 1030),
    ('L1.6', 16783408, 16783408),
    ('L1.6', 2 ** 62 + 12345, 12345),
]

# L1.5: these fold to IPC_PRIVATE
PRIVATE_KEYS = [('L1.5', 0), ('L1.5', 2 ** 32), ('L1.5', -2 ** 32), ('L1.5', -2 ** 63),
                ('L1.5', 5 * 2 ** 32)]

# ---------------------------------------------------------------- L1.7: types

# (rule, expression, name of its type in Python 2); `int` on Python 3
RESULT_TYPES = [('L1.7', lambda c, n=n: getattr(c.shm, n), 'int') for _, n, _ in CONSTANTS] + [
    ('L1.7', lambda c: c.shm.getshmid(c.m.key), 'int'),
    ('L1.7', lambda c: c.shm.getsemid(c.s.key), 'int'),
    ('L1.7', lambda c: c.shm.ftok('/', 1), 'int'),
    ('L2.2.17', lambda c: c.shm.memory_haskey(c.m.key), 'int'),
    ('L2.2.17', lambda c: c.shm.semaphore_haskey(c.s.key), 'int'),
    ('L2.2.17', lambda c: c.shm.memory_haskey(0), 'int'),
] + [
    ('L1.7', lambda c, n=n: getattr(c.m, n), 'int')
    for n in ('nattch', 'perm', 'addr', 'attached')
] + [
    ('L1.7', lambda c, n=n: getattr(c.m, n), 'long')
    for n in ('key', 'size', 'shmid', 'uid', 'gid', 'cuid', 'cgid', 'cpid', 'lpid')
] + [
    ('L1.7', lambda c, n=n: getattr(c.s, n), 'int')
    for n in ('val', 'ncnt', 'zcnt', 'lpid', 'perm', 'blocking', 'undo')
] + [
    ('L1.7', lambda c, n=n: getattr(c.s, n), 'long')
    for n in ('key', 'semid', 'uid', 'gid', 'cuid', 'cgid')
]

# ---------------------------------------------------------------- limits of read and write

# On a segment of 100 bytes: (rule, nbytes, offset or None, text of the error or None)
READ_LIMIT_ROWS = [
    ('L3.3.10', 100, None, None),
    ('L3.3.10', 100, 0, None),
    ('L3.3.10', 1, 99, None),
    ('L3.3.10', 0, 100, None),
    ('L3.3.10', 0, None, None),
    ('L3.3.10', 101, None, READ_LIMIT),
    ('L3.3.10', 101, 0, READ_LIMIT),
    ('L3.3.10', 1, 100, READ_LIMITS),
    ('L3.3.10', 0, 101, READ_LIMITS),
    ('L3.3.10', 50, 51, READ_LIMITS),
    ('Q11', -1, None, READ_LIMIT),
    ('Q11', -1, 0, READ_LIMIT),
    ('Q11', -1, 1, READ_LIMITS),
    ('Q11', -1, 50, READ_LIMITS),
    ('Q11', 1, -1, READ_LIMITS),
    ('Q11', 0, -1, READ_LIMITS),
    ('Q11', 50, -10, READ_LIMITS),
    ('Q11', -50, 60, READ_LIMITS),
    ('Q11', -5, -5, READ_LIMITS),
    ('Q11', 2 ** 63 - 1, None, READ_LIMIT),
    ('Q11', 2 ** 63 - 1, 1, READ_LIMITS),
    ('Q11', 2 ** 63 - 1, 2 ** 63 - 1, READ_LIMITS),
    ('Q11', 1, 2 ** 63 - 1, READ_LIMITS),
    ('Q11', -2 ** 63, None, READ_LIMIT),
    ('Q11', -2 ** 63, -2 ** 63, READ_LIMITS),
    ('Q11', 10, -2 ** 63, READ_LIMITS),
]

# The same with the number of bytes written
WRITE_LIMIT_ROWS = [
    ('L3.3.15', 100, None, None),
    ('L3.3.15', 1, 99, None),
    ('L3.3.15', 0, 100, None),
    ('L3.3.15', 0, None, None),
    ('L3.3.15', 101, None, WRITE_LIMIT),
    ('L3.3.15', 101, 0, WRITE_LIMIT),
    ('L3.3.15', 1, 100, WRITE_LIMITS),
    ('L3.3.15', 0, 101, WRITE_LIMITS),
    ('L3.3.15', 100, 1, WRITE_LIMITS),
    ('Q11', 1, -1, WRITE_LIMITS),
    ('Q11', 0, -1, WRITE_LIMITS),
    ('Q11', 50, -10, WRITE_LIMITS),
    ('Q11', 1, 2 ** 63 - 1, WRITE_LIMITS),
    ('Q11', 1, -2 ** 63, WRITE_LIMITS),
]

# ---------------------------------------------------------------- what can be written


class Point(ctypes.Structure):
    """A structure as L3.3.14 and L9.3 have it."""

    _fields_ = [('x', ctypes.c_int), ('y', ctypes.c_int)]


def _array():
    import array
    return array.array('i', [1, 2, 3])


def _array_bytes():
    return _array().tostring() if hasattr(_array(), 'tostring') else _array().tobytes()


def _mmap():
    import mmap
    area = mmap.mmap(-1, 4096)
    area[:4] = b'mmap'
    return area


def _ctypes_array():
    return (ctypes.c_char * 4).from_buffer_copy(b'\x01\x00\xff\x02')


# (rule, what it is, f() -> data, f() -> the bytes then in the segment)
WRITABLE = [
    ('L3.3.14', 'str', lambda: 'text', lambda: b'text'),
    ('L3.3.14', 'str with NUL', lambda: 'a\0b\0', lambda: b'a\0b\0'),
    ('L3.3.14', 'unicode', lambda: u'text', lambda: b'text'),
    ('L3.3.14', 'bytes', lambda: b'\x00\xff\x80', lambda: b'\x00\xff\x80'),
    ('L3.3.14', 'array', _array, _array_bytes),
    ('L3.3.14', 'mmap', _mmap, lambda: b'mmap' + b'\0' * 4092),
    ('L3.3.14', 'ctypes structure', lambda: Point(1, -2), lambda: bytes(bytearray(Point(1, -2)))),
    ('L3.3.14', 'ctypes array', _ctypes_array, lambda: b'\x01\x00\xff\x02'),
    ('Q36', 'bytearray', lambda: bytearray(b'\x00\xff'), lambda: b'\x00\xff'),
    ('Q36', 'memoryview', lambda: memoryview(b'\x00\xff'), lambda: b'\x00\xff'),
    ('Q36', 'part of a memoryview', lambda: memoryview(b'abcd')[1:3], lambda: b'bc'),
]
if PY3:
    WRITABLE.append(('10.1', 'every Latin-1 character', lambda: ''.join(map(chr, range(256))),
                     lambda: bytes(bytearray(range(256)))))
else:
    WRITABLE.append(('L3.3.14', 'buffer', lambda: buffer('abcd', 1), lambda: b'bcd'))  # noqa: F821

NOT_WRITABLE_TEXT = 'argument 1 must be string or read-only buffer, not '

# (rule, argument, name of the type as the text ends)
NOT_WRITABLE = [
    ('L3.3.14', 5, 'int'),
    ('L3.3.14', None, 'None'),
    ('L3.3.14', 1.5, 'float'),
    ('L3.3.14', [1], 'list'),
    ('L3.3.14', (1,), 'tuple'),
    ('L3.3.14', {}, 'dict'),
]

# ---------------------------------------------------------------- 10.1: strings

# (method, string, arguments, result), as the `str` of Python 2.7 has it
TEXT_METHODS = [
    ('split', 'a b  c ', (), ['a', 'b', 'c']),
    ('split', 'a\x1cb\x85c\xa0d e', (), ['a\x1cb\x85c\xa0d', 'e']),
    ('split', 'a,b,c', (',',), ['a', 'b', 'c']),
    ('split', 'a,b,c', (',', 1), ['a', 'b,c']),
    ('split', 'one two three', (None, 1), ['one', 'two three']),
    ('split', 'x\0y\0', ('\0',), ['x', 'y', '']),
    ('split', 'x\xe9y', ('\xe9',), ['x', 'y']),
    ('rsplit', 'a,b,c', (',', 1), ['a,b', 'c']),
    ('rsplit', 'a b c', (), ['a', 'b', 'c']),
    ('rsplit', 'a b c', (None, 1), ['a b', 'c']),
    ('strip', '  END \t\r\n\x0b\x0c', (), 'END'),
    ('strip', '\xa0END\x85', (), '\xa0END\x85'),
    ('strip', 'xxENDxy', ('xy',), 'END'),
    ('strip', ' END ', (None,), 'END'),
    ('strip', '\xe9END\xe9', ('\xe9',), 'END'),
    ('lstrip', '  a ', (), 'a '),
    ('lstrip', 'xxa', ('x',), 'a'),
    ('rstrip', ' a  ', (), ' a'),
    ('rstrip', 'a\0\0', ('\0',), 'a'),
    ('startswith', 'SIMPLE = T', ('SIMPLE',), True),
    ('startswith', 'SIMPLE = T', ('END',), False),
    ('startswith', 'SIMPLE = T', (('END', 'SIM'),), True),
    ('startswith', 'SIMPLE = T', (('END', 'XYZ'),), False),
    ('startswith', 'SIMPLE', ('PLE', 3), True),
    ('startswith', 'SIMPLE', ('IM', 1, 2), False),
    ('startswith', '\xe9t\xe9', ('\xe9',), True),
    ('endswith', 'a.fits', ('.fits',), True),
    ('endswith', 'a.fits', ('.txt',), False),
    ('endswith', 'a.fits', (('.txt', '.fits'),), True),
    ('endswith', 'a.fits', ('a', 0, 1), True),
    ('find', 'abcabc', ('c',), 2),
    ('find', 'abcabc', ('c', 3), 5),
    ('find', 'abcabc', ('c', 3, 5), -1),
    ('find', 'abcabc', ('',), 0),
    ('find', 'ab\xe9', ('\xe9',), 2),
    ('rfind', 'abcabc', ('c',), 5),
    ('rfind', 'abcabc', ('c', 0, 5), 2),
    ('rfind', 'abcabc', ('x',), -1),
    ('index', 'abcabc', ('bc',), 1),
    ('index', 'abcabc', ('bc', 2), 4),
    ('rindex', 'abcabc', ('bc',), 4),
    ('rindex', 'abcabc', ('bc', 0, 4), 1),
    ('count', 'banana', ('an',), 2),
    ('count', 'banana', ('a', 2), 2),
    ('count', 'banana', ('a', 2, 4), 1),
    ('replace', 'a-b-c', ('-', '+'), 'a+b+c'),
    ('replace', 'a-b-c', ('-', '+', 1), 'a+b-c'),
    ('replace', 'a\0b', ('\0', ''), 'ab'),
    ('replace', 'a-b', ('-', '\xe9'), 'a\xe9b'),
    ('partition', 'key=value=x', ('=',), ('key', '=', 'value=x')),
    ('partition', 'key', ('=',), ('key', '', '')),
    ('rpartition', 'key=value=x', ('=',), ('key=value', '=', 'x')),
    ('rpartition', 'key', ('=',), ('', '', 'key')),
    ('ljust', 'ab', (5,), 'ab   '),
    ('ljust', 'ab', (5, '.'), 'ab...'),
    ('ljust', 'abcdef', (5,), 'abcdef'),
    ('rjust', 'ab', (5,), '   ab'),
    ('rjust', 'ab', (5, '\xe9'), '\xe9\xe9\xe9ab'),
    ('center', 'ab', (6,), '  ab  '),
    ('center', 'ab', (6, '*'), '**ab**'),
    ('zfill', '42', (5,), '00042'),
    ('zfill', '-42', (5,), '-0042'),
    ('upper', 'abC\xe9', (), 'ABC\xe9'),
    ('lower', 'ABc\xc9', (), 'abc\xc9'),
    ('splitlines', 'a\nb\r\nc\rd', (), ['a', 'b', 'c', 'd']),
    ('splitlines', 'a\nb\n', (True,), ['a\n', 'b\n']),
    ('splitlines', 'a\x0bb\x0cc\x1cd\x85e\nf', (), ['a\x0bb\x0cc\x1cd\x85e', 'f']),
]

# 10.1: the methods that a string has to have
TEXT_METHOD_NAMES = (
    'split rsplit strip lstrip rstrip startswith endswith find rfind index rindex count replace'
    ' partition rpartition ljust rjust center zfill upper lower splitlines').split()

# (left, right): the left one is less
TEXT_ORDER = [
    ('', 'a'), ('a', 'b'), ('a', 'aa'), ('abc', 'abd'), ('Z', 'a'), ('9', 'A'),
    ('z', '\xe9'), ('\xe9', '\xff'), ('\x00', '\x01'), ('a\x00', 'a\x01'),
]

# (format, string, result)
TEXT_FORMATS = [
    ('%s', 'abc', 'abc'), ('<%5s>', 'abc', '<  abc>'), ('<%-5s>', 'abc', '<abc  >'),
    ('%.2s', 'abc', 'ab'), ('%s', '\xe9', '\xe9'), ('%s', '', ''),
]
TEXT_NEW_FORMATS = [
    ('{0}', 'abc', 'abc'), ('{0:>5}', 'abc', '  abc'), ('{0:<5}|', 'abc', 'abc  |'),
    ('{0:*^7}', 'abc', '**abc**'), ('{0:.2}', 'abc', 'ab'), ('{0!s:>4}', 'abc', ' abc'),
    ('{0}', '\xe9', '\xe9'),
]
