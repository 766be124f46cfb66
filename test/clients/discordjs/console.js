// A person's own client: it uses what applications offer, over REST, and sees in its gateway session what comes of it.

import { randomUUID } from 'node:crypto';
import { upcoming } from './harness.js';
import { Human, Socket } from './human.js';

/** Interaction types. https://discord.com/developers/docs/interactions/receiving-and-responding */
const BY_COMMAND = 2;
const BY_COMPONENT = 3;
const BY_MODAL = 5;

export class Console extends Human {
  /** Opens the gateway session of one of the world's people. */
  static async open(world, person) {
    const self = new Console(world.base, person);
    self.world = world;
    self.socket = await Socket.open(world.gateway, { token: person.token });
    return self;
  }

  /** Resolves to the data of the next event that matches. */
  async sees(event, matches) {
    const [data] = await upcoming(this.socket, event, matches);
    return data;
  }

  /** Invokes a command that the guild's index offers. */
  async command(name, options = []) {
    const { application_commands: all } = await this.api('GET', `/guilds/${this.world.guilds[0].id}/application-command-index`);
    const found = all.find(command => command.name === name && command.application_id === this.world.bot.application_id);
    if (!found) throw new Error(`the guild has no command ${name}`);
    return this.#interact(BY_COMMAND, { id: found.id, name, type: found.type, version: found.version, options });
  }

  /** Presses a button of a message. */
  click(messageId, customId) {
    return this.#interact(BY_COMPONENT, { component_type: 2, custom_id: customId }, messageId);
  }

  /** Answers the only question of a modal, a text. */
  submit(modal, field, value) {
    const components = [{ type: 1, components: [{ type: 4, custom_id: field, value }] }];
    return this.#interact(BY_MODAL, { id: modal.id, custom_id: modal.custom_id, components });
  }

  vote(channelId, messageId, ...answers) {
    return this.api('PUT', `/channels/${channelId}/polls/${messageId}/answers/@me`, { answer_ids: answers });
  }

  close() {
    this.socket.close();
  }

  /** Resolves when the interaction is on its way; answered and modal resolve when the application has answered so. */
  async #interact(type, data, message_id) {
    const nonce = randomUUID().slice(0, 25);
    const ours = notice => notice.nonce === nonce;
    const progress = { answered: this.sees('INTERACTION_SUCCESS', ours), modal: this.sees('INTERACTION_MODAL_CREATE', ours) };
    for (const promise of Object.values(progress)) promise.catch(() => {}); // only one of them comes
    const { guilds: [{ id: guild_id, general: channel_id }], bot } = this.world;
    await this.api('POST', '/interactions', {
      type, data, message_id, guild_id, channel_id, nonce,
      application_id: bot.application_id, session_id: this.socket.session,
    });
    return progress;
  }
}
