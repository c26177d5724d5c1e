"""Data sets of the real ones' sizes, and a local server in the place of their mirrors."""
import contextlib
import gzip
import hashlib
import http.server
import struct
import threading
import zlib

import torch

FILES = [f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")]


def write_idx(path, magic, shape, payload):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack(f">{1 + len(shape)}I", magic, *shape) + payload)


def write_full_size(raw):
    """Write a set of the real one's sizes into the folder `raw`: image i is filled with i % 251, its label is i % 10."""
    for part, n in (("train", 60_000), ("t10k", 10_000)):
        pixels = (torch.arange(n) % 251).to(torch.uint8).repeat_interleave(784)
        write_idx(raw / f"{part}-images-idx3-ubyte", 2051, (n, 28, 28), pixels.numpy().tobytes())
        labels = (torch.arange(n) % 10).to(torch.uint8)
        write_idx(raw / f"{part}-labels-idx1-ubyte", 2049, (n,), labels.numpy().tobytes())


def checksums(raw):
    """The CRC-32 of each file in the folder `raw`, in the order of image_data.CRC32."""
    return [zlib.crc32((raw / name).read_bytes()) for name in FILES]


def pack(raw, folder):
    """Pack a set into `folder` as a mirror has it; return torchvision's `resources`, (file, MD5 sum) each."""
    folder.mkdir(parents=True, exist_ok=True)
    resources = []
    for name in FILES:
        packed = gzip.compress((raw / name).read_bytes(), compresslevel=1)
        (folder / f"{name}.gz").write_bytes(packed)
        resources.append((f"{name}.gz", hashlib.md5(packed).hexdigest()))
    return resources


@contextlib.contextmanager
def serving(handler):
    """A local web server whose requests are handled by that class, in silence; yields its address."""
    class Quiet(handler):
        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def mirror(folder):
    """A local server over `folder`, standing in for the data set's mirror."""
    class Files(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args, **options):
            super().__init__(*args, directory=str(folder), **options)

    return serving(Files)
