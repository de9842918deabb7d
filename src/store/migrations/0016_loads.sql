-- The loads are counted from these indexes alone: a look into each ticket took most of a start with a million of them.
drop index open_owned_tickets;
create index open_owned_tickets on tickets (owner, type, assigned_ms, closed_ms)
    where owner is not null and closed_ms is null;
create index tickets_of_owner on tickets (owner, assigned_ms) where owner is not null;
