-- Writes the record of a session: a new one, or one that takes it over.
--
-- KEYS: 1 the record, a hash
-- ARGV: 1 owner that it should have now (empty: any, or none), 2 its base then, 3 ms to live, 4 a random word,
--       then fields and values
-- Returns 1, 0 if there is no record, -1 if it is another's

if ARGV[1] ~= '' then
  local has = redis.call('HMGET', KEYS[1], 'o', 'b', 'c')
  if not has[1] then
    return 0
  end
  if has[3] == ARGV[4] then -- a first try has come through
    return 1
  end
  if has[1] ~= ARGV[1] or has[2] ~= ARGV[2] then
    return -1
  end
end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'c', ARGV[4], unpack(ARGV, 5))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1
