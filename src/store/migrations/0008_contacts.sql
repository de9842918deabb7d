-- People who call.
create table contacts (
    id text primary key,
    document text not null
);

create table contact_numbers (
    -- In E.164.
    number text primary key,
    contact text not null
);

create index numbers_of_contact on contact_numbers (contact);

create index calls_by_caller on calls (caller, id);
create index calls_of_ticket on calls (ticket, id);

-- When anything last happened on it: a caller who calls again soon joins it.
alter table tickets add column touched_ms bigint;
update tickets set touched_ms = max(created_ms, coalesce(assigned_ms, 0), coalesce(closed_ms, 0));
create index open_tickets_by_touch on tickets (touched_ms) where closed_ms is null;
