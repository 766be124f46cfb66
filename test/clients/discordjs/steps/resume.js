import assert from 'node:assert/strict';
import * as cable from '../cable.js';
import { collect, step, upcoming } from '../harness.js';

export function define({ client, world, owner, friend }) {
  step('resume without loss', async () => {
    assert.equal(cable.connections(), 2, 'both shards run through the cable');
    const prefix = `resume ${Date.now()} `;
    const mine = message => message.content?.startsWith(prefix);
    const arrived = collect(client, 'messageCreate', mine);
    const edits = collect(client, 'messageUpdate', (_, after) => mine(after));
    const deletes = collect(client, 'messageDelete', message => mine(message));
    const readies = collect(client, 'shardReady', () => true);
    const resumes = [0, 1].map(shard => upcoming(client, 'shardResume', id => id === shard));

    const expected = [[], []]; // contents, by guild: order holds within a guild
    const ids = [];
    async function talk(from, to) {
      for (let i = from; i < to; i++) {
        const content = `${prefix}${i}`;
        const sent = await [owner, friend][i % 2].send(world.guilds[(i >> 1) % 2].general, content);
        expected[(i >> 1) % 2].push(content);
        ids.push(sent);
      }
    }
    await talk(0, 4);
    cable.cut();
    await talk(4, 16);
    await owner.api('PATCH', `/channels/${ids[8].channel_id}/messages/${ids[8].id}`, { content: `${prefix}8, edited` });
    await owner.api('DELETE', `/channels/${ids[4].channel_id}/messages/${ids[4].id}`);
    cable.plug();
    await talk(16, 20);
    const replayed = (await Promise.all(resumes)).map(([, count]) => count);
    assert.ok(replayed.every(count => count >= 6), `each shard replays what it missed, at least 6 events: ${replayed}`);

    const fences = world.guilds.map(({ id }) => upcoming(client, 'messageCreate', m => m.guildId === id && m.content === 'fence'));
    for (const { general } of world.guilds) await owner.send(general, 'fence');
    await Promise.all(fences);
    for (const collector of [arrived, edits, deletes, readies]) collector.stop();

    const got = world.guilds.map(({ id }) => arrived.seen.map(([m]) => m).filter(m => m.guildId === id));
    // Content is what the cache holds now, so the edited one is known by its id.
    for (const shard of [0, 1]) {
      assert.deepEqual(got[shard].map(m => m.content.replace(', edited', '')), expected[shard], `messages on shard ${shard}, each once and in order`);
    }
    assert.deepEqual(edits.seen.map(([, after]) => after.content), [`${prefix}8, edited`]);
    assert.deepEqual(deletes.seen.map(([m]) => m.id), [ids[4].id]);
    assert.equal(readies.seen.length, 0, 'no shard had to identify anew');
  });
}
