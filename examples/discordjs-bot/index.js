// Says "ping" when asked to play, and thanks whoever answers "pong".
// GUILDHALL_URL=http://127.0.0.1:8080 BOT_TOKEN=... npm start

import { Client, Events, GatewayIntentBits } from 'discord.js';

const client = new Client({
  intents: [GatewayIntentBits.Guilds, GatewayIntentBits.GuildMessages, GatewayIntentBits.MessageContent],
  rest: { api: `${process.env.GUILDHALL_URL}/api` }, // the one line that differs from a bot on Discord
});

client.once(Events.ClientReady, ({ user }) => console.log(`${user.username} is here`));

client.on(Events.MessageCreate, async message => {
  if (message.content === '!play') await message.channel.send('ping');
  if (message.content === 'pong') await message.reply(`well played, ${message.author}`);
});

await client.login(process.env.BOT_TOKEN);
