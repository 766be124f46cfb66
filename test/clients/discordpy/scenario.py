"""The scenario with discord.py: reads the world that the Go test has furnished (the file named by SCENARIO_WORLD), runs
every step and exits with 1 if one failed. The library asks for zlib-stream by itself."""

import asyncio
import json
import logging
import os
import sys

import aiohttp
import discord

from harness import equal, run_steps, step, true, upcoming, PATIENCE
from human import Cable, Human, Socket

ALL_INTENTS = 53608447

with open(os.environ["SCENARIO_WORLD"], encoding="utf-8") as file:
    world = json.load(file)
guilds = world["guilds"]
here = {key: int(value) if value.isdigit() else value for key, value in guilds[0].items()}

discord.http.Route.BASE = f"{world['base']}/api/v10"
client = discord.AutoShardedClient(
    intents=discord.Intents.all(), max_messages=1000, chunk_guilds_at_startup=False, max_ratelimit_timeout=60
)


class State:
    """What steps share once the event loop runs."""


def in_channel(content):
    return lambda message: message.content == content


async def fails(what, status, code, action):
    """Expects an error of the library with this status and Discord error code."""
    try:
        await action
    except discord.HTTPException as error:
        equal(what, (error.status, error.code), (status, code))
        return
    raise AssertionError(f"{what} succeeded, expected status {status}, code {code}")


async def said(content, channel=None):
    """Has the friend write, and returns the library's message."""
    seen = upcoming(client, "message", in_channel(content))
    await State.friend.send(channel or here["general"], content)
    return await seen


@step("connect to both shards")
async def connect():
    ready = upcoming(client, "ready")
    State.running = asyncio.ensure_future(client.start(world["bot"]["token"]))
    await asyncio.wait({ready, State.running}, return_when=asyncio.FIRST_COMPLETED)
    if State.running.done():
        State.running.result()
    await ready
    equal("own user", client.user.id, int(world["bot"]["id"]))
    equal("application", client.application_id, int(world["bot"]["application_id"]))
    equal("shards", sorted(client.shards), [0, 1])
    for url in State.urls:
        true("asks for zlib-stream", "compress=zlib-stream" in url)


@step("guild and channel caches")
async def caches():
    equal("guilds", sorted(g.id for g in client.guilds), sorted(int(g["id"]) for g in guilds))
    for shard, place in enumerate(guilds):
        guild = client.get_guild(int(place["id"]))
        equal("name", guild.name, place["name"])
        equal("shard", guild.shard_id, shard)
        equal("owner", guild.owner_id, int(world["owner"]["id"]))
        equal("members (owner, friend and two bots)", guild.member_count, 4)
        equal("unavailable", guild.unavailable, False)
        equal("role", guild.get_role(int(place["key"])).name, "keyholder")
        equal("channel", guild.get_channel(int(place["general"])).name, "talk")
        equal("own member", guild.me.id, client.user.id)
        true("the bot has its managed role", guild.self_role)
        for name, want in (("general", True), ("readOnly", False)):
            may = guild.get_channel(int(place[name])).permissions_for(guild.me).send_messages
            equal(f"may send in {name}", may, want)


@step("create a message")
async def create():
    channel = client.get_channel(here["general"])
    seen = upcoming(client, "message", in_channel("good morning"))
    sent = await channel.send("good morning", nonce="n-1")
    event = await seen
    equal("id", event.id, sent.id)
    equal("nonce", event.nonce, "n-1")
    equal("author", event.author.id, client.user.id)
    equal("guild", event.guild.id, here["id"])
    answer = await said("morning, bot – 안녕 👋")
    equal("author", (answer.author.id, answer.author.name, answer.author.bot), (State.friend.id, State.friend.username, False))
    true("author is a member", isinstance(answer.author, discord.Member))
    equal("type", answer.type, discord.MessageType.default)
    equal("fetched", (await channel.fetch_message(answer.id)).content, answer.content)
    equal("history, newest first", [m.id async for m in channel.history(limit=2)], [answer.id, sent.id])
    equal("history after", [m.id async for m in channel.history(limit=10, after=sent)], [answer.id])


