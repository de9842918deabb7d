-- Tickets on which the outside service answers first: its last turn.
create table customer_agent_turns (
    ticket text primary key,
    asked_ms bigint not null,
    -- By then it must have said something. Null: there is nothing to be answered.
    until_ms bigint,
    -- It has handed over, or failed: people do it from now on.
    over_ms bigint
);

create index customer_agent_turns_open on customer_agent_turns (until_ms) where until_ms is not null;
