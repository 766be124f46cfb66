import assert from 'node:assert/strict';
import { PermissionFlagsBits, Routes, Status } from 'discord.js';
import { collect, step, upcoming } from '../harness.js';

export function define({ client, world, wantsZlib }) {
  step('connect to both shards', async () => {
    const urls = collect(client, 'debug', line => line.includes('Connecting to '));
    const ready = upcoming(client, 'clientReady');
    await client.login(world.bot.token);
    await ready;
    urls.stop();
    assert.equal(client.user.id, world.bot.id);
    assert.deepEqual([...client.ws.shards.keys()].sort(), [0, 1]);
    for (const shard of client.ws.shards.values()) assert.equal(Status[shard.status], 'Ready');
    assert.equal(urls.seen.length, 2, 'connections made');
    for (const [line] of urls.seen) {
      assert.equal(line.includes('compress=zlib-stream'), wantsZlib, `zlib-stream in: ${line}`);
    }
    const gateway = await client.rest.get(Routes.gatewayBot());
    assert.equal(gateway.shards, 2);
  }, { vital: true });

  step('guild and channel caches', async () => {
    assert.deepEqual([...client.guilds.cache.keys()].sort(), world.guilds.map(({ id }) => id).sort());
    for (const [shard, { id, name, general, readOnly, key }] of world.guilds.entries()) {
      const guild = client.guilds.cache.get(id);
      assert.equal(guild.available, true);
      assert.equal(guild.name, name);
      assert.equal(guild.shardId, shard);
      assert.equal(guild.ownerId, world.owner.id);
      assert.equal(guild.memberCount, 4, 'owner, friend and two bots');
      assert.equal(guild.roles.everyone.id, id);
      assert.equal(guild.roles.cache.get(key).name, 'keyholder');
      assert.equal(guild.channels.cache.get(general).name, 'talk');
      assert.equal(guild.members.me.id, world.bot.id);
      assert.ok(guild.members.me.roles.botRole, 'the bot has its managed role');
      const send = channel => guild.channels.cache.get(channel).permissionsFor(client.user).has(PermissionFlagsBits.SendMessages);
      assert.equal(send(general), true, 'may send in talk');
      assert.equal(send(readOnly), false, 'may not send in read-only');
    }
  });
}
