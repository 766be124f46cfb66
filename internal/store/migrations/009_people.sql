-- What people's clients keep on the platform: settings, notes, relationships, and how far they have read.

-- The settings of an account in the two forms that clients use; what is in both, is the same in both.
create table user_settings (
    user_id       bigint primary key references users on delete cascade,
    settings      jsonb not null default '{}',   -- the older form; what is not in it has its default
    notification_flags int not null default 0,
    email         jsonb not null default '{}',
    consents      jsonb not null default '{}'
);
-- Protocol buffers, whose fields only the clients know.
create table user_settings_protos (
    user_id       bigint not null references users on delete cascade,
    type          smallint not null,             -- 1 preloaded, 2 frecency, 3 test
    version       int not null default 0,        -- raised by each write
    settings      bytea not null default '',
    primary key (user_id, type)
);

-- Counts what clients may keep from one session to the next: read states and notification settings.
create sequence kept_version cache 32;

-- Of what in a guild, and in which of its channels, a user is notified. Guild 0 is all that is outside of guilds.
create table user_guild_settings (
    user_id       bigint not null references users on delete cascade,
    guild_id      bigint not null,
    settings      jsonb not null,
    version       bigint not null default nextval('kept_version'),
    primary key (user_id, guild_id)
);

create table user_notes (
    user_id       bigint not null references users on delete cascade,
    about_id      bigint not null references users on delete cascade,
    note          text not null,
    primary key (user_id, about_id)
);

-- What a user is to another, as the first sees it: a friendship is two rows.
create table relationships (
    user_id       bigint not null references users on delete cascade,
    other_id      bigint not null references users on delete cascade,
    type          smallint not null,             -- 0 none but ignored, 1 friend, 2 blocked, 3 incoming, 4 outgoing
    nickname      text,
    ignored       boolean not null default false,
    since         timestamptz not null default now(),
    primary key (user_id, other_id)
);

-- How far a user has read, of a channel (type 0) or of something else that has a number.
create table read_states (
    user_id       bigint not null references users on delete cascade,
    type          smallint not null,
    entity_id     bigint not null,               -- the channel, guild or user
    acked_id      bigint not null default 0,     -- the last message or thing that was read
    pins_at       timestamptz,                   -- the last pin that was seen
    flags         int not null default 0,
    last_viewed   int,                           -- days since 2015
    version       bigint not null default nextval('kept_version'),
    primary key (user_id, type, entity_id)
);

-- Whom a message calls: a user, a role, or with the guild's id everybody. One row each, however many people that is;
-- who has not read them is found when somebody asks.
create table message_mentions (
    target_id     bigint not null,
    message_id    bigint not null,
    channel_id    bigint not null,
    primary key (target_id, message_id)
);
create index message_mentions_message on message_mentions (message_id);
-- Mentions that a user does not want to see any more.
create table dismissed_mentions (
    user_id       bigint not null references users on delete cascade,
    message_id    bigint not null,
    primary key (user_id, message_id)
);

alter table users add column pronouns text not null default '';
alter table members add column bio text not null default '', add column pronouns text not null default '';

-- Names that a bot has given to the people in its group.
alter table channel_recipients add column nick text;
alter table channels add column application_id bigint;   -- of the bot that made a group
create index channels_application on channels (application_id) where application_id is not null;
