import assert from 'node:assert/strict';
import { collect, step, upcoming } from '../harness.js';

export function define({ client, world, owner }) {
  const { id: guildId, general, readOnly, vault, key } = world.guilds[0];
  const role = `/guilds/${guildId}/members/${world.bot.id}/roles/${key}`;

  step('role opens and closes a private channel', async () => {
    const inVault = collect(client, 'messageCreate', message => message.channelId === vault);

    // What is said in the vault comes before the fence in the guild's order: once the fence is here, the other would be.
    async function hidden(content) {
      await owner.send(vault, content);
      const fence = upcoming(client, 'messageCreate', message => message.content === `after ${content}`);
      await owner.send(general, `after ${content}`);
      await fence;
      assert.deepEqual(inVault.seen.map(([message]) => message.content).filter(c => c === content), [],
        `${content} must not arrive`);
    }
    async function shown(content) {
      const seen = upcoming(client, 'messageCreate', message => message.channelId === vault && message.content === content);
      await owner.send(vault, content);
      await seen;
    }
    const read = () => client.rest.get(`/channels/${vault}/messages`);
    const has = (_, member) => member.id === world.bot.id;

    await hidden('before the role');
    await assert.rejects(read(), { code: 50001, status: 403 });

    let seen = upcoming(client, 'guildMemberUpdate', has);
    await owner.api('PUT', role);
    assert.equal((await seen)[1].roles.cache.has(key), true);
    await shown('with the role');
    assert.equal((await read())[0].content, 'with the role');

    seen = upcoming(client, 'guildMemberUpdate', has);
    await owner.api('DELETE', role);
    assert.equal((await seen)[1].roles.cache.has(key), false);
    await hidden('after the role');
    await assert.rejects(read(), { code: 50001, status: 403 });
    inVault.stop();
  });

  step('missing permission', async () => {
    const channel = client.channels.cache.get(readOnly);
    await assert.rejects(channel.send('may I?'), { code: 50013, status: 403 });
    const guild = client.guilds.cache.get(guildId);
    await assert.rejects(guild.roles.create({ name: 'crown' }), { code: 50013, status: 403 });
    await assert.rejects(guild.members.kick(world.friend.id), { code: 50013, status: 403 });
  });
}
