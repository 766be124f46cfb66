// Runs steps one after the other and reports each as a JSON line on stdout, which the Go test turns into subtests.

import { inspect } from 'node:util';

/** How long one thing may take to happen, in milliseconds; the machine may be busy with other suites. */
export const PATIENCE = 30_000;

const steps = [];

/** Adds a step. Steps run in the order of their definition; those after a failed one still run unless it is vital. */
export function step(name, run, { vital = false } = {}) {
  steps.push({ name, run, vital });
}

/** Runs every step and resolves to the number of failures. */
export async function runSteps() {
  report({ plan: steps.map(({ name }) => name) });
  let failures = 0;
  for (const { name, run, vital } of steps) {
    const started = performance.now();
    try {
      await run();
      report({ step: name, ok: true, ms: Math.round(performance.now() - started) });
    } catch (error) {
      failures++;
      report({ step: name, ok: false, ms: Math.round(performance.now() - started), error: describe(error) });
      if (vital) break;
    }
  }
  return failures;
}

/**
 * Resolves to the arguments of the next event that matches. Call it before the action that causes the event, await it
 * after; when the event stays away, the error lists the ones of that name that came instead.
 */
export function upcoming(emitter, event, matches = () => true) {
  const promise = new Promise((resolve, reject) => {
    const others = [];
    const stop = () => {
      clearTimeout(timer);
      emitter.off(event, listener);
    };
    const listener = (...args) => {
      if (matches(...args)) {
        stop();
        resolve(args);
      } else {
        others.push(inspect(args.at(-1), { depth: 0, breakLength: Infinity }).slice(0, 200));
      }
    };
    const timer = setTimeout(() => {
      stop();
      const came = others.length ? `; ${others.length} others came, the last: ${others.slice(-3).join(' | ')}` : '';
      reject(new Error(`expected the event ${event} (${matches}), none within ${PATIENCE} ms${came}`));
    }, PATIENCE);
    emitter.on(event, listener);
  });
  promise.catch(() => {}); // if the action throws first, nobody awaits this
  return promise;
}

/** Collects the events that match until it is stopped. */
export function collect(emitter, event, matches) {
  const seen = [];
  const listener = (...args) => {
    if (matches(...args)) seen.push(args);
  };
  emitter.on(event, listener);
  return { seen, stop: () => emitter.off(event, listener) };
}

function describe(error) {
  if (!(error instanceof Error)) return inspect(error);
  const api = 'rawError' in error ? `\n${error.method} ${error.url}: ${error.status} ${JSON.stringify(error.rawError)}` : '';
  return `${error.stack}${api}`;
}

function report(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
