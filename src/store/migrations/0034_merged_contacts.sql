-- Contacts that turned out to be another: who asks for the one is led to the other.
create table merged_contacts (
    -- The one that is gone.
    id text primary key,
    stays text not null
);

create index merged_by_who_stays on merged_contacts (stays);
