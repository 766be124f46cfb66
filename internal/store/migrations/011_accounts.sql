-- Running an instance: who may register, who administers, second factors, reports, accounts that end.

alter table users
    add column admin boolean not null default false,         -- administers the instance
    add column suspended_at timestamptz,
    add column suspension text,                              -- why
    add column disabled_at timestamptz,                      -- by the user; a login can undo it
    add column deleted_at timestamptz,                       -- for good: the row only stands for what the user wrote
    add column mfa_enabled boolean not null default false,
    add column totp_sealed bytea,                            -- under a key derived from the platform's signing keys
    add column totp_step bigint not null default 0;          -- of the last code that was used; earlier ones are no good

create table backup_codes (
    user_id  bigint not null references users on delete cascade,
    number   smallint not null,
    sealed   bytea not null,        -- as totp_sealed: too short to be kept as a hash
    used_at  timestamptz,
    primary key (user_id, number)
);

-- Between a good password and the second factor.
create table login_tickets (
    hash           bytea primary key,
    user_id        bigint not null references users on delete cascade,
    password_hash  text not null,   -- that was good: a change ends the ticket
    expires_at     timestamptz not null
);
create index login_tickets_expiry on login_tickets (expires_at);

create table password_resets (
    hash        bytea primary key,
    user_id     bigint not null references users on delete cascade,
    expires_at  timestamptz not null
);
create index password_resets_user on password_resets (user_id);

-- Accounts whose epoch Redis has yet to be told of: the command line reaches Postgres alone.
create table untold_epochs (
    user_id  bigint primary key references users on delete cascade
);

create table registration_invitations (
    code        text primary key,
    note        text not null default '',
    creator_id  bigint references users on delete set null,   -- null: by the command line
    max_uses    int not null,
    uses        int not null default 0,
    created_at  timestamptz not null default now(),
    expires_at  timestamptz not null
);

-- What users report to the administrators.
create table reports (
    id           bigint primary key,
    reporter_id  bigint not null references users on delete cascade,
    user_id      bigint not null,
    guild_id     bigint,
    channel_id   bigint,
    message_id   bigint,
    content      text,          -- of the message when it was reported
    reason       text not null,
    closed_at    timestamptz,
    closed_by    bigint,        -- null: by the command line
    resolution   text
);
create index reports_open on reports (id) where closed_at is null;
create index reports_reporter on reports (reporter_id, id desc);

-- Deleted accounts: some still are in guilds and lists of friends.
create index users_leaving on users (deleted_at) where deleted_at is not null;
