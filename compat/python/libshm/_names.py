"""Keys of dictionaries as names in a set of arrays, and back.

A set names an array by an integer of 64 bits or by a label of up to 255 bytes, which C programs
use as they are. Integers and most strings are themselves. Other keys are labels that begin with
"py:", followed by their repr; keys without a repr that can be read back are named by position.
Where numpy's type is none of the set's own, the label ends with a tab and that type.
"""

import ast

import numpy as np

_LONGEST = 255
_TEXT = type(u"")
_INTEGERS = (int, type(2**64), np.integer)


def _readable(key):
    """The repr of a key from which it can be made again, or None."""
    text = repr(key)
    try:
        again = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError if hasattr(ast, "unparse") else ValueError):
        return None
    return text if type(again) is type(key) and again == key else None


def _is_plain(text):
    return text and "\0" not in text and "\t" not in text and text[:3] not in ("py:", "py#")


def _as_text(key):
    """The characters of a string key, or None."""
    if isinstance(key, _TEXT):
        return key
    if isinstance(key, str):  # Python 2
        try:
            return key.decode("ascii")
        except UnicodeDecodeError:
            return None
    return None


def _base(key, position):
    """An integer or a text."""
    if isinstance(key, _INTEGERS) and not isinstance(key, bool) and -(2**63) <= key < 2**63:
        return int(key)
    text = _as_text(key)
    if text is not None and _is_plain(text):
        return text
    readable = _readable(key)
    return u"py#%d" % position if readable is None else u"py:" + readable


def encode(key, position, dtype=None):
    """The name of the array with this key at this position; an integer or bytes."""
    base = _base(key, position)
    if dtype is None:
        return base if isinstance(base, int) else base.encode("utf-8")
    if isinstance(base, int):
        base = u"py:%d" % base
    full = (u"%s\t%s" % (base, np.lib.format.dtype_to_descr(dtype))).encode("utf-8")
    return full if len(full) <= _LONGEST else base.encode("utf-8")


def without_dtype(name):
    """The name, an integer where the key is one: what tells whether two keys are the same."""
    if not isinstance(name, bytes):
        return name
    base = name.partition(b"\t")[0]
    try:
        return int(base[3:]) if base.startswith(b"py:") else base
    except ValueError:
        return base


def decode(name):
    """The key that a name stands for, and the type that its label tells, or None."""
    if not isinstance(name, bytes):
        return name, None
    base, _, descr = name.partition(b"\t")
    text = base.decode("utf-8", "replace")
    key = text
    if text.startswith("py:"):
        try:
            key = ast.literal_eval(text[3:])
        except (ValueError, SyntaxError):
            pass  # somebody else's label
    elif str is bytes and all(ord(c) < 128 for c in text):
        key = str(text)
    return key, _dtype(descr.decode("utf-8", "replace")) if descr else None


def _dtype(descr):
    """The type that a label tells. Others may have written it: then it is none."""
    try:
        value = ast.literal_eval(descr) if descr.startswith("[") else descr
        dtype = getattr(np.lib.format, "descr_to_dtype", np.dtype)(value)
    except (ValueError, SyntaxError, TypeError):
        return None
    return None if dtype.hasobject else dtype
