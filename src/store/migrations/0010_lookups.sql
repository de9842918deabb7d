create index voicemails_by_sound on voicemails (sha256);
create index tickets_of_call on tickets (call);
