"""The other side of the conversation: accounts that speak to the platform without any library."""

import asyncio
import contextlib
import json

import aiohttp

from harness import PATIENCE


class Human:
    """Sends REST requests as one account, waiting out rate limits."""

    def __init__(self, http, base, account):
        self.http, self.base = http, base
        self.id, self.username, self.authorization = int(account["id"]), account["username"], account["authorization"]

    async def raw(self, method, path, body=None):
        """One request, whatever the answer: status, headers and what the body says."""
        headers = {"Authorization": self.authorization}
        async with self.http.request(method, f"{self.base}/api/v10{path}", headers=headers, json=body) as answer:
            text = await answer.text()
            return answer.status, answer.headers, json.loads(text) if text else None

    async def api(self, method, path, body=None):
        while True:
            status, _, answer = await self.raw(method, path, body)
            if status == 429:
                await asyncio.sleep(answer["retry_after"])
                continue
            if status > 299:
                raise AssertionError(f"{self.username}: {method} {path}: {status} {answer}")
            return answer

    async def send(self, channel, content):
        return await self.api("POST", f"/channels/{channel}/messages", {"content": content})


class Socket:
    """A bare gateway connection."""

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, http, gateway, identify):
        """Connects, identifies with the given fields and waits for READY; closes as a client that quits."""
        while True:
            async with http.ws_connect(f"{gateway}/?v=10&encoding=json", max_msg_size=0) as ws:
                socket = cls()
                socket.ws = ws
                properties = {"os": "linux", "browser": "guildhall-suite", "device": "guildhall-suite"}
                await socket.send(2, {"properties": properties, **identify})
                try:
                    await socket.next("READY")
                except IdentifyLater:
                    await asyncio.sleep(5)  # one identify every five seconds is allowed
                    continue
                yield socket
                await ws.close(code=1000)
                return

    async def send(self, op, d):
        await self.ws.send_json({"op": op, "d": d})

    async def next(self, event, check=lambda d: True):
        """The next dispatch of the name that matches."""

        async def read():
            async for message in self.ws:
                payload = json.loads(message.data)
                if payload["op"] == 9:
                    raise IdentifyLater
                if payload["op"] == 0 and payload["t"] == event and check(payload["d"]):
                    return payload["d"]
            raise AssertionError(f"the gateway closed: {self.ws.close_code}")

        return await asyncio.wait_for(read(), PATIENCE)


class IdentifyLater(Exception):
    pass


class Cable:
    """The network cable under the library: cut, it drops every gateway connection, and new ones wait until plug()."""

    def __init__(self, client):
        self.client, self.plugged, self.sockets = client, asyncio.Event(), []
        self.plugged.set()
        connect = client.http.ws_connect

        async def through_the_cable(*args, **kwargs):
            await self.plugged.wait()
            socket = await connect(*args, **kwargs)
            self.sockets.append(socket)
            return socket

        client.http.ws_connect = through_the_cable

    def cut(self):
        """Drops the connections without a close frame, and tells how many there were."""
        self.plugged.clear()
        open_ones = [s for s in self.sockets if not s.closed]
        for socket in open_ones:
            socket._response.connection.transport.abort()
        self.sockets = []
        return len(open_ones)

    def plug(self):
        self.plugged.set()
