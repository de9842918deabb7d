alter table greetings add column length_ms bigint not null default 0;
