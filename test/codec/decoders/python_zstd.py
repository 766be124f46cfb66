"""zstd-stream as discord.py reads it: libzstd by the module zstandard, or by Python's own from 3.14 on."""

import sys

from lines import each_message

try:
    from compression.zstd import ZstdDecompressor

    decompress = ZstdDecompressor().decompress
except ImportError:
    try:
        from zstandard import ZstdDecompressor
    except ImportError:
        sys.exit(3)
    decompress = ZstdDecompressor().decompressobj().decompress

each_message(decompress)
