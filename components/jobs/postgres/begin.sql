-- Before each file of a PostgresSetup, in its transaction.
set transaction read write;
select pg_catalog.pg_current_xact_id()::pg_catalog.text as stackyard_transaction \gset
-- A trigger that makes a COMMIT in the file fail, which undoes its work. SET CONSTRAINTS runs it early, and does not fail.
create temporary table stackyard_transaction (row boolean) on commit drop;
create function pg_temp.stackyard_transaction() returns trigger language plpgsql as $$
begin
  if current_setting('stackyard.whole', true) is distinct from 'yes'
    and current_query() ~* '\y(commit|end)\y' and current_query() !~* '\yconstraints\y'
  then
    raise exception 'this file ends the transaction that it is run in';
  end if;
  return null;
end
$$;
create constraint trigger stackyard_transaction after insert on pg_temp.stackyard_transaction
  deferrable initially deferred for each row execute function pg_temp.stackyard_transaction();
insert into pg_temp.stackyard_transaction values (true);
