"""Data files as bytes, written from their specifications, so that the readers are tested against something else than
Quern's own writers."""
import gzip
import io
import json
import struct
import zipfile

FORMATS = {"f4": "f", "f8": "d", "u1": "B", "i8": "q", "i4": "i", "u2": "H"}


def npy(code, shape, values, header=None):
    """NumPy's format 1.0; `header` replaces the one that code and shape make."""
    text = header or f"{{'descr': '{'|' if code == 'u1' else '<'}{code}', 'fortran_order': False, 'shape': {shape}, }}"
    text = text.encode().ljust(53) + b"\n"
    return (b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text +
            struct.pack(f"<{len(values)}{FORMATS[code]}", *values))


def npz(members, method=zipfile.ZIP_DEFLATED):
    """A zip archive of .npy members, which are given as bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name + ".npy", content)
    return file.getvalue()


def idx(shape, values):
    """Bytes in the format of the MNIST files."""
    return bytes([0, 0, 8, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + bytes(values)


def gz(content):
    return gzip.compress(content, mtime=0)


def safetensors(tensors):
    """NAME: (dtype, shape, bytes)."""
    header, data = {}, b""
    for name, (dtype, shape, content) in tensors.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def floats(*values):
    return struct.pack(f"<{len(values)}f", *values)


def flipped(content, at):
    """The bytes with one of them changed."""
    at %= len(content)
    return content[:at] + bytes([content[at] ^ 0x55]) + content[at + 1 :]
