"""How much a deflated data set holds, before it is unpacked into memory."""

from __future__ import annotations

import struct
import zlib
from typing import IO

from pydicom.uid import DeflatedExplicitVRLittleEndian

PREAMBLE = 132
GROUP_LENGTH = b"\x02\x00\x00\x00UL\x04\x00"
CHUNK = 1 << 20


def inflates_beyond(stream: IO[bytes], limit: int) -> bool:
    """Whether a file in the deflated transfer syntax unpacks to more bytes than `limit`.

    stream: at its beginning, and there again afterwards. Nothing is kept of what is unpacked.
    """
    try:
        head = stream.read(PREAMBLE + 12)
        if head[PREAMBLE : PREAMBLE + 8] != GROUP_LENGTH:
            return False
        (length,) = struct.unpack("<I", head[PREAMBLE + 8 :])
        meta = stream.read(min(length, CHUNK))
        if DeflatedExplicitVRLittleEndian.encode() not in meta:
            return False
        unpack, total = zlib.decompressobj(-zlib.MAX_WBITS), 0
        while content := stream.read(CHUNK):
            while content and total <= limit:
                total += len(unpack.decompress(content, CHUNK))
                content = unpack.unconsumed_tail
            if total > limit:
                return True
        return False
    except zlib.error:  # not deflated after all, or damaged: its parser will say so
        return False
    finally:
        stream.seek(0)
