-- What a user proves besides the password: a device of theirs knows this secret (RFC 6238).
create table second_factors (
    user_id text primary key references users (id),
    -- base32. It can't be a hash: codes are reckoned from it.
    secret text not null,
    -- The latest 30 s whose code was used; no code is taken twice.
    last_step bigint not null,
    set_up_ms bigint not null
);

-- In place of a code, each once, for whoever has lost the device.
create table recovery_codes (
    user_id text not null references users (id),
    sha256 text not null,
    primary key (user_id, sha256)
);
