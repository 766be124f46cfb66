-- Begins a journal anew: what it had does not connect to what follows.
--
-- KEYS: 1 entries, 2 heads, in one slot
-- ARGV: 1 number of the restart, 2 position that the journal reaches to then, 3 payload, 4 ms to live,
--       then log, seq, ...: all heads
-- Returns 1, or 0 if there was a later restart: this one was a long time on its way.

local entries, heads = KEYS[1], KEYS[2]
local restart = redis.call('HGET', heads, 'restart')
if restart == ARGV[1] then
  return 1
end
if restart and tonumber(restart) > tonumber(ARGV[1]) then
  return 0
end
redis.call('UNLINK', entries, heads)
redis.call('XADD', entries, ARGV[2] .. '-0', 'b', ARGV[3])
local most = 1000 -- arguments of one call
for i = 5, #ARGV, most do
  redis.call('HSET', heads, unpack(ARGV, i, math.min(i + most - 1, #ARGV)))
end
local master = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
redis.call('HSET', heads, 'restart', ARGV[1], 'last', ARGV[2], 'master', master)
redis.call('PEXPIRE', entries, ARGV[4])
redis.call('PEXPIRE', heads, ARGV[4])
return 1
