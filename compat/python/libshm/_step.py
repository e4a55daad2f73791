"""One array's part of an update by a Python function, the same for both layouts."""

import numpy as np


def _private(result, new):
    """The result as an array that nobody else has."""
    fresh = result.astype(new.dtype, copy=False).reshape(new.shape)
    owned = isinstance(fresh, np.ndarray) and fresh.base is None and fresh.flags.owndata
    if fresh is new or not owned or not fresh.flags.c_contiguous or type(fresh) is not np.ndarray:
        fresh = np.array(fresh, dtype=new.dtype, order="C", copy=True, subok=False)
    return fresh


def compute(function, new, old, name):
    """What function(new, old) gives, in the type and shape of ``new``; ``old`` has both.

    The array that is returned is private to the caller.
    """
    try:
        result = function(new, old)
    except ValueError as error:
        if not old.flags.writeable and "read-only" in str(error):
            raise ValueError(
                "array %r: the old values are a read-only view of shared memory; a function that "
                "changes them in place needs update_arrays(..., copy_old=True)" % (name,)
            )
        raise
    if result.size != new.size:
        raise ValueError(
            "array %r: the update function gave %d elements, %d were expected"
            % (name, result.size, new.size)
        )
    return _private(result, new)
