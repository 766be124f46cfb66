// zlib-stream as discord.js reads it without a module of its own.
'use strict';
const zlib = require('node:zlib');
const { eachMessage, pushed } = require('./lines.cjs');

eachMessage(pushed(zlib.createInflate({ chunkSize: 65_535, flush: zlib.constants.Z_SYNC_FLUSH })));
