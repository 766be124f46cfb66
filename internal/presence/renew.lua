-- Renews a lease that hasn't ended, or begins a new one.
--
-- KEYS: 1 leases
-- ARGV: 1 lease, 2 ms it lasts from now, 3 '1' to begin it
-- Returns 1, or 0 if it has ended.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ends = redis.call('ZSCORE', KEYS[1], ARGV[1])
if ARGV[3] ~= '1' and (not ends or tonumber(ends) <= now) then
  return 0
end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1])
return 1
