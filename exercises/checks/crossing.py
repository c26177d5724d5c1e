"""What crosses between an answer and its check: tensors, numbers, texts and lists, as JSON's types."""
import base64

import numpy as np
import torch


class Refused(Exception):
    """Data that can't cross between an answer and its check."""


LARGEST = 2_000_000  # bytes of a tensor, letters of a text: more than any answer needs
DEEPEST, LONGEST = 20, 20_000  # lists in lists, and items of them all


def encode(value):
    """Turn tensors, arrays, numbers, strings, None, lists, tuples and dictionaries into JSON's types.

    Raises Refused, in words that follow "returned", for anything else.
    """
    return _encode(value, 0, [-1])  # the outermost list is no value in one


def _encode(value, depth, items):
    try:
        return _data(value, depth, items)
    except (Refused, KeyboardInterrupt):
        raise
    except BaseException as error:  # of a class that the answer wrote, or of a kind that PyTorch or NumPy can't read
        raise Refused(f"{kind_of(value)} that can't be read ({type(error).__name__}: {words(error)})") from None


def _data(value, depth, items):
    items[0] += 1
    if depth > DEEPEST:
        raise Refused(f"lists nested more than {DEEPEST} deep, or one that contains itself")
    if items[0] > LONGEST:
        raise Refused(f"more than {LONGEST:,} values in lists")
    if value is None or isinstance(value, bool | float):
        return value if value is None else bool(value) if isinstance(value, bool) else float.__float__(value)
    if isinstance(value, int):
        value = int.__int__(value)  # of a class of the answer's own, too
        if value.bit_length() > 64:
            raise Refused(f"a whole number of some {int(value.bit_length() * 0.30103) + 1} digits")
        return value
    if isinstance(value, str):
        value = str.__str__(value)
        if len(value) > LARGEST:
            raise Refused(f"a text of {len(value):,} letters, which is far too long")
        return value
    if isinstance(value, np.ndarray | np.generic):
        if isinstance(value, np.ma.MaskedArray):
            raise Refused("a masked array, not an ordinary one")
        if not (np.issubdtype(value.dtype, np.number) or value.dtype == bool):
            raise Refused(f"a NumPy array of {value.dtype.name.rstrip('0123456789')} instead of numbers")
        if value.size * value.itemsize > LARGEST:
            raise Refused(f"an array of shape {value.shape}, which is far too large")
        # a copy, with positive strides and this computer's order of bytes: PyTorch takes no other
        value = torch.from_numpy(np.array(value, dtype=value.dtype.newbyteorder("=")))
    if isinstance(value, torch.Tensor):
        return {"tensor": _encode_tensor(value)}
    if isinstance(value, list | tuple):
        return {type(value).__name__ if type(value) in (list, tuple) else "list": [_encode(item, depth + 1, items) for item in value]}
    if isinstance(value, dict):
        return {"dict": [[str(key), _encode(item, depth + 1, items)] for key, item in value.items()]}
    if isinstance(value, complex):
        raise Refused("a complex number")
    raise Refused(kind_of(value))


def _encode_tensor(value):
    """[dtype, shape, base64]; bfloat16, which NumPy does not know, as its bits."""
    value = value.detach()
    for strange, is_so in (("a tensor without values (device meta)", value.is_meta), ("a nested tensor", value.is_nested),
                           ("a sparse tensor", "sparse" in str(value.layout)),
                           (f"a tensor of layout {value.layout}", value.layout != torch.strided), ("a quantized tensor", value.is_quantized)):
        if is_so:
            raise Refused(f"{strange}, not an ordinary one")
    if value.numel() * value.element_size() > LARGEST:
        raise Refused(f"a tensor of shape {tuple(value.shape)}, which is far too large")
    value = value.cpu().resolve_conj().resolve_neg().contiguous()
    kind = str(value.dtype).removeprefix("torch.")
    array = value.view(torch.int16).numpy() if value.dtype == torch.bfloat16 else value.numpy()
    return [kind, list(value.shape), base64.b64encode(array.tobytes()).decode()]


def name_of(value):
    """The name of a value's class, also of one whose name can't be had."""
    try:
        return str(type(value).__name__)[:80]
    except BaseException:  # a class whose class is the answer's own
        return "object"


def kind_of(value):
    """What a value is, in words: "an int"."""
    name = name_of(value)
    return f"{'an' if name[:1].lower() in 'aeio' else 'a'} {name}"


def words(error):
    """What an exception says, at most 500 letters; also where saying it raises another."""
    try:
        text = "".join([str(error)])  # a plain one, whatever class it is of
    except BaseException as another:
        return f"(its text can't be had: {type(another).__name__})"
    return text if len(text) <= 500 else text[:499] + "…"


def decode(value):
    """The inverse of `encode`; tensors come back as fresh copies."""
    if not isinstance(value, dict):
        return value
    (kind, content), = value.items()
    if kind == "tensor":
        kind, shape, data = content
        array = np.frombuffer(base64.b64decode(data), dtype=np.dtype("int16" if kind == "bfloat16" else kind)).reshape(shape)
        tensor = torch.from_numpy(array.copy())
        return tensor.view(torch.bfloat16) if kind == "bfloat16" else tensor
    if kind == "dict":
        return {key: decode(item) for key, item in content}
    return {"list": list, "tuple": tuple}[kind](decode(item) for item in content)