@step("edit a message")
async def edit():
    channel = client.get_channel(here["general"])
    own = await channel.send("first wording")
    seen = upcoming(client, "message_edit", lambda before, after: after.id == own.id)
    equal("answer", (await own.edit(content="second wording")).content, "second wording")
    before, after = await seen
    equal("before and after", (before.content, after.content), ("first wording", "second wording"))
    true("edited_at", after.edited_at)
    theirs = await said("a tpyo")
    seen = upcoming(client, "message_edit", lambda before, after: after.id == theirs.id)
    await State.friend.api("PATCH", f"/channels/{channel.id}/messages/{theirs.id}", {"content": "a typo"})
    before, after = await seen
    equal("before and after", (before.content, after.content), ("a tpyo", "a typo"))
    await fails("edit the message of another", 403, 50005, theirs.edit(content="words put into a mouth"))


@step("reply")
async def reply():
    question = await said("are you there?")
    seen = upcoming(client, "message", in_channel("I am"))
    await question.reply("I am")
    answer = await seen
    equal("type", answer.type, discord.MessageType.reply)
    equal("reference", answer.reference.message_id, question.id)
    equal("referenced content", answer.reference.resolved.content, "are you there?")
    true("a reply pings its author", State.friend.id in answer.raw_mentions or any(m.id == State.friend.id for m in answer.mentions))
    quiet = await question.reply("without a ping", mention_author=False)
    equal("mention_author=False pings", [m.id for m in quiet.mentions], [])


@step("delete a message")
async def delete():
    channel = client.get_channel(here["general"])
    own = await channel.send("not for long")
    seen = upcoming(client, "message_delete", lambda m: m.id == own.id)
    await own.delete()
    await seen
    await fails("fetch a deleted message", 404, 10008, channel.fetch_message(own.id))
    theirs = await said("oops")
    seen = upcoming(client, "message_delete", lambda m: m.id == theirs.id)
    await State.friend.api("DELETE", f"/channels/{channel.id}/messages/{theirs.id}")
    equal("content in the cache", (await seen).content, "oops")


@step("embeds")
async def embeds():
    channel = client.get_channel(here["general"])
    at = discord.utils.parse_time("2024-02-29T12:00:00+00:00")
    embed = discord.Embed(title="Minutes", url="https://example.com/minutes", description="What was **said**", colour=0x336699, timestamp=at)
    embed.set_author(name="The clerk").set_footer(text="Approved")
    embed.add_field(name="Present", value="Everyone", inline=True).add_field(name="Absent", value="Nobody", inline=False)
    seen = upcoming(client, "message", lambda m: len(m.embeds) == 1)
    sent = await channel.send(embed=embed)
    for message in (sent, await seen, await channel.fetch_message(sent.id)):
        got = message.embeds[0]
        equal("type", got.type, "rich")
        equal("texts", (got.title, got.url, got.description), (embed.title, embed.url, embed.description))
        equal("colour and time", (got.colour.value, got.timestamp), (0x336699, at))
        equal("author and footer", (got.author.name, got.footer.text), ("The clerk", "Approved"))
        equal("fields", [(f.name, f.value, bool(f.inline)) for f in got.fields], [("Present", "Everyone", True), ("Absent", "Nobody", False)])
    await fails("an embed that is too long", 400, 50035, channel.send(embed=discord.Embed(description="x" * 4097)))


@step("mentions")
async def mentions():
    channel = client.get_channel(here["general"])
    text = f"<@{State.friend.id}> <@&{here['key']}> @everyone"
    role = discord.Object(here["key"])
    for allowed, want in (
        (discord.AllowedMentions.all(), (True, True, True)),
        (discord.AllowedMentions.none(), (False, False, False)),
        (discord.AllowedMentions(everyone=False, roles=False, users=True), (True, False, False)),
        (discord.AllowedMentions(everyone=True, roles=[role], users=False), (False, True, True)),
    ):
        seen = upcoming(client, "message", in_channel(text))
        await channel.send(text, allowed_mentions=allowed)
        message = await seen
        got = (any(m.id == State.friend.id for m in message.mentions), any(r.id == role.id for r in message.role_mentions), message.mention_everyone)
        equal(f"user, role, everyone with {allowed.to_dict()}", got, want)


@step("reactions")
async def reactions():
    channel = client.get_channel(here["general"])
    message = await channel.send("vote")
    path = f"/channels/{channel.id}/messages/{message.id}/reactions/%F0%9F%91%8D/@me"
    by = lambda user: lambda payload: payload.message_id == message.id and payload.user_id == user
    seen = upcoming(client, "raw_reaction_add", by(State.friend.id))
    await State.human.api("PUT", path)
    added = await seen
    equal("emoji and member", (added.emoji.name, added.member.id), ("👍", State.friend.id))
    seen = upcoming(client, "raw_reaction_add", by(client.user.id))
    await message.add_reaction("👍")
    await seen
    fetched = await channel.fetch_message(message.id)
    equal("reactions", [(str(r.emoji), r.count, r.me) for r in fetched.reactions], [("👍", 2, True)])
    equal("who reacted", sorted([u.id async for u in fetched.reactions[0].users()]), sorted([State.friend.id, client.user.id]))
    seen = upcoming(client, "raw_reaction_remove", by(client.user.id))
    await message.remove_reaction("👍", client.user)
    await seen
    seen = upcoming(client, "raw_reaction_remove", by(State.friend.id))
    await State.human.api("DELETE", path)
    await seen


