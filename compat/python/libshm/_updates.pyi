from typing import Any

class BuiltIn:
    op: int
    factor: float
    def __call__(self, new: Any, old: Any) -> Any: ...

def axpy(alpha: float) -> BuiltIn: ...
def blend(w: float) -> BuiltIn: ...
def scale(factor: float) -> BuiltIn: ...

add: BuiltIn
minimum: BuiltIn
maximum: BuiltIn
