from typing import Literal

from shm import error as error

__version__: str

def backend() -> Literal["sysv", "posix"]: ...
