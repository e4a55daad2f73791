"""What libshm/arrays.h says that the built-in update functions compute, element by element.

Integers are computed with Python's own, which have no end; the rest with numpy. Factors are such
that every product and sum is exact in double, or the type's own arithmetic decides.
"""


def expected(np, kind, factor, old, new):
    """The content after a built-in function of this kind."""
    if old.dtype.kind == 'b':
        return _of_bool(np, kind, factor, old, new)
    if kind in ('minimum', 'maximum'):
        return getattr(np, kind)(old, new)
    if old.dtype.kind in 'iu':
        return _of_integers(np, kind, factor, old, new)
    return _of_floats(np, kind, factor, old, new)


def _combine(kind, factor, old, new):
    if kind == 'add':
        return old + new
    if kind == 'axpy':
        return old + factor * new
    if kind == 'blend':
        return factor * new + (1 - factor) * old
    return factor * old


def _of_floats(np, kind, factor, old, new):
    """In the type itself; float16 in float, rounded once; a complex number in its two parts."""
    if old.dtype.kind == 'c':
        real = old.real.dtype
        parts = _of_floats(np, kind, factor, old.view(real), new.view(real))
        return parts.view(old.dtype)
    wide = np.dtype('f4') if old.dtype.char == 'e' else old.dtype
    with np.errstate(all='ignore'):
        result = _combine(kind, wide.type(factor), old.astype(wide), new.astype(wide))
        return result.astype(old.dtype)


def _of_integers(np, kind, factor, old, new):
    limits = np.iinfo(old.dtype)
    whole = float(factor).is_integer()
    values = [_combine(kind, int(factor) if whole else factor, a, b)
              for a, b in zip(old.ravel().tolist(), new.ravel().tolist())]
    if whole:
        values = [_wrap(v, limits) for v in values]
    else:
        values = [_cut(v, limits) for v in values]
    return np.array(values, dtype=old.dtype).reshape(old.shape)


def _wrap(value, limits):
    return (value - int(limits.min)) % (int(limits.max) - int(limits.min) + 1) + int(limits.min)


def _cut(value, limits):
    """Truncated towards zero, and the nearest value of the type; NaN is 0."""
    if value != value:
        return 0
    if value >= int(limits.max):
        return int(limits.max)
    return max(int(value), int(limits.min)) if value > int(limits.min) else int(limits.min)


def _of_bool(np, kind, factor, old, new):
    if kind in ('add', 'maximum'):
        return old | new
    if kind == 'minimum':
        return old & new
    return _combine(kind, factor, old.astype('f8'), new.astype('f8')) != 0
