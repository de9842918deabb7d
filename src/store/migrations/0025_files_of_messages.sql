-- To see whether a file is still needed.
create index messages_by_raw on messages (raw) where raw is not null;
-- To see which conversations are old.
create index closed_conversations on tickets (closed_ms) where closed_ms is not null and call is null;
