-- Raises a guild's permission version to what the primary says; never lowers it.
--
-- KEYS[1] state of the guild's log
-- ARGV    structure, members, milliseconds kept

for i, field in ipairs({'structure', 'members'}) do
  if tonumber(ARGV[i]) >= tonumber(redis.call('HGET', KEYS[1], field) or 0) then
    redis.call('HSET', KEYS[1], field, ARGV[i])
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1