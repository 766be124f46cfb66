import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { MessageType, Routes } from 'discord.js';
import { PATIENCE, step, upcoming } from '../harness.js';

export function define(context) {
  const { client, world, friend, owner } = context;
  const { id: guildId, general, busy } = world.guilds[0];

  step('run a poll', async () => {
    const channel = client.channels.cache.get(busy);
    const message = await channel.send({
      poll: { question: { text: 'Was it fair?' }, answers: [{ text: 'Yes' }, { text: 'No' }], duration: 1, allowMultiselect: false },
    });
    for (const voter of [friend, owner]) {
      const voted = upcoming(client, 'messagePollVoteAdd', (answer, userId) => answer.poll.message.id === message.id && userId === voter.id);
      await voter.vote(busy, message.id, '1');
      assert.equal((await voted)[0].id, 1);
    }
    const voters = await message.poll.answers.get(1).voters.fetch();
    assert.deepEqual([...voters.keys()].sort(), [friend.id, owner.id].sort());
    const told = upcoming(client, 'messageCreate', ({ type, reference }) => type === MessageType.PollResult && reference?.messageId === message.id);
    await message.poll.end();
    assert.equal((await told)[0].embeds.length, 1);
    const { poll } = await channel.messages.fetch({ message, force: true });
    assert.equal(poll.resultsFinalized, true);
    assert.deepEqual(poll.answers.map(({ id, voteCount }) => [id, voteCount]), [[1, 2], [2, 0]]);
  });

  // No event tells of the index, which follows behind.
  step('search', async () => {
    const query = new URLSearchParams({ content: 'nonsense', author_id: client.user.id, channel_id: general });
    const deadline = Date.now() + PATIENCE;
    for (;;) {
      const { messages } = await client.rest.get(`${Routes.guild(guildId)}/messages/search`, { query });
      if (messages?.length === 1 && messages[0][0].id === context.report) break;
      assert.ok(Date.now() < deadline, `the report is not found: ${JSON.stringify(messages)}`);
      await sleep(200);
    }
  });
}