@step("role opens and closes a private channel")
async def private_channel():
    vault = client.get_channel(here["vault"])
    heard = []
    client.event_hooks.append(lambda message: heard.append(message.content))

    async def hidden(content):
        # What is said in the vault comes before the fence in the guild's order: once the fence is here, the other would be.
        await State.owner.send(vault.id, content)
        seen = upcoming(client, "message", in_channel("after " + content))
        await State.owner.send(here["general"], "after " + content)
        await seen
        equal("arrived although the bot may not see the channel", content in heard, False)
        await fails("read the vault", 403, 50001, vault.fetch_message(1))

    async def change(method, want):
        seen = upcoming(client, "member_update", lambda before, after: after.id == client.user.id)
        await State.owner.api(method, f"/guilds/{here['id']}/members/{client.user.id}/roles/{here['key']}")
        _, after = await seen
        equal("the bot has the role", after.get_role(here["key"]) is not None, want)

    await hidden("before the role")
    await change("PUT", True)
    seen = upcoming(client, "message", in_channel("with the role"))
    await State.owner.send(vault.id, "with the role")
    await seen
    equal("the vault's history", [m.content async for m in vault.history(limit=1)], ["with the role"])
    await change("DELETE", False)
    await hidden("after the role")


@step("missing permission")
async def missing_permission():
    guild = client.get_guild(here["id"])
    await fails("send without SEND_MESSAGES", 403, 50013, client.get_channel(here["readOnly"]).send("may I?"))
    await fails("create a role without MANAGE_ROLES", 403, 50013, guild.create_role(name="crown"))
    await fails("kick without KICK_MEMBERS", 403, 50013, guild.kick(discord.Object(State.friend.id)))


@step("typing")
async def typing():
    channel = client.get_channel(here["general"])
    seen = upcoming(client, "raw_typing", lambda payload: payload.user_id == State.friend.id)
    await State.friend.api("POST", f"/channels/{channel.id}/typing")
    equal("channel", (await seen).channel_id, channel.id)
    async with Socket.open(State.http, world["gateway"], {"token": world["observer"]["token"], "intents": ALL_INTENTS}) as observer:
        await channel.typing()
        typed = await observer.next("TYPING_START", lambda d: d["user_id"] == str(client.user.id))
        equal("channel at another bot", typed["channel_id"], str(channel.id))


@step("presence")
async def presence():
    of = lambda status: lambda before, after: after.id == State.friend.id and after.guild.id == here["id"] and after.raw_status == status
    guild = client.get_guild(here["id"])
    await guild.query_members(user_ids=[State.friend.id], cache=True)  # the library keeps presences of members that it has
    playing = {"status": "dnd", "since": None, "afk": False, "activities": [{"name": "chess", "type": 0}]}
    seen = upcoming(client, "presence_update", of("dnd"))
    async with Socket.open(State.http, world["gateway"], {"token": world["friend"]["token"], "presence": playing}) as device:
        _, after = await seen
        equal("activities", [a.name for a in after.activities], ["chess"])
        seen = upcoming(client, "presence_update", of("idle"))
        await device.send(3, {"status": "idle", "since": None, "afk": False, "activities": []})
        await seen
        seen = upcoming(client, "presence_update", of("offline"))
    await seen
    async with Socket.open(State.http, world["gateway"], {"token": world["observer"]["token"], "intents": ALL_INTENTS}) as observer:
        await client.change_presence(status=discord.Status.idle, activity=discord.Activity(type=discord.ActivityType.watching, name="the keys"))
        update = await observer.next("PRESENCE_UPDATE", lambda d: d["user"]["id"] == str(client.user.id) and d["status"] == "idle" and d["activities"])
        equal("activity at another bot", [(a["name"], a["type"]) for a in update["activities"]], [("the keys", 3)])


