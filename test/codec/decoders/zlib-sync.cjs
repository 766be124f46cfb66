// zlib-stream as discord.js reads it with the module zlib-sync.
'use strict';
const zlib = require('zlib-sync');
const { eachMessage, hash } = require('./lines.cjs');

const inflate = new zlib.Inflate({ chunkSize: 65_535, to: '' });
eachMessage((message) => {
  inflate.push(message, zlib.Z_SYNC_FLUSH);
  if (inflate.err) throw new Error(`zlib-sync: ${inflate.err} ${inflate.msg}`);
  return hash(inflate.result);
});
