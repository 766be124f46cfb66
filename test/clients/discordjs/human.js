// The other side of the conversation: accounts that speak to the platform without any library.

import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';

/** Sends REST requests as one account, waiting out rate limits. */
export class Human {
  constructor(base, { id, username, authorization }) {
    Object.assign(this, { base, id, username, authorization });
  }

  async api(method, path, body) {
    for (;;) {
      const answer = await this.raw(method, path, body);
      if (answer.status === 429) {
        await sleep((await answer.json()).retry_after * 1000);
        continue;
      }
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${this.username}: ${method} ${path}: ${answer.status} ${text}`);
      return text ? JSON.parse(text) : undefined;
    }
  }

  /** One request, whatever the answer. */
  raw(method, path, body) {
    return fetch(`${this.base}/api/v10${path}`, {
      method,
      headers: { authorization: this.authorization, ...(body && { 'content-type': 'application/json' }) },
      body: body && JSON.stringify(body),
    });
  }

  send(channelId, content) {
    return this.api('POST', `/channels/${channelId}/messages`, { content });
  }
}

/** A bare gateway connection that emits each dispatch under its name. */
export class Socket extends EventEmitter {
  /** Connects, identifies with the given fields and resolves after READY. */
  static async open(gateway, identify) {
    const socket = new Socket();
    socket.ws = new WebSocket(`${gateway}/?v=10&encoding=json`);
    const ready = new Promise((resolve, reject) => {
      socket.once('READY', resolve);
      socket.ws.once('error', reject);
      socket.ws.once('close', (code, reason) => reject(new Error(`the gateway closed: ${code} ${reason}`)));
    });
    socket.ws.on('message', data => socket.handle(JSON.parse(data), identify));
    await ready;
    return socket;
  }

  handle({ op, d, s, t }, identify) {
    const enter = () =>
      this.send(2, { properties: { os: 'linux', browser: 'guildhall-suite', device: 'guildhall-suite' }, ...identify });
    if (op === 10) {
      this.beat = setInterval(() => this.send(1, this.sequence ?? null), d.heartbeat_interval);
      enter();
    }
    if (op === 9) setTimeout(enter, 5_000); // one identify every five seconds is allowed
    if (op === 0) {
      this.sequence = s;
      if (t === 'READY') this.session = d.session_id;
      this.emit(t, d);
    }
  }

  send(op, d) {
    this.ws.send(JSON.stringify({ op, d }));
  }

  /** Ends the session as a client that quits. */
  close() {
    clearInterval(this.beat);
    this.ws.close(1000);
  }
}
