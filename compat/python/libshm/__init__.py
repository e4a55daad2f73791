"""libshm: memory, semaphores and numeric arrays that processes share by integer key.

This package holds the library itself. It is used through the modules of the distribution
libshm-legacy, whose names and behaviour are those of shm 1.2.2 and its companions:

    shm          segments of memory and semaphores
    shm_wrapper  the same with keys chosen by the library, as handles with properties
    SHMArrays    dictionaries of numpy arrays that are updated atomically

``libshm.__version__`` is the version, ``libshm.backend()`` is "sysv" or "posix", what the library
stands on.
"""

from libshm import _shm

__version__ = _shm.version()
error = _shm.error


def backend():
    """What the library stands on: "sysv" (the kernel's System V IPC) or "posix" (user space)."""
    return _shm.backend()
