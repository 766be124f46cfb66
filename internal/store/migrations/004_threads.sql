-- Threads stand beside the channels: there are many, most of them archived, and a guild's channels are read as a whole.

-- Tags and defaults of a forum or media channel.
alter table channels add column forum jsonb;

create table threads (
    id                bigint primary key,
    guild_id          bigint not null references guilds on delete cascade,
    parent_id         bigint not null references channels on delete cascade,
    type              smallint not null,
    name              text not null,
    owner_id          bigint not null,
    flags             int not null default 0,
    applied_tags      bigint[] not null default '{}',
    rate_limit_per_user int not null default 0,
    archived          boolean not null default false,
    locked            boolean not null default false,
    invitable         boolean not null default true,
    auto_archive      int not null,                      -- minutes
    archive_timestamp timestamptz not null default now(),
    message_count     int not null default 0,
    total_messages    int not null default 0,
    last_message_id   bigint,
    last_pin_at       timestamptz,
    -- When to look whether the thread has become idle. Messages don't move it, so that they touch no index.
    check_at          timestamptz not null default 'infinity'
) with (fillfactor = 80);
create index threads_active on threads (guild_id) where not archived;
create index threads_archived on threads (parent_id, archive_timestamp desc, id desc) where archived;
create index threads_parent on threads (parent_id, id desc);
create index threads_check on threads (check_at) where not archived;

create table thread_members (
    thread_id  bigint not null references threads on delete cascade,
    guild_id   bigint not null,
    user_id    bigint not null,
    joined_at  timestamptz not null default now(),
    flags      int not null default 0,
    muted      boolean not null default false,
    mute       jsonb,
    primary key (thread_id, user_id),
    -- Who leaves the guild leaves its threads.
    foreign key (guild_id, user_id) references members on delete cascade
);
create index thread_members_user on thread_members (user_id, guild_id, thread_id desc);

-- What was said in a thread goes with it.
create function purge_thread() returns trigger language plpgsql as $$
begin
    insert into purges (channel_id) values (old.id);
    return null;
end $$;
create trigger threads_purge after delete on threads for each row execute function purge_thread();
