-- What a POST with an Idempotency-Key was answered, for a day.
create table repeats (
    -- The token's id, or a name for those who need none.
    asker text not null,
    key text not null,
    -- A hash of method, path and body.
    request text not null,
    at_ms bigint not null,
    location text not null,
    -- Null: it held a secret, which is not kept.
    body text,
    primary key (asker, key)
);

create index repeats_by_age on repeats (at_ms);

-- Every change of the settings, and every message that was listened to.
create table audit (
    id text primary key,
    at_ms bigint not null,
    -- `token`, `command_line` or `daemon`.
    author text not null,
    token text,
    user_id text,
    action text not null,
    kind text not null,
    subject text not null,
    before text,
    after text
);
