-- What agents write down on tickets.
create table notes (
    id text primary key,
    ticket text not null,
    -- Null: by an API token that is nobody's.
    author text,
    at_ms bigint not null,
    text text not null
);

create index notes_of_ticket on notes (ticket, id);

-- Missed calls that somebody has called back.
create table called_back (
    call text primary key,
    by_user text,
    at_ms bigint not null
);

create index calls_of_caller on calls (caller, id);
