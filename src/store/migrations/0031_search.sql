-- What is looked for by its words: messages, notes and the subjects of tickets. Triggers keep it, so that what is written
-- is found from the same transaction on, and what is removed is not found any more.
create table search_rows (
    row integer primary key,
    -- The id of a message, a note or a ticket.
    source text not null unique,
    ticket text not null
);

create index search_rows_of_ticket on search_rows (ticket);

-- It keeps no text, only where each word stands.
create virtual table search_words using fts5 (
    words, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3'
);

create trigger message_is_found after insert on messages when new.ticket is not null begin
    insert into search_rows (source, ticket) values (new.id, new.ticket);
    insert into search_words (rowid, words) select row,
        coalesce(new.subject, '') || char(10) || new.text || char(10) || coalesce(new.name, '') || char(10)
        || coalesce(new.person, '') from search_rows where source = new.id;
end;

create trigger message_is_moved after update of ticket on messages when new.ticket is not old.ticket begin
    delete from search_words where rowid in (select row from search_rows where source = old.id);
    delete from search_rows where source = old.id;
    insert into search_rows (source, ticket) select new.id, new.ticket where new.ticket is not null;
    insert into search_words (rowid, words) select row,
        coalesce(new.subject, '') || char(10) || new.text || char(10) || coalesce(new.name, '') || char(10)
        || coalesce(new.person, '') from search_rows where source = new.id;
end;

create trigger message_is_gone after delete on messages begin
    delete from search_words where rowid in (select row from search_rows where source = old.id);
    delete from search_rows where source = old.id;
end;

create trigger note_is_found after insert on notes begin
    insert into search_rows (source, ticket) values (new.id, new.ticket);
    insert into search_words (rowid, words) select row, new.text from search_rows where source = new.id;
end;

create trigger note_is_gone after delete on notes begin
    delete from search_words where rowid in (select row from search_rows where source = old.id);
    delete from search_rows where source = old.id;
end;

create trigger subject_is_found after insert on tickets when new.subject is not null begin
    insert into search_rows (source, ticket) values (new.id, new.id);
    insert into search_words (rowid, words) select row, new.subject from search_rows where source = new.id;
end;

create trigger subject_is_changed after update of subject on tickets when new.subject is not old.subject begin
    delete from search_words where rowid in (select row from search_rows where source = old.id);
    delete from search_rows where source = old.id;
    insert into search_rows (source, ticket) select new.id, new.id where new.subject is not null;
    insert into search_words (rowid, words) select row, new.subject from search_rows where source = new.id;
end;

create trigger subject_is_gone after delete on tickets when old.subject is not null begin
    delete from search_words where rowid in (select row from search_rows where source = old.id);
    delete from search_rows where source = old.id;
end;

insert into search_rows (source, ticket) select id, ticket from notes;
insert into search_words (rowid, words)
    select row, text from search_rows join notes on notes.id = search_rows.source;
