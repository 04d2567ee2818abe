-- After each file of a PostgresSetup: whether its transaction is still the one that it began in.
\set ON_ERROR_STOP on
\o
select pg_catalog.pg_current_xact_id()::pg_catalog.text operator(pg_catalog.=) :'stackyard_transaction' as stackyard_whole \gset
\if :stackyard_whole
select pg_catalog.set_config('stackyard.whole', 'yes', true) as stackyard_whole \gset
\else
do 'begin raise exception ''this file has ended or left the transaction that it is run in''; end';
\endif
