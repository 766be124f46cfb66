import assert from 'node:assert/strict';
import { ChannelType, PermissionFlagsBits } from 'discord.js';
import { step, upcoming } from '../harness.js';

export function define({ client, world, owner }) {
  const { id: guildId } = world.guilds[0];
  const guild = () => client.guilds.cache.get(guildId);

  step('channel, role and guild updates', async () => {
    let seen = upcoming(client, 'channelCreate', channel => channel.name === 'annex');
    const made = await owner.api('POST', `/guilds/${guildId}/channels`, { name: 'annex', type: ChannelType.GuildText });
    assert.equal((await seen)[0].id, made.id);
    const annex = () => guild().channels.cache.get(made.id);
    assert.equal(annex().name, 'annex');

    seen = upcoming(client, 'channelUpdate', (_, channel) => channel.id === made.id);
    await owner.api('PATCH', `/channels/${made.id}`, { name: 'east-wing', topic: 'mind the step' });
    const [before] = await seen;
    assert.equal(before.name, 'annex');
    assert.deepEqual([annex().name, annex().topic], ['east-wing', 'mind the step']);

    seen = upcoming(client, 'channelUpdate', (_, channel) => channel.id === made.id);
    await owner.api('PUT', `/channels/${made.id}/permissions/${guildId}`, { type: 0, allow: '0', deny: String(PermissionFlagsBits.SendMessages) });
    await seen;
    assert.equal(annex().permissionsFor(client.user).has(PermissionFlagsBits.SendMessages), false);

    seen = upcoming(client, 'channelDelete', channel => channel.id === made.id);
    await owner.api('DELETE', `/channels/${made.id}`);
    await seen;
    assert.equal(annex(), undefined);

    const own = await guild().channels.create({ name: 'workshop', topic: 'sawdust' });
    assert.equal(own.topic, 'sawdust');
    seen = upcoming(client, 'channelDelete', channel => channel.id === own.id);
    await own.delete();
    await seen;

    seen = upcoming(client, 'roleCreate', role => role.name === 'scribe');
    const { id: roleId } = await owner.api('POST', `/guilds/${guildId}/roles`, { name: 'scribe', color: 0x00ff00, hoist: true });
    assert.equal((await seen)[0].id, roleId);
    const scribe = () => guild().roles.cache.get(roleId);
    assert.deepEqual([scribe().color, scribe().hoist], [0x00ff00, true]);
    seen = upcoming(client, 'roleUpdate', (_, role) => role.id === roleId);
    await owner.api('PATCH', `/guilds/${guildId}/roles/${roleId}`, { name: 'archivist', permissions: String(PermissionFlagsBits.ManageMessages) });
    await seen;
    assert.equal(scribe().name, 'archivist');
    assert.equal(scribe().permissions.bitfield, PermissionFlagsBits.ManageMessages);
    seen = upcoming(client, 'roleDelete', role => role.id === roleId);
    await owner.api('DELETE', `/guilds/${guildId}/roles/${roleId}`);
    await seen;
    assert.equal(scribe(), undefined);

    seen = upcoming(client, 'guildUpdate', (_, after) => after.id === guildId);
    await owner.api('PATCH', `/guilds/${guildId}`, { name: 'The Hall' });
    assert.equal((await seen)[0].name, world.guilds[0].name);
    assert.equal(guild().name, 'The Hall');
  });

  step('joining and leaving a guild', async () => {
    const enter = async name => {
      const { id } = await owner.api('POST', '/guilds', { name });
      const seen = upcoming(client, 'guildCreate', joined => joined.id === id);
      const query = new URLSearchParams({ client_id: world.bot.application_id, scope: 'bot', permissions: '0' });
      await owner.api('POST', `/oauth2/authorize?${query}`, { guild_id: id, authorize: true, permissions: '0' });
      const [joined] = await seen;
      assert.equal(joined.name, name);
      assert.equal(joined.ownerId, owner.id);
      assert.equal(joined.shardId, Number((BigInt(id) >> 22n) % 2n));
      return id;
    };
    const gone = id => upcoming(client, 'guildDelete', left => left.id === id);

    let id = await enter('Deleted soon');
    let seen = gone(id);
    await owner.api('DELETE', `/guilds/${id}`);
    await seen;
    assert.equal(client.guilds.cache.has(id), false);

    id = await enter('Kicked soon');
    seen = gone(id);
    await owner.api('DELETE', `/guilds/${id}/members/${world.bot.id}`);
    await seen;
    await assert.rejects(client.rest.get(`/guilds/${id}`), error => [50001, 10004].includes(error.code));

    id = await enter('Left soon');
    seen = gone(id);
    await client.guilds.cache.get(id).leave();
    await seen;
    await owner.api('DELETE', `/guilds/${id}`);
  });
}
