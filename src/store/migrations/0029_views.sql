-- Lists of tickets that somebody keeps under a name.
create table views (
    id text primary key,
    owner text not null,
    -- Everybody may use it.
    shared_ms bigint,
    name text not null,
    -- What is asked for, as JSON.
    document text not null
);

create index views_of_owner on views (owner, id);
create index shared_views on views (id) where shared_ms is not null;
