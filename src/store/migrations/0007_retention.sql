-- Calls that were removed, by a hash of what their telephone company calls them: a webhook of one that comes again is
-- still known to be late.
create table known_calls (
    fingerprint text primary key
);

-- Persons who were erased, by a keyed hash of their number. The file `erasures` beside the database has them too: what
-- is there and not here was erased after this database was backed up.
create table erasures (
    hash text primary key,
    at_ms bigint not null
);

create index calls_by_end on calls (ended_ms) where ended_ms is not null;
create index events_by_age on events (at_ms);
