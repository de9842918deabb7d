-- Who was there, and who said that they were not: a replay of a month looks at these events alone.
create index presence_events on events (at_ms)
    where substr(document, 11, 9) in ('agent_con', 'agent_dis', 'availabil');
-- What was opened on a channel in a stretch of time.
create index tickets_of_channel on tickets (channel, created_ms);
