-- Messages in threads have files too, and threads are no channels: what the reference did, the trigger does for both.
alter table attachment_uses drop constraint attachment_uses_channel_id_fkey;

create or replace function purge_channel() returns trigger language plpgsql as $$
begin
    delete from attachment_uses where channel_id = old.id;
    insert into purges (channel_id) values (old.id);
    return null;
end $$;
drop trigger threads_purge on threads;
drop function purge_thread();
create trigger threads_purge after delete on threads for each row execute function purge_channel();
