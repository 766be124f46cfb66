-- What users have asked to get of what is kept about them. The archives are in the blob store, under their ids.
create table data_exports (
    id           bigint primary key,
    user_id      bigint not null references users on delete cascade,
    asked_by     bigint,                                -- an administrator; null: the user, or the command line
    state        text not null default 'waiting' check (state in ('waiting', 'ready', 'failed')),
    attempts     int not null default 0,
    due          timestamptz not null default now(),    -- of the next attempt
    size         bigint not null default 0,             -- of the archive, in bytes
    created_at   timestamptz not null default now(),
    finished_at  timestamptz,
    expires_at   timestamptz,                           -- then it goes, with its archive
    told_at      timestamptz                            -- when the mail was written
);
create index data_exports_user on data_exports (user_id, id desc);
create index data_exports_waiting on data_exports (due) where state = 'waiting';
create index data_exports_untold on data_exports (id) where state = 'ready' and told_at is null;
create index data_exports_expiry on data_exports (expires_at);
