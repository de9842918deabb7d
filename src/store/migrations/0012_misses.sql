-- When the admin was last told that this agent, the last one of a channel, misses calls.
alter table agents add column misses_told_ms bigint;
