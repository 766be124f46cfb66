// Reads one base64 message a line from standard input, and writes what handle makes of each as a line.
'use strict';
const { createHash } = require('node:crypto');
const readline = require('node:readline');

exports.eachMessage = (handle) => {
  (async () => {
    for await (const line of readline.createInterface({ input: process.stdin })) {
      process.stdout.write((await handle(Buffer.from(line, 'base64'))) + '\n');
    }
  })().catch((error) => {
    console.error(error);
    process.exit(1);
  });
};

// hash is how a decompressed message is told.
exports.hash = (...chunks) => {
  const sum = createHash('sha256');
  for (const chunk of chunks) sum.update(chunk);
  return sum.digest('hex');
};

// pushed reads a stream of node:zlib message by message: what comes of a message has come when its write is done.
exports.pushed = (stream) => {
  let chunks = [];
  stream.on('data', (chunk) => chunks.push(chunk));
  return (message) =>
    new Promise((resolve, reject) => {
      stream.once('error', reject);
      stream.write(message, () => {
        stream.removeListener('error', reject);
        resolve(exports.hash(...chunks));
        chunks = [];
      });
    });
};
