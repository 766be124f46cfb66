// zstd-stream by a decoder that is written in JavaScript and shares nothing with libzstd.
'use strict';
const { Decompress } = require('fzstd');
const { eachMessage, hash } = require('./lines.cjs');

let chunks = [];
const stream = new Decompress((chunk) => chunks.push(Buffer.from(chunk)));
eachMessage((message) => {
  stream.push(message);
  const sum = hash(...chunks);
  chunks = [];
  return sum;
});
