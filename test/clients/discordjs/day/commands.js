import assert from 'node:assert/strict';
import {
  ActionRowBuilder, ApplicationCommandOptionType, ButtonBuilder, ButtonStyle, MessageFlags, ModalBuilder, TextInputBuilder, TextInputStyle,
} from 'discord.js';
import { step, upcoming } from '../harness.js';

export function define(context) {
  const { client, world, friend, owner } = context;
  const { id: guildId } = world.guilds[0];
  const invoked = (is, by) =>
    upcoming(client, 'interactionCreate', interaction => interaction[is]() && interaction.user.id === by.id).then(([interaction]) => interaction);

  step('come to work', async () => {
    const ready = upcoming(client, 'clientReady');
    await client.login(world.bot.token);
    await ready;
    assert.equal(client.user.id, world.bot.id);
  }, { vital: true });

  step('register commands', async () => {
    const global = await client.application.commands.set([{ name: 'rules', description: 'The rules of this place' }]);
    assert.equal(global.size, 1);
    const { commands } = client.guilds.cache.get(guildId);
    const made = await commands.create({
      name: 'report',
      description: 'Tell the moderators of somebody',
      options: [
        { type: ApplicationCommandOptionType.User, name: 'who', description: 'Whom', required: true },
        { type: ApplicationCommandOptionType.String, name: 'why', description: 'What happened', maxLength: 100 },
      ],
    });
    assert.equal(made.guildId, guildId);
    const listed = await commands.fetch();
    assert.deepEqual([...listed.keys()], [made.id]);
    assert.ok(listed.first().equals(made), 'listed as it was made');
  });

  step('answer a command', async () => {
    let coming = invoked('isChatInputCommand', friend);
    let asked = await friend.command('report', [
      { type: ApplicationCommandOptionType.User, name: 'who', value: world.visitor.id },
      { type: ApplicationCommandOptionType.String, name: 'why', value: 'sells perpetuum mobiles' },
    ]);
    let interaction = await coming;
    assert.equal(interaction.commandName, 'report');
    assert.equal(interaction.options.getUser('who', true).username, world.visitor.username);
    assert.equal(interaction.options.getMember('who').id, world.visitor.id);
    assert.equal(interaction.options.getString('why'), 'sells perpetuum mobiles');
    const read = owner.sees('MESSAGE_CREATE', ({ content }) => content === 'reported: sells perpetuum mobiles');
    const { resource } = await interaction.reply({
      content: `reported: ${interaction.options.getString('why')}`,
      components: [new ActionRowBuilder().addComponents(
        new ButtonBuilder().setCustomId('decide').setLabel('Decide').setStyle(ButtonStyle.Danger),
        new ButtonBuilder().setCustomId('drop').setLabel('Drop').setStyle(ButtonStyle.Secondary),
      )],
      withResponse: true,
    });
    await asked.answered;
    const message = await read;
    assert.equal(message.id, resource.message.id);
    assert.equal(message.author.id, world.bot.id);
    assert.equal(message.interaction_metadata.user.id, friend.id);
    assert.equal((await interaction.fetchReply()).id, message.id);
    context.report = message.id;

    // A command that takes its time, of those that are everywhere.
    coming = invoked('isChatInputCommand', friend);
    asked = await friend.command('rules');
    interaction = await coming;
    await interaction.deferReply();
    await asked.answered;
    const changed = friend.sees('MESSAGE_UPDATE', ({ content }) => content === 'be kind');
    await interaction.editReply('be kind');
    await changed;
  });

  step('buttons and a modal', async () => {
    const { report } = context;
    let coming = invoked('isButton', owner);
    const clicked = await owner.click(report, 'decide');
    const button = await coming;
    assert.equal(button.customId, 'decide');
    assert.equal(button.message.id, report);
    await button.showModal(new ModalBuilder().setCustomId('decision').setTitle('Your decision').addComponents(
      new ActionRowBuilder().addComponents(
        new TextInputBuilder().setCustomId('verdict').setLabel('Verdict').setStyle(TextInputStyle.Paragraph).setMaxLength(200),
      ),
    ));
    const modal = await clicked.modal;
    assert.equal(modal.title, 'Your decision');

    coming = invoked('isModalSubmit', owner);
    const submitted = await owner.submit(modal, 'verdict', 'guilty of nonsense');
    const decision = await coming;
    assert.equal(decision.customId, 'decision');
    const changed = friend.sees('MESSAGE_UPDATE', ({ id, content }) => id === report && content === 'decided: guilty of nonsense');
    await decision.update({ content: `decided: ${decision.fields.getTextInputValue('verdict')}`, components: [] });
    await submitted.answered;
    await changed;

    const read = owner.sees('MESSAGE_CREATE', ({ content }) => content === 'only you see this');
    const whispered = await decision.followUp({ content: 'only you see this', flags: MessageFlags.Ephemeral });
    assert.ok((await read).flags & MessageFlags.Ephemeral);
    const gone = owner.sees('MESSAGE_DELETE', ({ id }) => id === whispered.id);
    await decision.deleteReply(whispered);
    await gone;
  });
}
