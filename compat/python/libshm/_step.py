"""One array's part of an update by a Python function, the same for both layouts."""

import numpy as np


def _is_private(result, new):
    """Whether the function has made just this array, as it will be returned."""
    return (
        type(result) is np.ndarray
        and result.base is None
        and result is not new
        and result.dtype == new.dtype
        and result.shape == new.shape
        and result.flags.c_contiguous
        and result.flags.owndata
    )


def _private(result, new):
    """The result as an array that nobody else has."""
    if _is_private(result, new):
        return result
    result = result.astype(new.dtype, copy=False).reshape(new.shape)
    return np.array(result, dtype=new.dtype, order="C", copy=True, subok=False)


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
