-- From where a change was made; of one over the command line nothing is known.
alter table audit add column address text;
