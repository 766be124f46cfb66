-- The trace of the request that an event for an application comes of, if it is traced.
alter table deliveries add column trace text;
