-- What the API expects of its database. The stack's setup job runs it, as often as it likes.

create table if not exists notes (
  id         bigint generated always as identity primary key,
  title      text        not null,
  text       text        not null default '',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

-- The order in which GET /notes lists them.
create index if not exists notes_created_at on notes (created_at desc, id desc);
