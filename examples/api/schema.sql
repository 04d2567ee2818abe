-- What the API expects of its database. The stack's setup job runs it, as often as it likes.

create table if not exists notes (
  id         bigint generated always as identity primary key,
  title      text        not null,
  text       text        not null default '',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
alter table notes add column if not exists tags text[] not null default '{}';

-- The order in which GET /notes lists them.
create index if not exists notes_created_at on notes (created_at desc, id desc);

-- Which notes still have to be brought to which other database. A row is written with its note, in one transaction, and goes
-- once the other database has it: what that one misses while it is away is not lost.
create table if not exists changes (
  target  text   not null,
  note_id bigint not null,
  -- Another one for each change, so that one which comes meanwhile stays.
  id      bigint not null generated always as identity,
  primary key (target, note_id)
);

create or replace function note_changed() returns trigger language plpgsql as $$
begin
  insert into changes (target, note_id)
    select target, coalesce(new.id, old.id) from unnest(array['graph', 'vectors', 'storage']) as target
    on conflict (target, note_id) do update set id = default;
  return null;
end $$;

create or replace trigger note_changed after insert or update or delete on notes
  for each row execute function note_changed();
