"""What goes over the pipe between the marker and a sandboxed child: JSON and .npy, never pickle.

A frame is a length, a JSON header and the `.npy` bytes of the arrays it mentions. Both sides use
this file: the child loads it by its path, since it has no `utils`. The marker treats every frame as
hostile: lengths are limited before anything is allocated, only plain number arrays are accepted,
and whatever does not parse raises `BadFrame`, which is a wrong answer and nothing worse.
"""

import functools
import io
import json
import math
import os
import re
import select
import struct
import time

import numpy as np

HEADER_LIMIT = 1 << 20
BODY_LIMIT = 64 << 20
DEPTH_LIMIT = 6
LEAF_LIMIT = 2000
TEXT_LIMIT = 2000
NUMBERS = "?bhilqBHILQefdFD"  # dtype characters: bool, integers, floats, complex

_LENGTHS = struct.Struct(">4sIQ")
_MAGIC = b"CE01"
_NPY = re.compile(
    rb"\{'descr': '([<>|][a-zA-Z]\d{1,2})', 'fortran_order': False, "
    rb"'shape': \(((?:\d{1,19}, ){0,32}(?:\d{1,19},?)?)\), \} *\n"
)


class BadFrame(Exception):
    """The bytes are not a frame."""


class Closed(Exception):
    """The other side closed the pipe."""


class TimedOut(Exception):
    """Nothing whole arrived in time."""


class TooLarge(Exception):
    """The value does not fit into a frame."""


class Foreign:
    """Stands for a value that is neither a number, an array nor a list of them."""

    def __init__(self, name):
        self.name = name

    def __repr__(self):
        return f"<{self.name}>"


# --- values to trees and back ---------------------------------------------------------------------


def pack(value):
    """A value as (tree, blobs): a JSON tree whose arrays are numbers of `.npy` blobs."""
    blobs, budget = [], [LEAF_LIMIT, BODY_LIMIT]
    return _pack(value, blobs, budget, 0), blobs


def _blob(array, blobs, budget):
    if array.dtype.char not in NUMBERS:
        return None
    budget[1] -= array.nbytes + 256
    if budget[1] < 0:
        raise TooLarge(f"the answer holds {array.nbytes / 1e6:.0f} MB; {BODY_LIMIT >> 20} MB fit")
    plain = np.array(array, order="C", subok=False)
    blobs.append(_npy_head(plain.dtype.str, plain.shape) + plain.tobytes())
    return len(blobs) - 1


@functools.lru_cache(maxsize=512)
def _npy_head(descr, shape):
    """Everything of a `.npy` before its numbers, as NumPy writes it."""
    stream = io.BytesIO()
    header = {"descr": descr, "fortran_order": False, "shape": shape}
    np.lib.format.write_array_header_1_0(stream, header)
    return stream.getvalue()


def _pack(value, blobs, budget, depth):
    budget[0] -= 1
    if budget[0] < 0 or depth > DEPTH_LIMIT:
        return {"t": "other", "name": "a long or deep list"}
    kind = type(value)
    if value is None:
        return {"t": "none"}
    if kind is bool:
        return {"t": "bool", "v": value}
    if kind is int:
        if value.bit_length() > 64:
            return {"t": "other", "name": "an integer of more than 64 bits"}
        return {"t": "int", "v": str(value)}
    if kind is float:
        return {"t": "float", "v": value.hex()}
    if kind is str:
        return {"t": "str", "v": value[:TEXT_LIMIT]}
    if kind in (list, tuple):
        if len(value) > budget[0]:
            return {"t": "other", "name": f"a {kind.__name__} of {len(value)} items"}
        items = [_pack(item, blobs, budget, depth + 1) for item in value]
        return {"t": kind.__name__, "v": items}
    if kind is dict and all(type(key) is str for key in value) and len(value) < 100:
        return {
            "t": "dict",
            "v": {key[:200]: _pack(item, blobs, budget, depth + 1) for key, item in value.items()},
        }
    if issubclass(kind, (np.ndarray, np.generic)):
        if value.nbytes > budget[1]:
            raise TooLarge(f"the answer holds {value.nbytes / 1e6:.0f} MB")
        base = np.array(value, subok=False)
        index = _blob(base, blobs, budget)
        if index is None:
            return {"t": "other", "name": f"an array of dtype {base.dtype}"[:80]}
        tree = {"t": "scalar" if issubclass(kind, np.generic) else "array", "i": index}
        if issubclass(kind, np.ndarray) and kind is not np.ndarray:
            tree["sub"] = kind.__name__[:80]
        return tree
    if kind.__module__.partition(".")[0] == "torch" and hasattr(value, "detach"):
        return _pack_tensor(value, blobs, budget)
    return {"t": "other", "name": f"{kind.__module__}.{kind.__qualname__}"[:80]}


