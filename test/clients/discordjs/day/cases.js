import assert from 'node:assert/strict';
import { AttachmentBuilder, AuditLogEvent, RESTJSONErrorCodes, WebhookClient } from 'discord.js';
import { step, upcoming } from '../harness.js';

export function define(context) {
  const { client, world, friend } = context;
  const { id: guildId, general, busy } = world.guilds[0];
  const guild = () => client.guilds.cache.get(guildId);

  step('a thread for the case', async () => {
    const channel = client.channels.cache.get(general);
    const created = upcoming(client, 'threadCreate', thread => thread.id === context.report);
    const report = await channel.messages.fetch(context.report);
    const thread = await report.startThread({ name: 'Case 1', autoArchiveDuration: 60 });
    assert.equal(thread.id, report.id);
    await created;
    const read = friend.sees('MESSAGE_CREATE', ({ content }) => content === 'what do you say?');
    await thread.members.add(friend.id);
    await thread.send('what do you say?');
    await read;
    const said = upcoming(client, 'messageCreate', ({ content }) => content === 'it did not even turn');
    await friend.send(thread.id, 'it did not even turn');
    assert.equal((await said)[0].channel.id, thread.id);
    await thread.setLocked(true);
    await thread.setArchived(true);
    await assert.rejects(friend.send(thread.id, 'and another thing'));
    const { threads } = await channel.threads.fetchArchived();
    assert.deepEqual([...threads.keys()], [thread.id]);
  });

  step('a webhook for the log', async () => {
    const hook = await client.channels.cache.get(busy).createWebhook({ name: 'Case log' });
    const read = friend.sees('MESSAGE_CREATE', ({ content }) => content === 'case 1 is closed');
    const sent = await hook.send({ content: 'case 1 is closed', username: 'The Clerk', embeds: [{ title: 'Nonsense' }] });
    const message = await read;
    assert.deepEqual([message.id, message.webhook_id, message.author.username, message.embeds.length], [sent.id, hook.id, 'The Clerk', 1]);
    const changed = friend.sees('MESSAGE_UPDATE', ({ id, content }) => id === sent.id && content === 'case 1 is closed for good');
    await hook.editMessage(sent, 'case 1 is closed for good');
    await changed;
    await hook.delete();
    const leftover = new WebhookClient({ id: hook.id, token: hook.token }, { rest: { api: `${world.base}/api` } });
    await assert.rejects(leftover.send('from beyond'), { code: RESTJSONErrorCodes.UnknownWebhook });
  });

  step('upload and download a file', async () => {
    const evidence = Buffer.from(Array.from({ length: 1 << 16 }, (_, i) => i & 255));
    const sent = await client.channels.cache.get(busy).send({
      content: 'the evidence',
      files: [new AttachmentBuilder(evidence, { name: 'wheel.bin', description: 'a wheel' })],
    });
    const attachment = sent.attachments.first();
    assert.deepEqual([attachment.name, attachment.size, attachment.description], ['wheel.bin', evidence.length, 'a wheel']);
    const answer = await fetch(attachment.url);
    assert.equal(answer.status, 200);
    assert.ok(evidence.equals(Buffer.from(await answer.arrayBuffer())), 'the bytes come back');
  });

  step('ban with a reason', async () => {
    const { id: visitorId } = world.visitor;
    const reason = 'sells perpetuum mobiles';
    const banned = upcoming(client, 'guildBanAdd', ({ user }) => user.id === visitorId);
    const removed = upcoming(client, 'guildMemberRemove', ({ id }) => id === visitorId);
    const logged = upcoming(client, 'guildAuditLogEntryCreate', ({ action, targetId }) =>
      action === AuditLogEvent.MemberBanAdd && targetId === visitorId);
    await guild().members.ban(visitorId, { reason, deleteMessageSeconds: 60 });
    await Promise.all([banned, removed]);
    assert.equal((await logged)[0].reason, reason);
    assert.equal((await guild().bans.fetch(visitorId)).reason, reason);
    const { entries } = await guild().fetchAuditLogs({ type: AuditLogEvent.MemberBanAdd, user: client.user, limit: 10 });
    assert.deepEqual(entries.map(entry => [entry.target.id, entry.executor.id, entry.reason]), [[visitorId, client.user.id, reason]]);
    const pardoned = upcoming(client, 'guildBanRemove', ({ user }) => user.id === visitorId);
    await guild().bans.remove(visitorId, 'promised to stop');
    await pardoned;
  });
}
