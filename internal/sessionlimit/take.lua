-- Starts a session if the bot may. KEYS: its window, its day. ARGV: window in ms, sessions a day, day in ms.
-- Returns 0 when it has started, the milliseconds to wait when another just has, -1 when the day is used up.
if tonumber(redis.call('GET', KEYS[2]) or 0) >= tonumber(ARGV[2]) then
  return -1
end
local left = redis.call('PTTL', KEYS[1])
if left > 0 then
  return left
end
redis.call('SET', KEYS[1], 1, 'PX', ARGV[1])
if redis.call('INCR', KEYS[2]) == 1 then
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
end
return 0
