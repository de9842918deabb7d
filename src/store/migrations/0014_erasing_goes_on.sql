-- When everything beside the rows was gone too: sounds, copies of the database, its free pages. Null: the next start goes on.
alter table erasures add column cleaned_ms bigint;
-- The sounds that are to go, by their hashes, with commas between them.
alter table erasures add column sounds text not null default '';
update erasures set cleaned_ms = at_ms;
