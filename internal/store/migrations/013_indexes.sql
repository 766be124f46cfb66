-- What goes with a row that is deleted has to be found without reading the whole table.
create index channels_parent on channels (parent_id) where parent_id is not null;
create index dm_pairs_channel on dm_pairs (channel_id);
create index threads_guild on threads (guild_id);
create index scheduled_events_channel on scheduled_events (channel_id) where channel_id is not null;
create index webhooks_application on webhooks (application_id) where application_id is not null;
create index invites_target_application on invites (target_application_id) where target_application_id is not null;

-- The next purge, of which a ban of many plans one a channel and user.
create index purges_next on purges ((author_id is null), id);

-- Nobody asks what a user has voted for.
drop index poll_votes_user;
