-- Settings too, kept as documents.
create table inboxes (
    id text primary key,
    name text not null unique,
    document text not null
);

create table skills (
    id text primary key,
    name text not null unique,
    document text not null
);
