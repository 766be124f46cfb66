// ETF by the module that discord.js, Eris and others take for it: unpacks each message, and packs it anew.
'use strict';
const erlpack = require('erlpack');
const { eachMessage } = require('./lines.cjs');

eachMessage((message) => {
  const value = erlpack.unpack(message);
  return JSON.stringify({ json: JSON.stringify(value), term: erlpack.pack(value).toString('base64') });
});