def _pack_tensor(value, blobs, budget):
    if value.nelement() * value.element_size() > budget[1]:
        raise TooLarge(f"the answer is a tensor of {value.nelement()} numbers")
    plain = value.detach().resolve_conj().resolve_neg().cpu()
    name = str(plain.dtype).removeprefix("torch.")
    if name == "bfloat16":
        plain = plain.float()
    index = _blob(plain.numpy(), blobs, budget)
    if index is None:
        return {"t": "other", "name": f"a tensor of dtype {name}"}
    return {"t": "tensor", "i": index, "dtype": name, "grad": bool(value.requires_grad)}


def unpack(tree, blobs):
    """The value of a tree; arrays are fresh, plain and writable."""
    return _unpack(tree, blobs, [LEAF_LIMIT], 0)


def _unpack(tree, blobs, budget, depth):
    budget[0] -= 1
    if type(tree) is not dict or budget[0] < 0 or depth > DEPTH_LIMIT + 1:
        raise BadFrame("not a value")
    kind, value = tree.get("t"), tree.get("v")
    if kind == "none":
        return None
    if kind == "bool" and type(value) is bool:
        return value
    if kind == "int" and type(value) is str and len(value) < 24:
        return int(value)
    if kind == "float" and type(value) is str and len(value) < 40:
        return float.fromhex(value)
    if kind == "str" and type(value) is str:
        return value[:TEXT_LIMIT]
    if kind in ("list", "tuple") and type(value) is list:
        items = [_unpack(item, blobs, budget, depth + 1) for item in value]
        return items if kind == "list" else tuple(items)
    if kind == "dict" and type(value) is dict:
        return {key: _unpack(item, blobs, budget, depth + 1) for key, item in value.items()}
    if kind == "other" and type(tree.get("name")) is str:
        return Foreign(tree["name"][:80])
    if kind in ("array", "scalar", "tensor"):
        index = tree.get("i")
        if type(index) is not int or not 0 <= index < len(blobs):
            raise BadFrame("no such array")
        array = read_npy(blobs[index])
        if kind == "tensor":
            return _tensor(array, tree)
        if type(tree.get("sub")) is str:
            return Foreign(f"{tree['sub'][:80]}, a kind of array")
        if kind == "scalar":
            if array.shape != ():
                raise BadFrame("a scalar has no shape")
            return array[()]
        return array
    raise BadFrame("not a value")


def _tensor(array, tree):
    import torch

    tensor = torch.from_numpy(array)
    if tree.get("dtype") == "bfloat16":  # sent as float32: NumPy has no such type
        tensor = tensor.to(torch.bfloat16)
    if tree.get("grad") is True and tensor.is_floating_point():
        tensor.requires_grad_(True)
    return tensor


