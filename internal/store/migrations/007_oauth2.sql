-- What applications may do for their users, and what they tell of themselves.
alter table applications
    add column client_secret_hash bytea,      -- SHA-256; the secret itself is shown once
    add column cover_image text,
    add column max_participants int,
    add column explicit_content_filter smallint not null default 0,
    add column terms_of_service_url text,
    add column privacy_policy_url text,
    add column custom_install_url text,
    add column role_connections_verification_url text,
    add column install_params jsonb,
    add column integration_types_config jsonb,
    add column role_connections_metadata jsonb not null default '[]';

-- What a user has agreed to, once an application. Whatever changes codes or tokens locks its row first; deleting it ends them.
create table oauth2_authorizations (
    id              bigint primary key,
    application_id  bigint not null references applications on delete cascade,
    user_id         bigint not null references users on delete cascade,
    scopes          text[] not null,          -- empty: only the application's own tokens, by client credentials
    user_install    boolean not null default false,
    unique (application_id, user_id)
);
create index oauth2_authorizations_user on oauth2_authorizations (user_id);

create table oauth2_codes (
    hash              bytea primary key,
    authorization_id  bigint not null references oauth2_authorizations on delete cascade,
    scopes            text[] not null,
    redirect_uri      text not null,
    challenge         text not null,          -- PKCE; empty: none
    challenge_method  text not null,
    nonce             text not null,
    guild_id          bigint,                 -- where the bot goes
    permissions       bigint not null,
    adds_bot          boolean not null,       -- with the exchange; otherwise it has been added
    webhook_id        bigint,
    logged_in_at      timestamptz not null,
    expires_at        timestamptz not null,
    family            bigint                  -- the tokens that it was spent for
);
create index oauth2_codes_authorization on oauth2_codes (authorization_id);
create index oauth2_codes_expiry on oauth2_codes (expires_at);

-- Access tokens are signed and name their row. A family began with a code; its refresh tokens follow one another.
create table oauth2_tokens (
    id                  bigint primary key,
    authorization_id    bigint not null references oauth2_authorizations on delete cascade,
    family              bigint not null,
    scopes              text[] not null,
    expires_at          timestamptz not null,
    refresh_hash        bytea unique,
    refresh_expires_at  timestamptz,
    refreshed_at        timestamptz
);
create index oauth2_tokens_authorization on oauth2_tokens (authorization_id, id);
create index oauth2_tokens_expiry on oauth2_tokens ((greatest(expires_at, refresh_expires_at)));

-- What an application says of a user for linked roles.
create table role_connections (
    application_id     bigint not null references applications on delete cascade,
    user_id            bigint not null references users on delete cascade,
    platform_name      text,
    platform_username  text,
    metadata           jsonb not null default '{}',
    primary key (application_id, user_id)
);

-- The RSA keys that sign ID tokens: the newest signs, all are published.
create table oidc_keys (
    id          text primary key,
    public      bytea not null,   -- PKCS #1
    sealed      bytea not null,   -- the private key, PKCS #8, under a key derived from the platform's signing keys
    created_at  timestamptz not null default now()
);
