import assert from 'node:assert/strict';
import { ActivityType, ChannelType } from 'discord.js';
import { step, upcoming } from '../harness.js';
import { Socket } from '../human.js';

const ALL_INTENTS = 53608447;

export function define({ client, world, owner, friend, visitor }) {
  const { id: guildId, general } = world.guilds[0];
  const guild = () => client.guilds.cache.get(guildId);

  step('typing', async () => {
    const seen = upcoming(client, 'typingStart', ({ user }) => user.id === friend.id);
    await friend.api('POST', `/channels/${general}/typing`);
    const [typing] = await seen;
    assert.equal(typing.channel.id, general);
    assert.equal(typing.member.id, friend.id);

    const observer = await Socket.open(world.gateway, { token: world.observer.token, intents: ALL_INTENTS });
    try {
      const observed = upcoming(observer, 'TYPING_START', ({ user_id }) => user_id === world.bot.id);
      await guild().channels.cache.get(general).sendTyping();
      assert.equal((await observed)[0].channel_id, general);
    } finally {
      observer.close();
    }
  });

  step('presence', async () => {
    const of = (id, status) => (_, presence) => presence.userId === id && presence.status === status && presence.guild.id === guildId;
    let seen = upcoming(client, 'presenceUpdate', of(friend.id, 'dnd'));
    const device = await Socket.open(world.gateway, {
      token: world.friend.token,
      presence: { status: 'dnd', since: null, afk: false, activities: [{ name: 'chess', type: ActivityType.Playing }] },
    });
    try {
      assert.equal((await seen)[1].activities[0]?.name, 'chess');
      seen = upcoming(client, 'presenceUpdate', of(friend.id, 'idle'));
      device.send(3, { status: 'idle', since: null, afk: false, activities: [] });
      assert.deepEqual((await seen)[1].activities, []);
      assert.equal(guild().presences.cache.get(friend.id).status, 'idle');
      seen = upcoming(client, 'presenceUpdate', of(friend.id, 'offline'));
    } finally {
      device.close();
    }
    await seen;

    const observer = await Socket.open(world.gateway, { token: world.observer.token, intents: ALL_INTENTS });
    try {
      const observed = upcoming(observer, 'PRESENCE_UPDATE', ({ user, status }) => user.id === world.bot.id && status === 'idle');
      client.user.setPresence({ status: 'idle', activities: [{ name: 'the keys', type: ActivityType.Watching }] });
      const [{ activities }] = await observed;
      assert.deepEqual(activities.map(({ name, type }) => [name, type]), [['the keys', ActivityType.Watching]]);
    } finally {
      observer.close();
    }
  });

  step('member chunks', async () => {
    const { id, key } = world.guilds[1];
    const other = client.guilds.cache.get(id);
    const everyone = [world.owner.id, world.friend.id, world.bot.id, world.observer.id];
    const all = await other.members.fetch({ withPresences: true, time: 30_000 });
    assert.deepEqual([...all.keys()].sort(), everyone.sort());
    assert.equal(other.members.cache.get(world.friend.id).roles.cache.has(key), false);

    const found = await other.members.fetch({ query: friend.username.slice(0, -1), limit: 10, time: 30_000 });
    assert.deepEqual([...found.keys()], [friend.id]);
    const chosen = await other.members.fetch({ user: [world.owner.id, world.friend.id], time: 30_000 });
    assert.deepEqual([...chosen.keys()].sort(), [world.owner.id, world.friend.id].sort());
  });

  step('invites and members', async () => {
    let seen = upcoming(client, 'inviteCreate', invite => invite.channelId === general);
    const invite = await guild().invites.create(general, { maxAge: 3600, maxUses: 5, unique: true });
    assert.equal((await seen)[0].code, invite.code);
    assert.equal(invite.inviter.id, client.user.id);
    assert.equal((await client.fetchInvite(invite.code)).guild.id, guildId);

    seen = upcoming(client, 'guildMemberAdd', member => member.id === visitor.id);
    await visitor.api('POST', `/invites/${invite.code}`, {});
    assert.equal((await seen)[0].guild.memberCount, 5);
    const [listed] = (await guild().invites.fetch({ channelId: general, cache: false })).filter(i => i.code === invite.code).values();
    assert.equal(listed?.uses, 1);

    seen = upcoming(client, 'guildMemberUpdate', (_, member) => member.id === visitor.id && member.nickname === 'guest');
    await owner.api('PATCH', `/guilds/${guildId}/members/${visitor.id}`, { nick: 'guest' });
    await seen;

    seen = upcoming(client, 'inviteDelete', ({ code }) => code === invite.code);
    await invite.delete();
    await seen;
    await assert.rejects(client.fetchInvite(invite.code), { code: 10006 });

    seen = upcoming(client, 'guildMemberRemove', member => member.id === visitor.id);
    await visitor.api('DELETE', `/users/@me/guilds/${guildId}`);
    assert.equal((await seen)[0].guild.memberCount, 4);
  });

  step('direct messages', async () => {
    const user = await client.users.fetch(friend.id, { force: true });
    const dm = await user.createDM(true);
    assert.equal(dm.type, ChannelType.DM);
    await dm.send('psst');

    const opened = await friend.api('POST', '/users/@me/channels', { recipients: [world.bot.id] });
    assert.equal(opened.id, dm.id, 'both sides have the same channel');
    assert.deepEqual(opened.recipients.map(({ id }) => id), [world.bot.id]);
    const [message] = await friend.api('GET', `/channels/${dm.id}/messages`);
    assert.equal(message.content, 'psst');

    const seen = upcoming(client, 'messageCreate', m => m.channelId === dm.id && m.content === 'yes?');
    await friend.send(dm.id, 'yes?');
    const [answer] = await seen;
    assert.equal(answer.guildId, null);
    assert.equal(answer.author.id, friend.id);
    assert.equal(answer.channel.type, ChannelType.DM);
  });
}
