-- Webhooks post to a channel without an account.
create table webhooks (
    id                bigint primary key,
    type              smallint not null,   -- 1 incoming, 2 channel follower
    guild_id          bigint not null references guilds on delete cascade,
    channel_id        bigint not null references channels on delete cascade,
    user_id           bigint references users on delete set null,          -- who made it
    application_id    bigint references applications on delete cascade,    -- whose bot made it
    name              text not null,
    avatar            text,
    -- As it is and no hash: it is part of a URL that who manages the channel may look up at any time.
    token             text,
    source_channel_id bigint references channels on delete cascade         -- of a follower
);
create index webhooks_guild on webhooks (guild_id);
create index webhooks_channel on webhooks (channel_id);
create index webhooks_source on webhooks (source_channel_id) where source_channel_id is not null;

-- Copies of published messages in the channels that follow, and the queue of those that are to be made or brought up to
-- date: due is the place in it, null when the copy is as its source is.
create sequence crosspost_queue;
create table crossposts (
    source_id    bigint not null,
    source_channel_id bigint not null,
    webhook_id   bigint not null references webhooks on delete cascade,
    copy_id      bigint,   -- null until there is one
    copy_channel_id bigint,
    due          bigint,
    attempts     int not null default 0,
    retry_at     timestamptz not null default now(),
    primary key (source_id, webhook_id)
);
create index crossposts_due on crossposts (due) where due is not null;
create index crossposts_webhook on crossposts (webhook_id, due);

-- Messages whose links are to be looked up for embeds.
create table unfurls (
    message_id  bigint primary key,
    channel_id  bigint not null,
    queued_at   timestamptz not null default clock_timestamp(),
    taken_until timestamptz not null default '-infinity',
    attempts    int not null default 0
);
create index unfurls_queue on unfurls (taken_until, queued_at);
