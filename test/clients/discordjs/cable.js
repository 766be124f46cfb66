// The network cable under the library: gateway connections run through a local TCP relay that can be cut. The library is
// unmodified and knows nothing of it; only Node's net.connect is told another port for WebSocket upgrades.

import { once } from 'node:events';
import net from 'node:net';

const connect = net.connect;
const pairs = new Set();
let waiting = []; // connections made while the cable is out
let plugged = true;

const relay = net.createServer({ pauseOnConnect: true }, socket => {
  if (plugged) join(socket);
  else waiting.push(socket);
});
let target;

/** Lays the cable to the gateway's address; call it before the library connects. */
export async function lay(gateway) {
  const { hostname, port } = new URL(gateway);
  target = { host: hostname, port: Number(port || 80) };
  relay.listen(0, '127.0.0.1');
  relay.unref();
  await once(relay, 'listening');
  net.connect = (options, ...rest) => {
    if (options?.headers?.Upgrade !== 'websocket') return connect(options, ...rest);
    return connect({ ...options, host: '127.0.0.1', port: relay.address().port }, ...rest);
  };
}

/** Drops every gateway connection without a close frame; new ones get no answer until plug(). */
export function cut() {
  plugged = false;
  for (const sockets of pairs) for (const socket of sockets) socket.resetAndDestroy();
}

/** Lets the waiting and all later connections through. */
export function plug() {
  plugged = true;
  for (const socket of waiting) join(socket);
  waiting = [];
}

/** The number of connections that run through the cable. */
export function connections() {
  return pairs.size;
}

function join(near) {
  const far = connect(target);
  const pair = [near, far];
  pairs.add(pair);
  for (const [socket, other] of [[near, far], [far, near]]) {
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => {
      pairs.delete(pair);
      other.destroy();
    });
  }
  near.pipe(far).pipe(near);
}
