-- A call can leave more than one message: a caller who was brought back may leave another.
create table messages (
    call text not null,
    -- Its id at the telephone company.
    recording text not null,
    seconds bigint not null,
    sha256 text not null,
    kept_ms bigint not null,
    primary key (call, recording)
);
insert into messages (call, recording, seconds, sha256, kept_ms)
    select call, recording, seconds, sha256, kept_ms from voicemails;
drop table voicemails;
alter table messages rename to voicemails;

-- Steady time, in milliseconds.
alter table agents add column wraps_up_until_ms bigint;
