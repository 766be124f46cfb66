-- Changes fields of a session's record, unless another has taken it over.
--
-- KEYS: 1 the record, a hash
-- ARGV: 1 owner, 2 ms to live, 3 position of the guilds, 4 guilds (both empty: they stay as they are),
--       then other fields and values
-- Returns 1, 0 if there is no record, -1 if it is another's

local has = redis.call('HMGET', KEYS[1], 'o', 'a')
if not has[1] then
  return 0
end
if has[1] ~= ARGV[1] then
  return -1
end
if ARGV[3] ~= '' and tonumber(ARGV[3]) >= tonumber(has[2]) then
  redis.call('HSET', KEYS[1], 'a', ARGV[3], 'g', ARGV[4])
end
if #ARGV > 4 then
  redis.call('HSET', KEYS[1], unpack(ARGV, 5))
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
