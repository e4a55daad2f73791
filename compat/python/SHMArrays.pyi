from collections import OrderedDict
from typing import (
    Any, Callable, ContextManager, Dict, Hashable, Iterator, List, Literal, Mapping, NamedTuple,
    Optional, Sequence, Tuple, Union,
)

import numpy as np
import numpy.typing as npt

import shm_wrapper
from libshm._updates import (
    BuiltIn as BuiltIn,
    add as add,
    axpy as axpy,
    blend as blend,
    maximum as maximum,
    minimum as minimum,
    scale as scale,
)

_Array = npt.NDArray[Any]
_Name = Hashable
_Update = Union[Callable[[Any, Any], Any], BuiltIn]

class mem_objs(NamedTuple):
    memory_handle: shm_wrapper.SharedMemoryHandle
    semaphore_handle: shm_wrapper.SemaphoreHandle

class mem_keys(NamedTuple):
    memory_key: int
    semaphore_key: int

class var_spec(NamedTuple):
    size: int
    shape: Tuple[int, ...]
    dtype: np.dtype[Any]

class _Keys(List[mem_keys]):
    def __call__(self) -> List[Any]: ...

def partition_sizes(sizes: npt.ArrayLike, min_size: int = 20000) -> List[npt.NDArray[np.intp]]: ...
def split_dicts(
    param_dict: Mapping[Any, _Array], partitioning: Sequence[Sequence[int]]
) -> List[OrderedDict[Any, _Array]]: ...
def get_var_spec(array: _Array) -> var_spec: ...

class SHMArrays:
    axpy = staticmethod(axpy)
    blend = staticmethod(blend)
    scale = staticmethod(scale)
    add: BuiltIn
    minimum: BuiltIn
    maximum: BuiltIn
    specs: OrderedDict[Any, var_spec]
    store_dtype: np.dtype[Any]
    partitioning: List[npt.NDArray[np.intp]]
    total_size: int
    keys: _Keys
    timeout: Optional[float]
    def __init__(
        self,
        param_dict: Mapping[Any, _Array],
        keys: Optional[Sequence[Sequence[int]]] = None,
        store_dtype: Optional[npt.DTypeLike] = None,
        layout: Optional[Literal["native", "legacy"]] = None,
        permissions: Optional[int] = None,
        timeout: Optional[float] = None,
    ) -> None: ...
    @classmethod
    def attach(cls, root_key: int, timeout: Optional[float] = None) -> SHMArrays: ...
    @property
    def layout(self) -> Literal["native", "legacy"]: ...
    @property
    def root_key(self) -> int: ...
    @property
    def mmappings(self) -> List[mem_objs]: ...
    @property
    def closed(self) -> bool: ...
    def get_keys(self) -> List[mem_keys]: ...
    def versions(self) -> List[int]: ...
    def read_arrays(
        self, ignored: object = None, out: Optional[Mapping[Any, _Array]] = None
    ) -> OrderedDict[Any, _Array]: ...
    def write_arrays(self, d: Mapping[Any, _Array]) -> None: ...
    def update_arrays(
        self,
        d: Optional[Mapping[Any, _Array]],
        update_func: Optional[_Update] = None,
        copy_old: bool = False,
        out: Optional[Mapping[Any, _Array]] = None,
    ) -> OrderedDict[Any, _Array]: ...
    def add_updates(
        self, d: Mapping[Any, _Array], out: Optional[Mapping[Any, _Array]] = None
    ) -> OrderedDict[Any, _Array]: ...
    def view(self, *names: _Name) -> ContextManager[OrderedDict[Any, _Array]]: ...
    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __contains__(self, name: object) -> bool: ...
    def __getitem__(self, name: _Name) -> _Array: ...
    def __setitem__(self, name: _Name, value: npt.ArrayLike) -> None: ...
    def values(self) -> List[_Array]: ...
    def items(self) -> List[Tuple[Any, _Array]]: ...
    def close(self) -> None: ...
    def remove(self) -> None: ...
    def __enter__(self) -> SHMArrays: ...
    def __exit__(self, *unused: object) -> None: ...
    def arrays_to_bytes(self, d: Mapping[Any, _Array]) -> bytes: ...
    def bytes_to_arrays(
        self, data: bytes, specs: Mapping[Any, var_spec]
    ) -> OrderedDict[Any, _Array]: ...
