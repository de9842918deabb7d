-- How a user signs in to the pages.
create table credentials (
    user_id text primary key references users (id),
    -- argon2id, with its parameters and salt. Null: they can't sign in by a password.
    password_hash text,
    changed_ms bigint not null
);

create table sessions (
    id text primary key,
    user_id text not null references users (id),
    -- Of the secret in the cookie.
    sha256 text not null unique,
    -- What the browser says it is.
    browser text not null,
    created_ms bigint not null,
    used_ms bigint not null
);

-- Links that work once.
create table invitations (
    id text primary key,
    -- Null: the first start, which makes the first admin.
    user_id text references users (id),
    sha256 text not null unique,
    expires_ms bigint not null
);
