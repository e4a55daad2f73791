from typing import Any, Iterator, List, Optional, SupportsIndex, Tuple, Union, overload

_Part = Union[str, bytes, bytearray, memoryview]

# What is inherited from bytes and takes str as well, returns Text, or yields str.
class Text(bytes):
    def __iter__(self) -> Iterator[str]: ...  # type: ignore[override]
    @overload  # type: ignore[override]
    def __getitem__(self, index: SupportsIndex) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Text: ...
    def __contains__(self, item: object) -> bool: ...
    def __add__(self, other: _Part) -> Text: ...  # type: ignore[override]
    def __radd__(self, other: _Part) -> Text: ...
    def split(self, sep: Optional[_Part] = None, maxsplit: SupportsIndex = -1) -> List[Text]: ...  # type: ignore[override]
    def rsplit(self, sep: Optional[_Part] = None, maxsplit: SupportsIndex = -1) -> List[Text]: ...  # type: ignore[override]
    def strip(self, chars: Optional[_Part] = None) -> Text: ...
    def lstrip(self, chars: Optional[_Part] = None) -> Text: ...
    def rstrip(self, chars: Optional[_Part] = None) -> Text: ...
    def startswith(self, prefix: Union[_Part, Tuple[_Part, ...]], *range: Any) -> bool: ...  # type: ignore[override]
    def endswith(self, suffix: Union[_Part, Tuple[_Part, ...]], *range: Any) -> bool: ...  # type: ignore[override]
    def find(self, sub: Union[_Part, SupportsIndex], *range: Any) -> int: ...  # type: ignore[override]
    def rfind(self, sub: Union[_Part, SupportsIndex], *range: Any) -> int: ...  # type: ignore[override]
    def index(self, sub: Union[_Part, SupportsIndex], *range: Any) -> int: ...  # type: ignore[override]
    def rindex(self, sub: Union[_Part, SupportsIndex], *range: Any) -> int: ...  # type: ignore[override]
    def count(self, sub: Union[_Part, SupportsIndex], *range: Any) -> int: ...  # type: ignore[override]
    def replace(self, old: _Part, new: _Part, count: SupportsIndex = -1) -> Text: ...  # type: ignore[override]
    def partition(self, sep: _Part) -> Tuple[Text, Text, Text]: ...  # type: ignore[override]
    def rpartition(self, sep: _Part) -> Tuple[Text, Text, Text]: ...  # type: ignore[override]
    def ljust(self, width: SupportsIndex, fillchar: _Part = b" ") -> Text: ...  # type: ignore[override]
    def rjust(self, width: SupportsIndex, fillchar: _Part = b" ") -> Text: ...  # type: ignore[override]
    def center(self, width: SupportsIndex, fillchar: _Part = b" ") -> Text: ...  # type: ignore[override]
    def zfill(self, width: SupportsIndex) -> Text: ...
    def upper(self) -> Text: ...
    def lower(self) -> Text: ...
    def splitlines(self, keepends: bool = False) -> List[Text]: ...  # type: ignore[override]
