"""What crosses between a candidate and its checker: values of a closed set of types, one JSON line each.

None, bool, int, float, str and list are JSON's own; the others are an object with one key, which is the type. Whatever is none of these
stays where it is and goes by number ("h"): the other side can call it, iterate over it and read its attributes, but it equals nothing.
No code, no pickle: reading a line makes plain values or fails."""
import collections
import collections.abc
import datetime
import decimal
import fractions
import hashlib
import json
import marshal

_PLAIN = frozenset((type(None), bool, int, float, str))
_BUILTIN_TYPES = {t.__name__: t for t in (int, float, str, bool, list, tuple, set, dict, complex, bytes, type(None))}


class NotAValue(Exception):
    pass


def encode(value, keep):
    """JSON for `value`; `keep(object)` is the number of an object that stays."""
    kind = type(value)
    if kind in _PLAIN:
        return {"i": hex(value)} if kind is int and value.bit_length() > 4096 else value
    if kind is list:
        return [v if type(v) in _PLAIN and type(v) is not int else encode(v, keep) for v in value]
    if kind is tuple:
        return {"t": [encode(v, keep) for v in value]}
    if kind is dict:
        return {"d": [[encode(k, keep), encode(v, keep)] for k, v in value.items()]}
    if kind is set:
        return {"s": [encode(v, keep) for v in value]}
    if kind is frozenset:
        return {"z": [encode(v, keep) for v in value]}
    if kind is complex:
        return {"c": [value.real, value.imag]}
    if kind is bytes:
        return {"b": value.hex()}
    if kind is bytearray:
        return {"B": value.hex()}
    if kind is range:
        return {"r": [value.start, value.stop, value.step]}
    if kind is collections.deque:
        return {"q": [encode(v, keep) for v in value]}
    if kind is fractions.Fraction:
        return {"f": [encode(value.numerator, keep), encode(value.denominator, keep)]}
    if kind is decimal.Decimal:
        return {"D": str(value)}
    if kind is datetime.datetime and value.tzinfo is None:
        return {"w": value.isoformat()}
    if kind is datetime.date:
        return {"y": value.isoformat()}
    if kind is datetime.timedelta:
        return {"u": [value.days, value.seconds, value.microseconds]}
    if kind is type and _BUILTIN_TYPES.get(value.__name__) is value:
        return {"T": value.__name__}
    if isinstance(value, collections.abc.KeysView):
        return {"s": [encode(v, keep) for v in value]}
    # Kinds of the known types: named tuples, counters, enumerations of numbers, numpy's scalars.
    for base in (bool, int, float, complex, str, bytes):
        if isinstance(value, base):
            return encode(base(value) if base is not str else str.__str__(value), keep)
    for base in (tuple, list, set, frozenset, dict):
        if isinstance(value, base):
            return encode(base(value), keep)
    if kind.__module__ == "numpy" and hasattr(value, "item") and not hasattr(value, "__len__"):
        return encode(value.item(), keep)
    return {"h": [keep(value), kind.__name__]}


def _integer(text):
    if not isinstance(text, str) or len(text) > 10_000_000:
        raise NotAValue("an integer")
    return int(text, 16)


def reader(handle):
    """A function from a line to its value; `handle(number, name)` is what stands for an object that stayed behind."""
    makers = {
        "i": _integer,
        "t": tuple,
        "d": lambda pairs: {k: v for k, v in pairs},
        "s": set,
        "z": frozenset,
        "c": lambda v: complex(*v),
        "b": bytes.fromhex,
        "B": bytearray.fromhex,
        "r": lambda v: range(*v),
        "q": collections.deque,
        "f": lambda v: fractions.Fraction(*v),
        "D": decimal.Decimal,
        "w": datetime.datetime.fromisoformat,
        "y": datetime.date.fromisoformat,
        "u": lambda v: datetime.timedelta(*v),
        "T": _BUILTIN_TYPES.__getitem__,
        "h": lambda v: handle(*v),
    }

    class Raw(dict):
        """An object of the protocol's own: two keys and more, or one that is no type."""

    def make(found):
        if len(found) == 1:
            for key, value in found.items():
                if key in makers:
                    return makers[key](value)
        return Raw(found)

    decoder = json.JSONDecoder(object_hook=make)

    def read(line):
        try:
            value, end = decoder.raw_decode(line)
        except RecursionError:
            raise NotAValue("nested too deeply") from None
        except Exception as fault:
            raise NotAValue("%s: %s" % (type(fault).__name__, str(fault)[:100])) from None
        if line[end:].strip():
            raise NotAValue("more than a value")
        return value

    return read, Raw


# A value with more parts, or whose line is longer, goes as a SHA-256 first: where that is the expected one's, the value has been told as well.
MANY = 1 << 12
LARGE = 1 << 16


def digest_of(value, line):
    """None for a value that is small; `line()` is its line. Equal values of the same types have the same digest, but for sets' and dicts'."""
    kind = type(value)
    if kind is str and len(value) > LARGE:
        return hashlib.sha256(b"str" + value.encode("utf-8", "surrogatepass")).hexdigest()
    if kind in (list, tuple) and len(value) > MANY:
        state = hashlib.sha256(kind.__name__.encode())
        try:
            # Version 0 writes each part in full: what else points at it makes no difference.
            for at in range(0, len(value), MANY):
                state.update(marshal.dumps(value[at:at + MANY], 0))
            return state.hexdigest()
        except ValueError:
            pass  # a part of another type
    data = line()
    return hashlib.sha256(data).hexdigest() if len(data) > LARGE else None


def line_of(message):
    """One line with its end."""
    return (json.dumps(message) + "\n").encode()
