"""Interface to System V shared memory IPC"""

# The extension of the package libshm is this module: importing either gives the same object.
import sys

import libshm._shm as _module

_module.__name__ = __name__
sys.modules[__name__] = _module
