"""Runs steps one after the other and reports each as a JSON line on stdout, which the Go test turns into subtests."""

import asyncio
import json
import sys
import time
import traceback

# How long one thing may take to happen, in seconds; the machine may be busy with other suites.
PATIENCE = 30

_steps = []


def step(name):
    """Adds a step, an async function. Steps run in the order of their definition, those after a failed one, too."""

    def add(run):
        _steps.append((name, run))
        return run

    return add


async def run_steps():
    """Runs every step and returns the number of failures. Without the first there is nothing to try."""
    _report(plan=[name for name, _ in _steps])
    failures = 0
    for index, (name, run) in enumerate(_steps):
        started = time.monotonic()
        error = None
        try:
            await run()
        except Exception:
            failures += 1
            error = traceback.format_exc()
        _report(step=name, ok=error is None, ms=int((time.monotonic() - started) * 1000), error=error or "")
        if error and index == 0:
            break
    return failures


def equal(what, got, want):
    """Fails the step unless both are the same."""
    if got != want:
        raise AssertionError(f"{what}: got {got!r}, expected {want!r}")


def true(what, got):
    """Fails the step unless what was seen is so."""
    if not got:
        raise AssertionError(f"{what}: {got!r}")


def upcoming(client, event, check=None):
    """The next event that matches. Call it before the action that causes the event, await it after."""

    async def wait():
        try:
            return await client.wait_for(event, check=check, timeout=PATIENCE)
        except asyncio.TimeoutError:
            raise AssertionError(f"expected the event {event}, none that matches came within {PATIENCE} s") from None

    task = asyncio.ensure_future(wait())
    task.add_done_callback(lambda t: t.cancelled() or t.exception())  # if the action throws first, nobody awaits this
    return task


def _report(**line):
    print(json.dumps(line), flush=True, file=sys.stdout)
