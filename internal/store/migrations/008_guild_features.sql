-- What a guild has besides roles, channels and members.

alter table guilds
    add column vanity_code text,
    add column vanity_uses int not null default 0,
    add column invites_disabled_until timestamptz,
    add column dms_disabled_until timestamptz;
create unique index guilds_vanity on guilds (vanity_code);

-- How a guild receives who is new. Documents: they are read and written whole.
create table guild_welcomes (
    guild_id          bigint primary key references guilds on delete cascade,
    welcome_screen    jsonb,
    new_member        jsonb,
    onboarding        jsonb,
    verification_form jsonb
);

-- Which options of the onboarding a member has chosen.
create table onboarding_responses (
    guild_id  bigint not null,
    user_id   bigint not null,
    options   bigint[] not null default '{}',
    foreign key (guild_id, user_id) references members on delete cascade,
    primary key (guild_id, user_id)
);

-- Members who go when they go offline, unless somebody gave them a role.
alter table members add column temporary boolean not null default false;
create index members_temporary on members (guild_id, user_id) where temporary;

-- When the account was last heard of, to the hour: prunes go by it.
alter table users add column seen_at timestamptz not null default now();

-- Filled-in forms of those who want to talk in a guild that screens its members.
create table join_requests (
    id            bigint primary key,
    guild_id      bigint not null references guilds on delete cascade,
    user_id       bigint not null references users on delete cascade,
    status        text not null,
    responses     jsonb,
    rejection     text,
    reviewed_at   timestamptz,
    reviewer_id   bigint,
    unique (guild_id, user_id)
);
create index join_requests_guild on join_requests (guild_id, status, id desc);

-- Bots of a guild, with who added them and for what.
create table integrations (
    id             bigint primary key,
    guild_id       bigint not null references guilds on delete cascade,
    application_id bigint not null references applications on delete cascade,
    user_id        bigint references users on delete set null,
    scopes         text[] not null default '{bot}',
    unique (guild_id, application_id)
);
create index integrations_application on integrations (application_id);
insert into integrations (id, guild_id, application_id)
    select ((extract(epoch from now()) * 1000)::bigint - 1420070400000 << 22) + row_number() over (order by m.guild_id, a.id),
        m.guild_id, a.id
    from members m join applications a on a.bot_id = m.user_id;

-- Invites that are for somebody or something, give roles, or let only some users in.
alter table invites
    add column target_type smallint,
    add column target_user_id bigint references users on delete set null,
    add column target_application_id bigint references applications on delete set null,
    add column role_ids bigint[] not null default '{}',
    add column targeted boolean not null default false;
create index invites_lower on invites (lower(code));
create table invite_targets (
    code     text not null references invites on delete cascade,
    user_id  bigint not null,
    primary key (code, user_id)
);
-- A list of users on its way into invite_targets.
create table invite_target_jobs (
    code          text primary key references invites on delete cascade,
    status        smallint not null,   -- 1 processing, 2 completed, 3 failed
    user_ids      bigint[] not null,   -- in the order of the file
    processed     int not null default 0,
    created_at    timestamptz not null default now(),
    completed_at  timestamptz,
    error         text
);
create index invite_target_jobs_open on invite_target_jobs (created_at) where status = 1;

create table guild_templates (
    code         text primary key,
    guild_id     bigint not null unique references guilds on delete cascade,
    name         text not null,
    description  text,
    usage_count  int not null default 0,
    creator_id   bigint not null,
    created_at   timestamptz not null default now(),
    updated_at   timestamptz not null default now(),
    snapshot     json not null       -- json, not jsonb: whether it is dirty is told by its bytes
);

create table scheduled_events (
    id           bigint primary key,
    guild_id     bigint not null references guilds on delete cascade,
    channel_id   bigint,
    creator_id   bigint not null,
    name         text not null,
    description  text,
    image        text,
    starts_at    timestamptz not null,
    ends_at      timestamptz,
    status       smallint not null,   -- 1 scheduled, 2 active, 3 completed, 4 canceled
    entity_type  smallint not null,   -- 1 stage, 2 voice, 3 external
    location     text,
    recurrence   jsonb
);
create index scheduled_events_guild on scheduled_events (guild_id, starts_at);
create index scheduled_events_open on scheduled_events (starts_at) where status <= 2;
-- Occurrences of a recurring event that are otherwise than its rule says; the id tells when it would have been.
create table scheduled_event_exceptions (
    event_id   bigint not null references scheduled_events on delete cascade,
    id         bigint not null,
    starts_at  timestamptz,
    ends_at    timestamptz,
    canceled   boolean not null default false,
    primary key (event_id, id)
);
create table scheduled_event_users (
    event_id      bigint not null references scheduled_events on delete cascade,
    exception_id  bigint not null default 0,   -- 0: the event as a whole
    user_id       bigint not null references users on delete cascade,
    response      smallint not null default 1, -- 0 uninterested, 1 interested
    primary key (event_id, exception_id, user_id)
);

-- Messages to be deleted, in small steps: those of a channel that is gone, or what a banned user said.
create table purges (
    id          bigserial primary key,
    channel_id  bigint not null,
    guild_id    bigint,
    author_id   bigint,   -- null: the whole channel, for good
    by_id       bigint,
    cursor      bigint not null default 0   -- messages up to here are done
);
create function purge_channel() returns trigger language plpgsql as $$
begin
    insert into purges (channel_id) values (old.id);
    return null;
end $$;
create trigger channels_purge after delete on channels for each row when (old.type <> 4) execute function purge_channel();
