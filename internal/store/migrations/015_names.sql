-- What members have come to be called, which auto-moderation has yet to judge: in guilds with a rule for it (event type 2), or of
-- members that such a rule has quarantined (flag 128).
create table name_checks (
    guild_id  bigint not null,
    user_id   bigint not null,
    event     text,    -- what has happened, in Discord's words; null: the rules have changed
    since     timestamptz not null default now(),
    primary key (guild_id, user_id)
);
create index name_checks_since on name_checks (since);
create index members_quarantined on members (guild_id) where flags & 128 <> 0;

create function judges_names(guild bigint) returns boolean language sql stable as $$
    select exists (select from automod_rules where guild_id = guild and event_type = 2 and enabled)
$$;

create function check_joined() returns trigger language plpgsql as $$
begin
    insert into name_checks (guild_id, user_id, event)
        select guild_id, user_id, 'guild_join' from added where judges_names(guild_id)
        on conflict (guild_id, user_id) do update set event = excluded.event;
    return null;
end $$;
create trigger members_joined after insert on members
    referencing new table as added for each statement execute function check_joined();

create function check_nick() returns trigger language plpgsql as $$
begin
    if new.flags & 128 <> 0 or judges_names(new.guild_id) then
        insert into name_checks (guild_id, user_id, event) values (new.guild_id, new.user_id, 'username_update')
            on conflict (guild_id, user_id) do update set event = coalesce(name_checks.event, excluded.event);
    end if;
    return null;
end $$;
create trigger members_named after update of nick on members
    for each row when (old.nick is distinct from new.nick) execute function check_nick();

-- An update even of what is there already: it holds the row until the new name can be seen.
create function check_user() returns trigger language plpgsql as $$
begin
    insert into name_checks (guild_id, user_id, event)
        select guild_id, user_id, 'username_update' from members
        where user_id = new.id and (flags & 128 <> 0 or judges_names(guild_id)) order by guild_id
        on conflict (guild_id, user_id) do update set event = coalesce(name_checks.event, excluded.event);
    return null;
end $$;
create trigger users_named after update of username, global_name on users
    for each row when ((old.username, old.global_name) is distinct from (new.username, new.global_name))
    execute function check_user();

-- Who is quarantined by a rule that is not what it was may be called what it forbade. A new rule finds nobody by itself.
create function check_quarantined() returns trigger language plpgsql as $$
begin
    insert into name_checks (guild_id, user_id)
        select guild_id, user_id from members where guild_id = old.guild_id and flags & 128 <> 0 order by user_id
        on conflict do nothing;
    return null;
end $$;
create trigger automod_rules_changed after update or delete on automod_rules
    for each row when (old.event_type = 2) execute function check_quarantined();
