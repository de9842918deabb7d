-- Lists of open tickets look at these alone.
create index open_tickets on tickets (id) where closed_ms is null;

-- Who changed this one thing, or any of this kind.
create index audit_of_subject on audit (subject, id);
create index audit_of_kind on audit (kind, id);
