-- What the world may want to know, in the order in which it was decided: ids rise.
create table happenings (
    id text primary key,
    at_ms bigint not null,
    kind text not null,
    call text,
    ticket text,
    document text not null
);

create index happenings_by_age on happenings (at_ms);

-- Who is told by webhook. The secrets are kept as they are, as they must sign.
create table webhooks (
    id text primary key,
    name text not null unique,
    url text not null,
    events text not null,
    secret text not null,
    -- The secret before the last change, which signs too until then.
    old_secret text,
    old_until_ms bigint,
    created_ms bigint not null,
    disabled_ms bigint
);

-- One happening on its way to one receiver.
create table deliveries (
    id text primary key,
    happening text not null,
    -- The id of a webhook, or "mail".
    receiver text not null,
    -- Where a mail goes.
    recipient text,
    due_ms bigint not null,
    tries bigint not null,
    -- What the receiver answered last.
    status bigint,
    error text,
    done_ms bigint,
    -- Given up; somebody has to look.
    failed_ms bigint
);

create index open_deliveries on deliveries (receiver, due_ms) where done_ms is null and failed_ms is null;
create index failed_deliveries on deliveries (id) where failed_ms is not null;
create index deliveries_to on deliveries (receiver, id);
create index deliveries_of on deliveries (happening);
