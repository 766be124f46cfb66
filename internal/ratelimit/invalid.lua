-- Counts an invalid request of an address, and bans the address when there were too many.
--
-- KEYS: 1 count, 2 ban
-- ARGV: 1 limit, 2 window ms, 3 ban ms
-- Returns the count.

local count = redis.call('INCR', KEYS[1])
if count == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
if count == tonumber(ARGV[1]) then
  redis.call('SET', KEYS[2], 1, 'PX', ARGV[3])
end
return count