def read_npy(blob):
    """The array in `.npy` bytes; the header must agree with the length before memory is taken.

    Only headers as `_npy_head` writes them are read: a strict pattern, and ten times as fast.
    """
    if blob[:8] != b"\x93NUMPY\x01\x00":
        raise BadFrame("not .npy 1.0")
    start = 10 + int.from_bytes(blob[8:10], "little")
    head = _NPY.fullmatch(blob, 10, start) if start <= min(len(blob), 2000) else None
    if head is None:
        raise BadFrame("not a plain array of numbers")
    try:
        dtype = np.dtype(head[1].decode())
        shape = tuple(int(size) for size in head[2].split(b",") if size.strip())
        if dtype.char not in NUMBERS:
            raise BadFrame("not a plain array of numbers")
        if len(shape) > 32 or math.prod(shape) * dtype.itemsize != len(blob) - start:
            raise BadFrame("shape and length differ")
        array = np.frombuffer(blob, dtype=dtype, offset=start).reshape(shape)
        return array.astype(dtype.newbyteorder("="), copy=True)
    except BadFrame:
        raise
    except Exception as error:
        raise BadFrame(f"not .npy: {type(error).__name__}") from None


# --- frames ---------------------------------------------------------------------------------------


def encode(header, blobs=()):
    """Header and blobs as the bytes of one frame."""
    text = json.dumps(dict(header, sizes=[len(blob) for blob in blobs])).encode()
    body = b"".join(blobs)
    if len(text) > HEADER_LIMIT or len(body) > BODY_LIMIT + HEADER_LIMIT:
        raise TooLarge("the frame is too large")
    return _LENGTHS.pack(_MAGIC, len(text), len(body)) + text + body


def _split(text, body):
    try:
        header = json.loads(text)
        sizes = header["sizes"]
        ok = type(header) is dict and type(sizes) is list and len(sizes) <= LEAF_LIMIT
        ok = ok and all(type(size) is int and size >= 0 for size in sizes)
        if not ok or sum(sizes) != len(body):
            raise BadFrame("sizes do not add up")
    except BadFrame:
        raise
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadFrame(f"header: {type(error).__name__}") from None
    blobs, start = [], 0
    for size in sizes:
        blobs.append(body[start : start + size])
        start += size
    return header, blobs


class Countdown:
    """Seconds left of an allowance. What lies between two looks counts for `most` at the most.

    A laptop that was shut, or a machine that stood still, uses up nobody's time.
    """

    def __init__(self, seconds, most=1.0):
        self._left, self._most, self._seen = seconds, most, time.monotonic()

    def left(self):
        now = time.monotonic()
        self._left -= min(now - self._seen, self._most)
        self._seen = now
        return self._left


def write(descriptor, data, timeout=None):
    """All of `data`; `Closed` if nobody reads any more, `TimedOut` if nobody reads in time."""
    view, countdown = memoryview(data), None if timeout is None else Countdown(timeout)
    while view:
        if countdown:
            _wait(descriptor, select.POLLOUT, countdown)
        try:
            view = view[os.write(descriptor, view[: 1 << 16] if countdown else view) :]
        except BlockingIOError:
            continue
        except OSError:
            raise Closed from None


def read(descriptor, timeout=None):
    """The next frame as (header, blobs)."""
    countdown = None if timeout is None else Countdown(timeout)
    magic, head, body = _LENGTHS.unpack(_exactly(descriptor, _LENGTHS.size, countdown))
    if magic != _MAGIC or head > HEADER_LIMIT or body > BODY_LIMIT + HEADER_LIMIT:
        raise BadFrame("not the beginning of a frame")
    return _split(_exactly(descriptor, head, countdown), _exactly(descriptor, body, countdown))


def _exactly(descriptor, size, countdown):
    parts = []
    while size:
        if countdown:
            _wait(descriptor, select.POLLIN, countdown)
        try:
            part = os.read(descriptor, min(size, 1 << 20))
        except BlockingIOError:
            continue
        except OSError:
            raise Closed from None
        if not part:
            raise Closed
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _wait(descriptor, event, countdown):
    """Return when the descriptor is ready (or hung up); `TimedOut` when no time is left."""
    poll = select.poll()
    poll.register(descriptor, event)
    while (left := countdown.left()) > 0:
        if poll.poll(min(left, 0.5) * 1000):
            return
    raise TimedOut
