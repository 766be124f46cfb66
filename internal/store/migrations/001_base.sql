-- Accounts, guilds, messages, the event log. Times are timestamptz; ids are snowflakes.

-- Worker numbers of the snowflake generators: each process takes the next at its start.
create sequence snowflake_worker minvalue 0 maxvalue 1023 cycle;

create table users (
    id             bigint primary key,
    username       text not null,
    global_name    text,
    avatar         text,
    banner         text,
    accent_color   int,
    bio            text not null default '',
    bot            boolean not null default false,
    flags          bigint not null default 0,
    locale         text not null default 'en-US',
    email          text,
    verified       boolean not null default false,
    password_hash  text,
    date_of_birth  date,
    -- Raised whenever a login ends, a bot's token is reset or anything else changes that authentication looks at.
    auth_epoch     bigint not null default 1,
    created_at     timestamptz not null default now()
);
create unique index users_email on users (lower(email));
create unique index users_username on users (lower(username)) where not bot;

-- A login; refresh tokens rotate within it. It is the family that reuse of a spent token revokes.
create table auth_sessions (
    id          bigint primary key,
    user_id     bigint not null references users on delete cascade,
    user_agent  text not null default '',
    created_at  timestamptz not null default now(),
    last_used   timestamptz not null default now(),
    revoked_at  timestamptz
);
create index auth_sessions_user on auth_sessions (user_id);

create table refresh_tokens (
    hash        bytea primary key,
    session_id  bigint not null references auth_sessions on delete cascade,
    expires_at  timestamptz not null,
    spent_at    timestamptz
);
create index refresh_tokens_session on refresh_tokens (session_id);
create index refresh_tokens_expiry on refresh_tokens (expires_at);

create table email_verifications (
    hash        bytea primary key,
    user_id     bigint not null references users on delete cascade,
    email       text not null,
    expires_at  timestamptz not null
);
create index email_verifications_user on email_verifications (user_id);

-- Uploaded pictures, named by their content.
create table images (
    hash        text primary key,
    type        text not null,
    bytes       bytea not null,
    created_at  timestamptz not null default now()
);
alter table images alter column bytes set storage external; -- compressed already

create table applications (
    id           bigint primary key,
    owner_id     bigint not null references users on delete cascade,
    name         text not null,
    icon         text,
    description  text not null default '',
    flags        bigint not null default 0,
    bot_public   boolean not null default true,
    require_code_grant boolean not null default false,
    tags         text[] not null default '{}',
    redirect_uris text[] not null default '{}',
    interactions_endpoint_url text,
    sign_key     bytea not null,   -- Ed25519 seed
    bot_id       bigint unique references users on delete set null,
    bot_token_hash bytea           -- SHA-256; the token itself is shown once
);
create index applications_owner on applications (owner_id);

create table guilds (
    id                 bigint primary key,
    owner_id           bigint not null references users,
    name               text not null,
    icon               text,
    description        text,
    splash             text,
    discovery_splash   text,
    banner             text,
    features           text[] not null default '{}',
    afk_channel_id     bigint,
    afk_timeout        int not null default 300,
    system_channel_id  bigint,
    system_channel_flags int not null default 0,
    widget_enabled     boolean not null default false,
    widget_channel_id  bigint,
    verification_level int not null default 0,
    default_message_notifications int not null default 0,
    mfa_level          int not null default 0,
    explicit_content_filter int not null default 0,
    preferred_locale   text not null default 'en-US',
    rules_channel_id   bigint,
    public_updates_channel_id bigint,
    safety_alerts_channel_id bigint,
    premium_progress_bar_enabled boolean not null default false,
    nsfw_level         int not null default 0,
    member_count       int not null default 0
);

create table roles (
    id            bigint primary key,
    guild_id      bigint not null references guilds on delete cascade,
    name          text not null,
    permissions   bigint not null,
    position      int not null,
    color         int not null default 0,
    secondary_color int,
    tertiary_color int,
    hoist         boolean not null default false,
    managed       boolean not null default false,
    mentionable   boolean not null default false,
    icon          text,
    unicode_emoji text,
    flags         int not null default 0,
    bot_id        bigint
);
create index roles_guild on roles (guild_id);

create table channels (
    id            bigint primary key,
    guild_id      bigint references guilds on delete cascade,
    type          smallint not null,
    name          text,
    topic         text,
    position      int not null default 0,
    parent_id     bigint references channels on delete set null,
    nsfw          boolean not null default false,
    overwrites    jsonb not null default '[]',
    rate_limit_per_user int not null default 0,
    bitrate       int not null default 64000,
    user_limit    int not null default 0,
    rtc_region    text,
    video_quality_mode int not null default 1,
    default_auto_archive int not null default 1440,
    default_thread_rate int not null default 0,
    flags         int not null default 0,
    icon          text,
    owner_id      bigint,
    last_message_id bigint,
    last_pin_at   timestamptz
);
create index channels_guild on channels (guild_id);

