"""Shared memory and semaphores as handles with properties, under keys chosen at random.

create_memory and create_semaphore make objects that stay until they are removed; their ``key`` is
what another process needs to make a handle of its own: SharedMemoryHandle(key),
SemaphoreHandle(key). Failures are ShmError, which is shm.error.
"""

import random
import sys
import weakref

import shm

ShmError = shm.error

_EEXIST = 17
_ERANGE = 34

# Keys must differ also between processes that were forked with one state of the global generator.
_generator = random.SystemRandom()


def _new_key():
    return _generator.randint(1, 2**32 - 1)


def _under_new_key(create):
    """What ``create`` makes of the first random key that is free."""
    while True:
        try:
            return create(_new_key())
        except ShmError as error:
            if error.errno != _EEXIST:
                raise


def _fill_byte(character):
    """One byte of what the segment is filled with; checked before there is a segment."""
    first = character[0:1]
    if not first:
        raise IndexError("InitCharacter is empty")
    if isinstance(first, (bytes, bytearray)):
        return bytes(first)
    return first.encode("ascii" if sys.version_info[0] < 3 else "latin-1")


def create_memory(size, permissions=0o666, InitCharacter=" "):
    """Makes a segment of ``size`` bytes, all of them the first character of InitCharacter.

    Returns a SharedMemoryHandle, attached.
    """
    fill = _fill_byte(InitCharacter)
    memory = _under_new_key(lambda key: shm.create_memory(key, size, permissions))
    try:
        handle = SharedMemoryHandle(memory.key)
        handle._attach()
        _fill(memory, fill)
        return handle
    except BaseException:
        shm.remove_memory(memory.shmid)
        raise


def _fill(memory, byte):
    """New memory is zero; the rest is written in pieces, not as one object of the same size."""
    if byte == b"\0":
        return
    size = memory.size
    piece = byte * min(size, 1 << 20)
    for offset in range(0, size, len(piece)):
        memory.write(piece[: size - offset], offset)


def remove_memory(key):
    """Removes the segment with this key; KeyError if there is none."""
    shm.remove_memory(shm.getshmid(key))


def create_semaphore(InitialValue=1, permissions=0o666):
    """Makes a semaphore with this value, 0 to 32767. Returns a SemaphoreHandle."""
    semaphore = _under_new_key(lambda key: shm.create_semaphore(key, InitialValue, permissions))
    return SemaphoreHandle(semaphore.key)


def remove_semaphore(key):
    """Removes the semaphore with this key; KeyError if there is none."""
    shm.remove_semaphore(shm.getsemid(key))


def _readonly(name, text):
    """A property that reads a member of the handle's object, and says so when it is assigned."""

    def get(handle):
        return getattr(handle._object(), name)

    def refuse(handle, value):
        raise AttributeError("this property can be read only: " + text)

    return property(get, refuse, doc=text)


def _readwrite(name, setter, text):
    def get(handle):
        return getattr(handle._object(), name)

    def assign(handle, value):
        getattr(handle._object(), setter)(value)

    return property(get, assign, doc=text)


class _Mapping(object):
    """What all handles of a segment have in common: the last one to go releases the mapping."""

    def __init__(self, memory):
        self._memory = memory

    def __del__(self):
        try:
            if self._memory.attached:
                self._memory.detach()
        except ShmError:
            _detach_removed(self._memory)


def _detach_removed(memory):
    """A removed segment answers nothing any more, but can be let go."""
    try:
        memory.detach()
    except ShmError:
        pass


_mappings = weakref.WeakValueDictionary()


def _mapping_of(memory):
    mapping = _mappings.get(memory.shmid)
    if mapping is None or mapping._memory is not memory:
        mapping = _mappings[memory.shmid] = _Mapping(memory)
    return mapping


class SharedMemoryHandle(object):
    """A handle of the segment with this key, which is attached by the first read or write.

    readonly=True attaches for reading only.
    """

    def __init__(self, key, readonly=False):
        self._MemoryHandle = shm.memory(shm.getshmid(key))
        self._mapping = _mapping_of(self._MemoryHandle)
        self._how = shm.SHM_RDONLY if readonly else 0

    def _object(self):
        return self._MemoryHandle

    def _attach(self):
        if not self._MemoryHandle.attached:
            self._MemoryHandle.attach(0, self._how)

    def read(self, NumberOfBytes=0, offset=0, plain=None):
        """A copy of these bytes; 0 or None: all from offset to the end."""
        self._attach()
        if not NumberOfBytes:
            # Past the end no number is right: one that is certainly wrong gets the error.
            NumberOfBytes = max(self._MemoryHandle.size - offset, 0) if offset >= 0 else 0
        return self._MemoryHandle.read(NumberOfBytes, offset, plain=plain)

    def write(self, s, offset=0):
        """Copies text or bytes into the segment."""
        self._attach()
        self._MemoryHandle.write(s, offset)

    def remove(self):
        """Detaches and removes the segment. The handle is of no use after that."""
        memory = self._MemoryHandle
        if memory is None:
            return
        try:
            shmid = memory.shmid
        finally:
            self._MemoryHandle = None
            self._mapping = None
            memory.detach()
        shm.remove_memory(shmid)

    key = _readonly("key", "the key")
    size = _readonly("size", "bytes")
    number_attached = _readonly("nattch", "attaches of all processes")
    creator_uid = _readonly("cuid", "user id of the creator")
    creator_gid = _readonly("cgid", "group id of the creator")
    creator_pid = _readonly("cpid", "process id of the creator")
    last_pid = _readonly("lpid", "process id of the last attach or detach")
    permissions = _readwrite("perm", "setperm", "the nine permission bits")
    uid = _readwrite("uid", "setuid", "user id of the owner")
    gid = _readwrite("gid", "setgid", "group id of the owner")


class SemaphoreHandle(object):
    """A handle of the semaphore with this key."""

    def __init__(self, key):
        self._SemaphoreHandle = shm.semaphore(shm.getsemid(key))

    def _object(self):
        return self._SemaphoreHandle

    def P(self, timeout=None):
        """Takes one, waiting while the value is 0; seconds, or None for no limit."""
        self._SemaphoreHandle.P(timeout=timeout)

    def V(self):
        """Gives one back."""
        self._SemaphoreHandle.V()

    def Z(self, timeout=None):
        """Waits until the value is 0; seconds, or None for no limit."""
        self._SemaphoreHandle.Z(timeout=timeout)

    def remove(self):
        """Removes the semaphore. The handle is of no use after that."""
        shm.remove_semaphore(self._SemaphoreHandle.semid)
        self._SemaphoreHandle = None

    key = _readonly("key", "the key")
    WaitingForNonZero = _readonly("ncnt", "calls that wait in P")
    WaitingForZero = _readonly("zcnt", "calls that wait in Z")
    creator_uid = _readonly("cuid", "user id of the creator")
    creator_gid = _readonly("cgid", "group id of the creator")
    last_pid = _readonly("lpid", "process id of the last operation")
    value = _readwrite("val", "setval", "the value")
    permissions = _readwrite("perm", "setperm", "the nine permission bits")
    blocking = _readwrite("blocking", "setblocking", "whether P and Z wait")
    undo = _readwrite("undo", "setundo", "whether P and V are undone when the process ends")
    uid = _readwrite("uid", "setuid", "user id of the owner")
    gid = _readwrite("gid", "setgid", "group id of the owner")
