"""The built-in updates of sets of arrays: given in place of a function, and callable as one."""

import numpy as np

_ADD, _AXPY, _BLEND, _SCALE, _MINIMUM, _MAXIMUM = 1, 2, 3, 4, 5, 6  # enum shm_update_op


class BuiltIn(object):
    """An update that runs in C, in one pass and without Python's lock.

    ``op`` and ``factor`` are those of shm_arrays_update(3). Called as ``update(new, old)`` it
    computes the same with numpy, in the type of ``new``.
    """

    def __init__(self, op, factor, text, function):
        self.op = op
        self.factor = float(factor)
        self._text = text
        self._function = function

    def __call__(self, new, old):
        return np.asarray(self._function(new, old, self.factor)).astype(
            old.dtype if new is None else new.dtype
        )

    def __repr__(self):
        return "SHMArrays." + self._text

    def __reduce__(self):
        return _again, (self.op, self.factor)


def axpy(alpha):
    """old + alpha * new, element by element."""
    return BuiltIn(_AXPY, alpha, "axpy(%r)" % alpha, lambda new, old, f: old + f * new)


def blend(w):
    """w * new + (1 - w) * old, element by element."""
    return BuiltIn(_BLEND, w, "blend(%r)" % w, lambda new, old, f: f * new + (1 - f) * old)


def scale(factor):
    """factor * old, element by element; takes no new values."""
    return BuiltIn(_SCALE, factor, "scale(%r)" % factor, lambda new, old, f: f * old)


def _sum(new, old, _):
    return new + old


def _least(new, old, _):
    return np.minimum(new, old)


def _greatest(new, old, _):
    return np.maximum(new, old)


add = BuiltIn(_ADD, 0, "add", _sum)
minimum = BuiltIn(_MINIMUM, 0, "minimum", _least)
maximum = BuiltIn(_MAXIMUM, 0, "maximum", _greatest)


def _again(op, factor):
    """What pickles are read with."""
    with_factor = {_AXPY: axpy, _BLEND: blend, _SCALE: scale}
    if op in with_factor:
        return with_factor[op](factor)
    return {_ADD: add, _MINIMUM: minimum, _MAXIMUM: maximum}[op]
