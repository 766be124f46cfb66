-- How much there may be, where the administrators say something else than the platform does.
create table limits (
    name    text not null,
    target  bigint not null,   -- the user or guild that it is for; 0: all for whom there is none
    value   bigint not null,
    primary key (name, target)
);
create index limits_target on limits (target);

-- Who changed what.
create table limit_changes (
    id      bigint primary key,
    name    text not null,
    target  bigint not null,
    before  bigint,            -- null: nothing was said
    after   bigint,
    by_id   bigint             -- null: by the command line
);