@step("member chunks")
async def member_chunks():
    guild = client.get_guild(int(guilds[1]["id"]))
    everyone = sorted(int(world[who]["id"]) for who in ("owner", "friend", "bot", "observer"))
    await asyncio.wait_for(guild.chunk(), PATIENCE)
    equal("all members", sorted(m.id for m in guild.members), everyone)
    found = await guild.query_members(query=State.friend.username[:-1], limit=10)
    equal("members by the start of a name", [m.id for m in found], [State.friend.id])
    some = await guild.query_members(user_ids=[State.friend.id, State.visitor.id])
    equal("members by id", [m.id for m in some], [State.friend.id])


@step("invites and members")
async def invites():
    guild, channel = client.get_guild(here["id"]), client.get_channel(here["general"])
    seen = upcoming(client, "invite_create")
    invite = await channel.create_invite(max_age=3600, max_uses=5, unique=True)
    equal("code of the event", (await seen).code, invite.code)
    equal("guild of the invite", (await client.fetch_invite(invite.code)).guild.id, guild.id)
    seen = upcoming(client, "member_join", lambda m: m.id == State.visitor.id)
    await State.visitor.api("POST", f"/invites/{invite.code}", {})
    await seen
    equal("members", guild.member_count, 5)
    equal("uses", [i.uses for i in await channel.invites() if i.code == invite.code], [1])
    seen = upcoming(client, "member_update", lambda before, after: after.id == State.visitor.id and after.nick == "guest")
    await State.owner.api("PATCH", f"/guilds/{guild.id}/members/{State.visitor.id}", {"nick": "guest"})
    await seen
    seen = upcoming(client, "invite_delete", lambda i: i.code == invite.code)
    await invite.delete()
    await seen
    await fails("resolve a deleted invite", 404, 10006, client.fetch_invite(invite.code))
    seen = upcoming(client, "member_remove", lambda m: m.id == State.visitor.id)
    await State.visitor.api("DELETE", f"/users/@me/guilds/{guild.id}")
    await seen


@step("direct messages")
async def direct_messages():
    user = await client.fetch_user(State.friend.id)
    dm = await user.create_dm()
    await dm.send("psst")
    opened = await State.friend.api("POST", "/users/@me/channels", {"recipients": [str(client.user.id)]})
    equal("channel on both sides", int(opened["id"]), dm.id)
    answer = await said("yes?", dm.id)
    equal("guild and author", (answer.guild, answer.author.id), (None, State.friend.id))
    true("channel is a DM", isinstance(answer.channel, discord.DMChannel))


@step("resume without loss")
async def resume():
    got, resumed, again = {0: [], 1: []}, [], []
    where = {int(place["general"]): shard for shard, place in enumerate(guilds)}

    def hear(message):
        if message.channel.id in where and message.content.startswith("resume "):
            got[where[message.channel.id]].append(message.content)

    client.event_hooks.append(hear)
    client.resume_hooks.append(resumed.append)
    client.connect_hooks.append(again.append)
    expected, talkers = {0: [], 1: []}, [State.owner, State.friend]

    async def talk(first, last):
        for i in range(first, last):
            shard = i // 2 % 2
            await talkers[i % 2].send(int(guilds[shard]["general"]), f"resume {i}")
            expected[shard].append(f"resume {i}")

    await talk(0, 4)
    equal("connections cut", State.cable.cut(), 2)
    await talk(4, 16)
    State.cable.plug()
    await talk(16, 20)
    deadline = asyncio.get_running_loop().time() + PATIENCE
    while len(resumed) < 2:
        true("resumed shards: " + repr(resumed), asyncio.get_running_loop().time() < deadline)
        await asyncio.sleep(0.05)
    for shard, place in enumerate(guilds):
        await said(f"fence {shard}", int(place["general"]))
    equal("messages, each once and in order", got, expected)
    equal("shards that resumed", sorted(resumed), [0, 1])
    equal("shards that identified anew", again, [])


@step("rate limit")
async def rate_limit():
    channel = client.get_channel(here["busy"])
    flood = await asyncio.gather(*(channel.send(f"flood {i}") for i in range(12)))
    equal("messages made by the flood", len({m.id for m in flood}), 12)
    # Behind its back the bucket is used up with the same token: now its request is answered with 429.
    for attempt in range(5):
        State.limited = 0
        for i in range(100):
            status, headers, _ = await State.bot.raw("POST", f"/channels/{channel.id}/messages", {"content": "behind its back"})
            if status == 429:
                true("Retry-After and Via", headers.get("Retry-After") and headers.get("Via"))
                break
        equal("content", (await channel.send("patience")).content, "patience")
        if State.limited:
            return
    raise AssertionError("a request of the library was never limited after the bucket had been used up")


