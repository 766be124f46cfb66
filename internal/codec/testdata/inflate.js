// Reads one base64 WebSocket message a line, inflates all as one zlib stream the way a Discord client does (a sync
// flush after each message), and writes what each message gave as a base64 line.
'use strict';
const zlib = require('node:zlib');
const readline = require('node:readline');

async function main() {
  const inflate = zlib.createInflate({ flush: zlib.constants.Z_SYNC_FLUSH });
  let chunks = [];
  inflate.on('data', (chunk) => chunks.push(chunk));
  for await (const line of readline.createInterface({ input: process.stdin })) {
    await new Promise((resolve, reject) => {
      inflate.once('error', reject);
      inflate.write(Buffer.from(line, 'base64'), () => {
        inflate.removeListener('error', reject);
        resolve();
      });
    });
    process.stdout.write(Buffer.concat(chunks).toString('base64') + '\n');
    chunks = [];
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
