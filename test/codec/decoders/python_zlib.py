"""zlib-stream as discord.py reads it."""

import zlib

from lines import each_message

each_message(zlib.decompressobj().decompress)