@step("channel, role and guild updates")
async def updates():
    guild, owner = client.get_guild(here["id"]), State.owner
    seen = upcoming(client, "guild_channel_create", lambda c: c.name == "annex")
    annex = await owner.api("POST", f"/guilds/{guild.id}/channels", {"name": "annex", "type": 0})
    channel = await seen
    equal("id", channel.id, int(annex["id"]))
    seen = upcoming(client, "guild_channel_update", lambda before, after: after.name == "east-wing")
    await owner.api("PATCH", f"/channels/{channel.id}", {"name": "east-wing", "topic": "mind the step"})
    before, after = await seen
    equal("before and topic", (before.name, after.topic), ("annex", "mind the step"))
    seen = upcoming(client, "guild_channel_update", lambda before, after: after.overwrites)
    await owner.api("PUT", f"/channels/{channel.id}/permissions/{guild.id}", {"type": 0, "allow": "0", "deny": "2048"})
    _, after = await seen
    equal("may send", after.permissions_for(guild.me).send_messages, False)
    seen = upcoming(client, "guild_channel_delete", lambda c: c.id == channel.id)
    await owner.api("DELETE", f"/channels/{channel.id}")
    await seen
    workshop = await guild.create_text_channel("workshop", topic="sawdust")
    equal("topic", workshop.topic, "sawdust")
    await workshop.delete()

    seen = upcoming(client, "guild_role_create", lambda r: r.name == "scribe")
    scribe = await owner.api("POST", f"/guilds/{guild.id}/roles", {"name": "scribe", "color": 0x00FF00, "hoist": True})
    role = await seen
    equal("id and colour", (role.id, role.colour.value), (int(scribe["id"]), 0x00FF00))
    seen = upcoming(client, "guild_role_update", lambda before, after: after.name == "archivist")
    await owner.api("PATCH", f"/guilds/{guild.id}/roles/{role.id}", {"name": "archivist"})
    await seen
    seen = upcoming(client, "guild_role_delete", lambda r: r.id == role.id)
    await owner.api("DELETE", f"/guilds/{guild.id}/roles/{role.id}")
    await seen
    seen = upcoming(client, "guild_update", lambda before, after: after.name == "The Hall")
    await owner.api("PATCH", f"/guilds/{guild.id}", {"name": "The Hall"})
    await seen


@step("joining and leaving a guild")
async def join_and_leave():
    for name in ("Deleted soon", "Kicked soon", "Left soon"):
        seen = upcoming(client, "guild_join", lambda g: g.name == name)
        made = await State.owner.api("POST", "/guilds", {"name": name})
        query = f"client_id={world['bot']['application_id']}&scope=bot&permissions=0"
        await State.owner.api("POST", f"/oauth2/authorize?{query}", {"guild_id": made["id"], "authorize": True, "permissions": "0"})
        guild = await seen
        equal("shard", guild.shard_id, (guild.id >> 22) % 2)
        seen = upcoming(client, "guild_remove", lambda g: g.id == guild.id)
        if name == "Deleted soon":
            await State.owner.api("DELETE", f"/guilds/{guild.id}")
        elif name == "Kicked soon":
            await State.owner.api("DELETE", f"/guilds/{guild.id}/members/{client.user.id}")
        else:
            await guild.leave()
        await seen


class Counter(logging.Handler):
    """Counts the library's own words on being rate limited."""

    def emit(self, record):
        if "rate limited" in record.getMessage().lower():
            State.limited += 1


async def main():
    # The library keeps one handler an event, so those of steps hang on these.
    client.event_hooks, client.resume_hooks, client.connect_hooks = [], [], []

    @client.event
    async def on_message(message):
        for hook in client.event_hooks:
            hook(message)

    @client.event
    async def on_shard_resumed(shard):
        for hook in client.resume_hooks:
            hook(shard)

    @client.event
    async def on_shard_ready(shard):
        for hook in client.connect_hooks:
            hook(shard)

    State.limited = 0
    logging.getLogger("discord.http").addHandler(Counter())
    async with aiohttp.ClientSession() as http, client:
        State.http = http
        for name in ("owner", "friend", "visitor", "bot"):
            setattr(State, name, Human(http, world["base"], world[name]))
        State.human = State.friend
        State.urls = []
        connect = client.http.ws_connect

        async def noted(url, **kwargs):
            State.urls.append(url)
            return await connect(url, **kwargs)

        client.http.ws_connect = noted
        State.cable = Cable(client)
        failures = await run_steps()
    sys.exit(1 if failures else 0)


asyncio.run(main())
