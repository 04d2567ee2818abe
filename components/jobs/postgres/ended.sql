-- After each file of a PostgresSetup that is run without a transaction: whether it has left one open.
\set ON_ERROR_STOP on
\o
select pg_catalog.pg_current_xact_id_if_assigned() is null as stackyard_ended \gset
\if :stackyard_ended
\else
do 'begin raise exception ''this file begins a transaction that it does not end: its work is lost''; end';
\endif
