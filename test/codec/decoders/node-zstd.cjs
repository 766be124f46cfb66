// zstd-stream by the decoder that is part of Node.js from 22.15 on.
'use strict';
const zlib = require('node:zlib');
const { eachMessage, pushed } = require('./lines.cjs');

if (!zlib.createZstdDecompress) {
  console.error(`Node.js ${process.version} has no zstd`);
  process.exit(3);
}
eachMessage(pushed(zlib.createZstdDecompress()));
