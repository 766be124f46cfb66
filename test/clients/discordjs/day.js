// A moderation bot's day with discord.js: reads the world that the Go test has furnished (the file named by
// SCENARIO_WORLD), does every step and exits with 1 if one failed.

import { readFile } from 'node:fs/promises';
import { Client, GatewayIntentBits } from 'discord.js';
import { Console } from './console.js';
import { runSteps } from './harness.js';
import * as cases from './day/cases.js';
import * as commands from './day/commands.js';
import * as evening from './day/evening.js';

const world = JSON.parse(await readFile(process.env.SCENARIO_WORLD, 'utf8'));

const client = new Client({
  intents: Object.values(GatewayIntentBits).filter(Number.isInteger),
  shards: [0, 1],
  shardCount: 2,
  rest: { api: `${world.base}/api` },
});
client.on('error', error => console.error('client error:', error));
client.on('shardError', error => console.error('shard error:', error));

const context = {
  client,
  world,
  friend: await Console.open(world, world.friend),
  owner: await Console.open(world, world.owner),
  report: undefined, // the message that answers the friend's command
};

commands.define(context);
cases.define(context);
evening.define(context);

const failures = await runSteps();
context.friend.close();
context.owner.close();
await client.destroy();
process.exit(failures ? 1 : 0);
