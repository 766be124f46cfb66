"""Reads one base64 message a line from standard input, and writes the hash of what decompress makes of each."""

import base64
import hashlib
import sys


def each_message(decompress):
    for line in sys.stdin:
        print(hashlib.sha256(decompress(base64.b64decode(line))).hexdigest())
