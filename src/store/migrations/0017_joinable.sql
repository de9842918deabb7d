-- At a start the open tickets that callers may join are read, and no others: there may be a million.
drop index open_tickets_by_touch;
create index open_tickets_by_touch on tickets (touched_ms) where closed_ms is null and call is not null;
