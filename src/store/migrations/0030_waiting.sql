-- Tickets that wait for somebody, and are routed again.
create table waiting (
    ticket text primary key,
    channel text not null,
    since_ms bigint not null
);

create index waiting_by_age on waiting (since_ms, ticket);
