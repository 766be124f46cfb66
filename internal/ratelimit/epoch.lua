-- Raises a user's auth epoch, never lowers it.
--
-- KEYS: 1 epoch
-- ARGV: 1 epoch, 2 ms to keep it

if tonumber(ARGV[1]) >= tonumber(redis.call('GET', KEYS[1]) or 0) then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
end
return 1
