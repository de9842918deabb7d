-- Ids are UUIDv7 in 32 hex digits, instants milliseconds of Unix time, "whether" a nullable "when".

create table engine (
    account text primary key,
    epoch bigint not null,
    last_batch bigint not null,
    -- Set by a clean stop, cleared by a start.
    stopped_ms bigint
);

-- Settings are documents: they are read whole, checked whole and saved whole.
create table users (
    id text primary key,
    email text not null unique,
    document text not null
);

create table teams (
    id text primary key,
    name text not null unique,
    document text not null
);

create table channels (
    id text primary key,
    name text not null unique,
    document text not null
);

create table greetings (
    id text primary key,
    name text not null unique,
    sha256 text not null,
    created_ms bigint not null
);

create table tokens (
    id text primary key,
    name text not null,
    role text not null,
    user_id text references users (id),
    sha256 text not null unique,
    created_ms bigint not null
);

-- What outlives a restart of what we know of an agent.
create table agents (
    user_id text primary key,
    by_hand text not null,
    misses bigint not null,
    idle_since_ms bigint,
    -- 1: a softphone was connected.
    connected bigint
);

create table cursors (
    channel text primary key,
    user_id text not null,
    position bigint not null
);

create table calls (
    id text primary key,
    channel text not null,
    provider text not null,
    provider_call_id text not null,
    caller text not null,
    called text not null,
    state text not null,
    outcome text,
    agent text,
    ticket text not null,
    arrived_ms bigint not null,
    ended_ms bigint,
    -- The whole call, while it is live.
    live text,
    unique (provider, provider_call_id)
);

create index live_calls on calls (id) where live is not null;

create table offers (
    id text primary key,
    call text not null,
    agent text not null,
    at_ms bigint not null,
    ended_ms bigint,
    cause text
);

create index offers_of_call on offers (call);

create table decisions (
    id text primary key,
    call text not null,
    ticket text not null,
    at_ms bigint not null,
    document text not null
);

create index decisions_on_call on decisions (call);
create index decisions_on_ticket on decisions (ticket);

create table tickets (
    id text primary key,
    type text not null,
    status text not null,
    owner text,
    team text,
    call text,
    channel text,
    created_ms bigint not null,
    assigned_ms bigint,
    closed_ms bigint,
    -- The day of closing, in the account's time zone.
    closed_on text
);

create index open_owned_tickets on tickets (owner, type, assigned_ms) where owner is not null and closed_ms is null;

create table voicemails (
    call text primary key,
    recording text not null,
    seconds bigint not null,
    sha256 text not null,
    kept_ms bigint not null
);

create table jobs (
    id text primary key,
    document text not null,
    due_ms bigint not null,
    tries bigint not null,
    -- Set before the first request leaves: after a crash it may have been carried out.
    sent_ms bigint,
    -- Given up; somebody has to look.
    failed_ms bigint,
    error text
);

-- Everything that came in, in the order in which it was decided.
create table events (
    batch bigint not null,
    place bigint not null,
    at_ms bigint not null,
    document text not null,
    primary key (batch, place)
);

-- What webhooks were answered, for those that come again.
create table answers (
    event_key text primary key,
    at_ms bigint not null,
    content_type text not null,
    body text not null
);

create index answers_by_age on answers (at_ms);

-- What could not be decided or recorded.
create table quarantine (
    id text primary key,
    at_ms bigint not null,
    error text not null,
    document text not null
);
