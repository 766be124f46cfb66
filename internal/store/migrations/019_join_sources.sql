-- How a member has come: the kind, the code of the invite that was used, and whose invite it was.
alter table members add column source smallint not null default 0, add column source_code text, add column source_user bigint;
create index members_joined on members (guild_id, joined_at, user_id);
