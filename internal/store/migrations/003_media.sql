-- Files of messages; their bytes are in the blob store. The state tells what may become of the file:
-- 0 its bytes are awaited, 1 it is there, 2 a message has it, 3 no message has it any more.
create table attachments (
    id           bigint primary key,
    channel_id   bigint not null,   -- for which it was uploaded: part of its URL
    user_id      bigint not null,
    filename     text not null,
    content_type text,
    size         bigint not null,
    width        int,
    height       int,
    state        smallint not null
);
create index attachments_loose on attachments (id) where state <> 2;

-- Which messages have a file: the one that it was uploaded for, and those that forward it.
create table attachment_uses (
    message_id    bigint not null,
    attachment_id bigint not null references attachments on delete cascade,
    channel_id    bigint not null references channels on delete cascade,
    primary key (message_id, attachment_id)
);
create index attachment_uses_attachment on attachment_uses (attachment_id);
create index attachment_uses_channel on attachment_uses (channel_id);

-- A file goes with the last message that has it, whatever made that go. The lock makes two last ones wait for each other.
create function drop_unused_attachments() returns trigger language plpgsql as $$
begin
    perform 1 from attachments where id in (select attachment_id from gone) order by id for update;
    update attachments a set state = 3
        where a.id in (select attachment_id from gone)
        and not exists (select from attachment_uses u where u.attachment_id = a.id);
    return null;
end $$;
create trigger attachment_uses_gone after delete on attachment_uses
    referencing old table as gone for each statement execute function drop_unused_attachments();

-- Custom emojis: of a guild, or of an application.
create table emojis (
    id             bigint primary key,
    guild_id       bigint references guilds on delete cascade,
    application_id bigint references applications on delete cascade,
    name           text not null,
    roles          bigint[] not null default '{}',
    user_id        bigint,
    animated       boolean not null,
    image          text not null references images,
    check ((guild_id is null) <> (application_id is null))
);
create index emojis_guild on emojis (guild_id) where guild_id is not null;
create unique index emojis_application on emojis (application_id, name) where application_id is not null;

create table stickers (
    id          bigint primary key,
    guild_id    bigint not null references guilds on delete cascade,
    name        text not null,
    description text not null default '',
    tags        text not null,
    format      smallint not null,
    user_id     bigint,
    image       text not null references images
);
create index stickers_guild on stickers (guild_id);