-- Who is in a DM; closed only hides it from that user.
create table channel_recipients (
    channel_id  bigint not null references channels on delete cascade,
    user_id     bigint not null references users on delete cascade,
    closed      boolean not null default false,
    primary key (channel_id, user_id)
);
create index channel_recipients_user on channel_recipients (user_id);
-- One DM a pair: the ids, smaller first.
create table dm_pairs (
    low_id      bigint not null,
    high_id     bigint not null,
    channel_id  bigint not null references channels on delete cascade,
    primary key (low_id, high_id)
);

create table members (
    guild_id   bigint not null references guilds on delete cascade,
    user_id    bigint not null references users on delete cascade,
    nick       text,
    avatar     text,
    banner     text,
    roles      bigint[] not null default '{}',
    joined_at  timestamptz not null default now(),
    deaf       boolean not null default false,
    mute       boolean not null default false,
    flags      int not null default 0,
    pending    boolean not null default false,
    timed_out_until timestamptz,
    primary key (guild_id, user_id)
);
create index members_user on members (user_id);

create table bans (
    guild_id  bigint not null references guilds on delete cascade,
    user_id   bigint not null references users on delete cascade,
    reason    text,
    primary key (guild_id, user_id)
);

create table invites (
    code        text primary key,
    guild_id    bigint not null references guilds on delete cascade,
    channel_id  bigint not null references channels on delete cascade,
    inviter_id  bigint not null references users on delete cascade,
    max_age     int not null,
    max_uses    int not null,
    uses        int not null default 0,
    temporary   boolean not null default false,
    created_at  timestamptz not null default now(),
    expires_at  timestamptz
);
create index invites_guild on invites (guild_id);
create index invites_channel on invites (channel_id);

-- Partitioned by time through the snowflake; api worker makes partitions ahead, the default one catches the rest.
create table messages (
    id           bigint not null,
    channel_id   bigint not null,
    guild_id     bigint,
    author_id    bigint not null,
    type         smallint not null default 0,
    content      text not null default '',
    tts          boolean not null default false,
    mention_everyone boolean not null default false,
    mentions     bigint[] not null default '{}',
    mention_roles bigint[] not null default '{}',
    embeds       jsonb not null default '[]',
    attachments  jsonb not null default '[]',
    components   jsonb not null default '[]',
    flags        int not null default 0,
    pinned       boolean not null default false,
    nonce        text,
    webhook_id   bigint,
    reference    jsonb,
    snapshots    jsonb,
    edited_at    timestamptz,
    deleted_at   timestamptz,
    deleted_by   bigint,
    primary key (id)
) partition by range (id);
create table messages_default partition of messages default;
create index messages_channel on messages (channel_id, id desc);

-- What a message was before each edit.
create table message_edits (
    message_id  bigint not null,
    edited_at   timestamptz not null,
    content     text not null,
    embeds      jsonb not null,
    primary key (message_id, edited_at)
);

create table reactions (
    message_id  bigint not null,
    user_id     bigint not null,
    emoji_id    bigint not null default 0,   -- 0: Unicode
    emoji_name  text not null,
    added_at    timestamptz not null default clock_timestamp(),
    primary key (message_id, emoji_id, emoji_name, user_id)
);

create table audit_log (
    id        bigint primary key,
    guild_id  bigint not null references guilds on delete cascade,
    user_id   bigint,
    target_id text,
    action    int not null,
    changes   jsonb,
    options   jsonb,
    reason    text
);
create index audit_log_guild on audit_log (guild_id, id desc);

-- The counters of the event logs. A log's id is the id of its guild or user.
create table logs (
    id          bigint primary key,
    seq         bigint not null default 0,
    structure   bigint not null default 0,   -- seq of the last change of roles, overwrites or owner
    members     bigint not null default 0    -- seq of the last change of a member's roles or time-out
);

-- The outbox: every durable event, kept for the resume window. Partitions are time slices, dropped whole.
create table outbox (
    log_id      bigint not null,
    seq         bigint not null,
    created_at  timestamptz not null default now(),
    xid         xid8 not null default pg_current_xact_id(),
    event       bytea not null
) partition by range (created_at);
create table outbox_default partition of outbox default;
create index outbox_log on outbox (log_id, seq);
create index outbox_xid on outbox (xid);

-- Work of which one worker at a time does a partition.
create table leases (
    name     text primary key,
    holder   text not null,
    until    timestamptz not null
);

-- How far the relay has come; slices of the outbox beyond it are never dropped.
create table relay_mark (
    one   boolean primary key default true check (one),
    mark  xid8 not null
);
