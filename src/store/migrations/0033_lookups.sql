-- What happened to a call or on a ticket goes with it: it is not looked for in all that ever happened.
create index happenings_of_call on happenings (call) where call is not null;
create index happenings_of_ticket on happenings (ticket) where ticket is not null;
-- What may wait for somebody on a channel is looked for at each start.
create index unassigned_tickets on tickets (channel, id) where closed_ms is null and owner is null;
