-- What customers write and are answered.

alter table tickets add column inbox text;
alter table tickets add column subject text;
alter table tickets add column contact text;
-- Who the customer is on the ticket's channel: number, email, visitor or unknown, and what stands for them.
alter table tickets add column customer_kind text;
alter table tickets add column customer text;
-- What it says of itself, as JSON.
alter table tickets add column properties text;

create index tickets_of_contact on tickets (contact, id) where contact is not null;
create index tickets_of_customer on tickets (customer, customer_kind) where customer is not null;

create table messages (
    id text primary key,
    -- Null: it belongs to none yet.
    ticket text,
    channel text not null,
    at_ms bigint not null,
    -- in or out
    side text not null,
    -- Whom it is from, or goes to.
    person_kind text not null,
    person text,
    -- What they call themselves.
    name text,
    -- 1: a machine wrote it.
    automatic bigint,
    -- Who of the desk wrote it: a user's id, customer_agent or token.
    author text,
    state text,
    state_ms bigint,
    -- What went wrong the last time that it was sent.
    error text,
    subject text,
    text text not null,
    html text,
    outside_id text,
    -- Under its channel and this it is the same message come again.
    message_key text,
    -- The file of the whole message as it came.
    raw text,
    -- Outside ids to which it answers, the nearest first, as JSON.
    answers text,
    tries bigint not null,
    -- When it is sent, or sent again.
    due_ms bigint
);

create unique index messages_once on messages (channel, message_key) where message_key is not null;
create index messages_of_ticket on messages (ticket, id);
create index messages_by_outside_id on messages (outside_id, channel) where outside_id is not null;
create index messages_of_person on messages (person, person_kind, channel, id) where person is not null;
create index messages_to_send on messages (due_ms) where due_ms is not null;
create index messages_of_no_ticket on messages (id) where ticket is null;

create table attachments (
    message text not null,
    place bigint not null,
    sha256 text not null,
    name text not null,
    content_type text not null,
    bytes bigint not null,
    content_id text,
    primary key (message, place)
);

create index attachments_by_file on attachments (sha256);

-- What somebody is still writing: one on each ticket.
create table drafts (
    ticket text not null,
    author text not null,
    at_ms bigint not null,
    -- As JSON.
    document text not null,
    primary key (ticket, author)
);

-- A decision on a ticket need not be about a call.
create table decisions_of_all (
    id text primary key,
    call text,
    ticket text not null,
    at_ms bigint not null,
    document text not null
);
insert into decisions_of_all (id, call, ticket, at_ms, document)
    select id, call, ticket, at_ms, document from decisions;
drop table decisions;
alter table decisions_of_all rename to decisions;
create index decisions_on_call on decisions (call) where call is not null;
create index decisions_on_ticket on decisions (ticket);
