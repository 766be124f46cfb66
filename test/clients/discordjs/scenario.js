// The scenario with discord.js: reads the world that the Go test has furnished (the file named by SCENARIO_WORLD), runs
// every step and exits with 1 if one failed.

import { readFile } from 'node:fs/promises';
import { Client, GatewayIntentBits, Partials } from 'discord.js';
import * as cable from './cable.js';
import { runSteps } from './harness.js';
import { Human } from './human.js';
import * as connection from './steps/connection.js';
import * as limits from './steps/limits.js';
import * as messages from './steps/messages.js';
import * as people from './steps/people.js';
import * as permissions from './steps/permissions.js';
import * as resume from './steps/resume.js';
import * as structure from './steps/structure.js';

const world = JSON.parse(await readFile(process.env.SCENARIO_WORLD, 'utf8'));
await cable.lay(world.gateway);

const client = new Client({
  intents: Object.values(GatewayIntentBits).filter(Number.isInteger),
  partials: [Partials.Channel],
  shards: [0, 1],
  shardCount: 2,
  rest: { api: `${world.base}/api` },
});
client.on('error', error => console.error('client error:', error));
client.on('shardError', error => console.error('shard error:', error));
client.on('warn', warning => console.error('warning:', warning));
if (process.env.DEBUG) client.on('debug', line => console.error(line));

const context = {
  client,
  world,
  wantsZlib: process.env.SCENARIO_ZLIB === '1',
  owner: new Human(world.base, world.owner),
  friend: new Human(world.base, world.friend),
  visitor: new Human(world.base, world.visitor),
  bot: new Human(world.base, world.bot),
};

connection.define(context);
messages.define(context);
permissions.define(context);
people.define(context);
resume.define(context);
limits.define(context);
structure.define(context);

const failures = await runSteps();
await client.destroy();
process.exit(failures ? 1 : 0);
