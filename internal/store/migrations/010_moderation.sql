-- Message search, auto-moderation, polls, pins.

-- Words of search: everything in lower case, ASCII words without their English endings, no stop words.
create text search dictionary guildhall_stem (template = snowball, language = english);
create text search configuration guildhall (copy = simple);
alter text search configuration guildhall
    alter mapping for asciiword, asciihword, hword_asciipart with guildhall_stem;

-- The index of messages, made by api worker from the outbox: no send waits for it. doc holds the words of the text and
-- what else is searched by, as lexemes that begin with "=".
create table message_search (
    message_id  bigint primary key,
    guild_id    bigint,
    channel_id  bigint not null,
    parent_id   bigint,           -- of a thread that is open to all who see its channel
    doc         tsvector not null
);
create index message_search_doc on message_search using gin (doc);
create index message_search_guild on message_search (guild_id, message_id desc) where guild_id is not null;
create index message_search_channel on message_search (channel_id, message_id desc);

-- How far the index has come: what was committed before mark is in it, of messages older than that those from below on.
create table search_state (
    one    boolean primary key default true check (one),
    mark   xid8 not null,
    below  bigint not null        -- 0: all
);

create table automod_rules (
    id               bigint primary key,
    guild_id         bigint not null references guilds on delete cascade,
    creator_id       bigint not null,
    name             text not null,
    event_type       smallint not null,
    trigger_type     smallint not null,
    trigger_metadata jsonb not null,
    actions          jsonb not null,
    enabled          boolean not null,
    exempt_roles     bigint[] not null,
    exempt_channels  bigint[] not null
);
create index automod_rules_guild on automod_rules (guild_id, id);

-- What a poll asks is in its message's parts.
create table polls (
    message_id  bigint primary key,
    channel_id  bigint not null,
    expires_at  timestamptz not null,
    closed_at   timestamptz
);
create index polls_open on polls (expires_at) where closed_at is null;

create table poll_votes (
    message_id  bigint not null references polls on delete cascade,
    answer_id   smallint not null,
    user_id     bigint not null references users on delete cascade,
    primary key (message_id, answer_id, user_id)
);
create index poll_votes_user on poll_votes (user_id);

create table pins (
    message_id  bigint primary key,
    channel_id  bigint not null,    -- or a thread
    pinned_at   timestamptz not null default clock_timestamp()
);
create index pins_channel on pins (channel_id, pinned_at desc);
