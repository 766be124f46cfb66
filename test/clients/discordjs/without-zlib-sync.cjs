// Preloaded with --require, hides zlib-sync: discord.js turns transport compression on when it can load it.

const Module = require('node:module');

const resolve = Module._resolveFilename;
Module._resolveFilename = function (request, ...rest) {
  if (request === 'zlib-sync') throw Object.assign(new Error('hidden'), { code: 'MODULE_NOT_FOUND' });
  return resolve.call(this, request, ...rest);
};
