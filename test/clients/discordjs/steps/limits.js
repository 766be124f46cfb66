import assert from 'node:assert/strict';
import { RESTEvents } from 'discord.js';
import { collect, step } from '../harness.js';

export function define({ client, world, bot }) {
  const { busy } = world.guilds[0];
  const path = `/channels/${busy}/messages`;

  step('rate limit', async () => {
    const channel = client.channels.cache.get(busy);
    const limited = collect(client.rest, RESTEvents.RateLimited, () => true);

    // A flood through the library, which reads the headers and spreads it out by itself.
    const flood = await Promise.all(Array.from({ length: 12 }, (_, i) => channel.send(`flood ${i}`)));
    assert.equal(new Set(flood.map(({ id }) => id)).size, 12);
    assert.ok(limited.seen.length > 0, 'twelve messages at once reach the limit of a channel');

    // Behind its back the bucket is used up with the same token: now its request is answered with 429.
    for (let attempt = 0; ; attempt++) {
      assert.ok(attempt < 5, 'a request of the library was never limited after the bucket had been used up');
      limited.seen.length = 0;
      for (let i = 0; ; i++) {
        assert.ok(i < 100, '100 messages in a row passed without a 429');
        const answer = await bot.raw('POST', path, { content: `behind its back ${i}` });
        const body = await answer.json();
        if (answer.status === 429) {
          assert.ok(body.retry_after > 0, `retry_after in ${JSON.stringify(body)}`);
          assert.equal(body.global, false);
          assert.ok(Number(answer.headers.get('retry-after')) > 0, 'Retry-After header');
          assert.ok(answer.headers.has('via'), 'Via header');
          break;
        }
        assert.equal(answer.status, 200, JSON.stringify(body));
      }
      const patient = await channel.send('patience');
      assert.equal(patient.content, 'patience');
      if (limited.seen.length > 0) break;
    }
    limited.stop();
  });
}
