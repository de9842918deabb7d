-- Tickets that wait for somebody, and are routed again.
create table waiting (
    ticket text primary key,
    channel text not null,
    since_ms bigint not null
);

create index waiting_by_age on waiting (since_ms, ticket);

-- By which ways people are told of tickets, as documents: of a user, or of everybody.
create table notification_choices (
    holder text primary key,
    document text not null
);

-- What somebody was told on the pages.
create table notifications (
    id text primary key,
    user_id text not null,
    at_ms bigint not null,
    about text not null,
    ticket text not null,
    read_ms bigint
);

create index notifications_of_user on notifications (user_id, id);
create index unread_notifications on notifications (user_id, id) where read_ms is null;
create index notifications_of_ticket on notifications (ticket);
create index notifications_by_age on notifications (at_ms);
