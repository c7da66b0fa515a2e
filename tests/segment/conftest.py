"""Networks in files, made out of the shipped ones."""

from importlib.resources import files

import pytest

from femurkit.segment.engines import engine


def bytes_of(name):
    return (files("femurkit.segment") / "weights" / f"{name}.onnx").read_bytes()


def told(key, value):
    """One more metadata entry, in the bytes that an .onnx may end in: protobuf merges them."""
    entry = b"".join(bytes([tag, len(t)]) + t.encode() for tag, t in ((10, key), (18, value)))
    return bytes([14 << 3 | 2, len(entry)]) + entry


@pytest.fixture
def fine_file(tmp_path):
    """Write the fine network to a file, with other metadata."""

    def write(**metadata):
        path = tmp_path / "model.onnx"
        data = bytes_of("fine")
        said = engine(data).said
        for key, value in metadata.items():  # in the place of what it says of that itself
            data = data.replace(told(key, said.get(key, "")), b"") + told(key, value)
        path.write_bytes(data)
        return path

    return write
