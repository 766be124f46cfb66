-- What few messages have: a webhook's name and picture, a poll, stickers, the interaction that it answers.
alter table messages add column parts jsonb;
