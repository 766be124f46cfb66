import assert from 'node:assert/strict';
import { EmbedBuilder, MessageType, Routes } from 'discord.js';
import { step, upcoming } from '../harness.js';

export function define({ client, world, friend }) {
  const { id: guildId, general, key } = world.guilds[0];
  const channel = () => client.channels.cache.get(general);
  const withId = id => message => message.id === id;
  const apiError = code => error => {
    assert.equal(error.code, code, `error code of: ${error}`);
    return true;
  };

  /** Has the friend write, and resolves to the library's message. */
  async function said(content) {
    const seen = upcoming(client, 'messageCreate', message => message.content === content);
    await friend.send(general, content);
    return (await seen)[0];
  }

  step('create a message', async () => {
    const seen = upcoming(client, 'messageCreate', message => message.content === 'good morning');
    const sent = await channel().send({ content: 'good morning', nonce: 'n-1' });
    const [event] = await seen;
    assert.equal(event.id, sent.id);
    assert.equal(event.nonce, 'n-1');
    assert.equal(event.author.id, client.user.id);
    assert.equal(event.guildId, guildId);

    const answer = await said('morning, bot – 안녕 👋');
    assert.equal(answer.author.id, friend.id);
    assert.equal(answer.author.username, friend.username);
    assert.equal(answer.author.bot, false);
    assert.equal(answer.member.id, friend.id);
    assert.equal(answer.type, MessageType.Default);
    assert.equal(answer.editedAt, null);

    const fetched = await channel().messages.fetch({ message: answer.id, force: true, cache: false });
    assert.equal(fetched.content, answer.content);
    const history = await channel().messages.fetch({ limit: 2, cache: false });
    assert.deepEqual([...history.keys()], [answer.id, sent.id], 'newest first');
    const later = await channel().messages.fetch({ after: sent.id, cache: false });
    assert.deepEqual([...later.keys()], [answer.id]);
  });

  step('edit a message', async () => {
    const own = await channel().send('first wording');
    let seen = upcoming(client, 'messageUpdate', (before, after) => after.id === own.id);
    const edited = await own.edit('second wording');
    assert.equal(edited.content, 'second wording');
    let [before, after] = await seen;
    assert.equal(before.content, 'first wording');
    assert.equal(after.content, 'second wording');
    assert.ok(after.editedTimestamp >= own.createdTimestamp, 'edited after it was made');

    const theirs = await said('a tpyo');
    seen = upcoming(client, 'messageUpdate', (_, after) => after.id === theirs.id);
    await friend.api('PATCH', `/channels/${general}/messages/${theirs.id}`, { content: 'a typo' });
    [before, after] = await seen;
    assert.equal(before.content, 'a tpyo');
    assert.equal(after.content, 'a typo');
    await assert.rejects(theirs.edit('words put into a mouth'), apiError(50005));
  });

  step('reply', async () => {
    const question = await said('are you there?');
    const seen = upcoming(client, 'messageCreate', message => message.content === 'I am');
    await question.reply('I am');
    const [reply] = await seen;
    assert.equal(reply.type, MessageType.Reply);
    assert.equal(reply.reference.messageId, question.id);
    assert.equal(reply.reference.channelId, general);
    assert.equal(reply.mentions.repliedUser?.id, friend.id);
    assert.equal(reply.mentions.users.has(friend.id), true, 'a reply pings its author');
    assert.equal((await reply.fetchReference()).content, 'are you there?');

    const quiet = await question.reply({ content: 'without a ping', allowedMentions: { repliedUser: false } });
    assert.equal(quiet.mentions.users.has(friend.id), false, 'replied_user: false does not ping');
  });

  step('delete a message', async () => {
    const own = await channel().send('not for long');
    let seen = upcoming(client, 'messageDelete', withId(own.id));
    await own.delete();
    await seen;
    assert.equal(channel().messages.cache.has(own.id), false);
    await assert.rejects(channel().messages.fetch({ message: own.id, force: true }), apiError(10008));

    const theirs = await said('oops');
    seen = upcoming(client, 'messageDelete', withId(theirs.id));
    await friend.api('DELETE', `/channels/${general}/messages/${theirs.id}`);
    const [gone] = await seen;
    assert.equal(gone.content, 'oops');
  });

  step('embeds', async () => {
    const embed = new EmbedBuilder()
      .setTitle('Minutes')
      .setURL('https://example.com/minutes')
      .setDescription('What was **said**')
      .setColor(0x336699)
      .setTimestamp(new Date('2024-02-29T12:00:00.000Z'))
      .setAuthor({ name: 'The clerk' })
      .setFooter({ text: 'Approved' })
      .addFields({ name: 'Present', value: 'Everyone', inline: true }, { name: 'Absent', value: 'Nobody' });
    const seen = upcoming(client, 'messageCreate', message => message.embeds.length === 1);
    const sent = await channel().send({ embeds: [embed] });
    for (const message of [sent, (await seen)[0], await channel().messages.fetch({ message: sent.id, force: true })]) {
      const [got] = message.embeds;
      assert.equal(got.data.type, 'rich');
      assert.equal(got.title, 'Minutes');
      assert.equal(got.url, 'https://example.com/minutes');
      assert.equal(got.description, 'What was **said**');
      assert.equal(got.color, 0x336699);
      assert.equal(new Date(got.timestamp).toISOString(), '2024-02-29T12:00:00.000Z');
      assert.equal(got.author.name, 'The clerk');
      assert.equal(got.footer.text, 'Approved');
      assert.deepEqual(got.fields.map(({ name, value, inline }) => [name, value, Boolean(inline)]),
        [['Present', 'Everyone', true], ['Absent', 'Nobody', false]]);
    }
    await assert.rejects(channel().send({ embeds: [{ description: 'x'.repeat(4097) }] }), apiError(50035));
  });

  step('mentions', async () => {
    const content = `<@${friend.id}> <@&${key}> @everyone`;
    for (const [allowedMentions, expected] of [
      [undefined, [true, true, true]],
      [{ parse: [] }, [false, false, false]],
      [{ parse: ['users'] }, [true, false, false]],
      [{ parse: ['everyone'], roles: [key] }, [false, true, true]],
    ]) {
      const nonce = `m-${JSON.stringify(expected).length}-${Math.random().toString(36).slice(2, 8)}`;
      const seen = upcoming(client, 'messageCreate', message => message.nonce === nonce);
      await channel().send({ content, allowedMentions, nonce });
      const [{ mentions }] = await seen;
      assert.deepEqual([mentions.users.has(friend.id), mentions.roles.has(key), mentions.everyone], expected,
        `user, role, everyone with allowed_mentions ${JSON.stringify(allowedMentions)}`);
    }
  });

  step('reactions', async () => {
    const message = await channel().send('vote');
    const path = `/channels/${general}/messages/${message.id}/reactions/${encodeURIComponent('👍')}/@me`;
    const here = reaction => reaction.message.id === message.id;

    let seen = upcoming(client, 'messageReactionAdd', (reaction, user) => here(reaction) && user.id === friend.id);
    await friend.api('PUT', path);
    const [reaction] = await seen;
    assert.equal(reaction.emoji.name, '👍');
    assert.equal(reaction.count, 1);

    seen = upcoming(client, 'messageReactionAdd', (reaction, user) => here(reaction) && user.id === client.user.id);
    await message.react('👍');
    assert.equal((await seen)[0].count, 2);
    assert.deepEqual([...(await reaction.users.fetch()).keys()].sort(), [friend.id, client.user.id].sort());
    const fetched = await channel().messages.fetch({ message: message.id, force: true, cache: false });
    assert.equal(fetched.reactions.cache.get('👍').me, true);

    seen = upcoming(client, 'messageReactionRemove', (reaction, user) => here(reaction) && user.id === client.user.id);
    await reaction.users.remove();
    await seen;
    seen = upcoming(client, 'messageReactionRemove', (reaction, user) => here(reaction) && user.id === friend.id);
    await friend.api('DELETE', path);
    await seen;
    // Read past the library, which keeps the count of a reaction that it took back itself.
    const { reactions = [] } = await client.rest.get(Routes.channelMessage(general, message.id));
    assert.deepEqual(reactions, [], 'the last one takes the reaction away');
  });
}
