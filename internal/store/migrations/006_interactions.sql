-- Application commands, interactions, and what is sent to applications by HTTP.

-- Raised by every change of an application's commands or of their permissions.
alter table applications
    add column commands_version bigint not null default 0,
    add column event_webhooks_url text,
    add column event_webhooks_types text[] not null default '{}',
    add column event_webhooks_status smallint not null default 1;

create table commands (
    id              bigint primary key,
    application_id  bigint not null references applications on delete cascade,
    guild_id        bigint references guilds on delete cascade,   -- null: everywhere
    type            smallint not null,
    name            text not null,
    version         bigint not null,
    spec            jsonb not null    -- all the rest
);
create unique index commands_name on commands (application_id, coalesce(guild_id, 0), type, name);
create index commands_guild on commands (guild_id) where guild_id is not null;

-- Who may use commands in a guild. The target is a command, or an application for all of its commands.
create table command_permissions (
    guild_id        bigint not null references guilds on delete cascade,
    target_id       bigint not null,
    application_id  bigint not null references applications on delete cascade,
    permissions     jsonb not null,
    primary key (guild_id, target_id)
);
create index command_permissions_application on command_permissions (application_id);

-- How many commands an application has made on a day; guild 0: everywhere.
create table command_creations (
    application_id  bigint not null references applications on delete cascade,
    guild_id        bigint not null,
    day             date not null,
    commands        int not null,
    primary key (application_id, guild_id, day)
);

-- Interactions while their tokens live.
create table interactions (
    id              bigint primary key,
    application_id  bigint not null references applications on delete cascade,
    token_hash      bytea not null,    -- SHA-256 of the token's random part
    type            smallint not null,
    user_id         bigint not null references users on delete cascade,
    guild_id        bigint,
    channel_id      bigint not null,
    session_id      text not null,     -- of the user's gateway session
    nonce           text,
    state           smallint not null default 0,   -- waiting, answered, failed
    details         jsonb not null,    -- what answers need to know of it
    modal           jsonb,             -- what the user was asked, until the user has answered
    response_id     bigint,            -- the message that is the first answer
    loading         boolean not null default false,  -- that message is still to come
    followups       int not null default 0
);
create index interactions_waiting on interactions (id) where state = 0;

-- Messages that one user sees, as long as the interaction's token lives. They are in no channel's history.
create table ephemeral_messages (
    id              bigint primary key,
    interaction_id  bigint not null references interactions on delete cascade,
    user_id         bigint not null,
    message         jsonb not null
);
create index ephemeral_messages_interaction on ephemeral_messages (interaction_id);

-- What is to be sent to applications by HTTP, and what could not be.
create table deliveries (
    id              bigint primary key,
    application_id  bigint not null references applications on delete cascade,
    body            bytea not null,
    attempts        int not null default 0,
    due             timestamptz not null default now(),
    failure         text,
    dead            boolean not null default false
);
create index deliveries_due on deliveries (due) where not dead;
create index deliveries_application on deliveries (application_id);
