-- Appends a batch to a journal, if it reaches to where the writer thinks it does; or, without a payload, keeps it alive.
--
-- KEYS: 1 entries, 2 heads, in one slot
-- ARGV: 1 position that the journal should reach to, 2 position that it reaches to then, 3 payload (empty: no batch),
--       4 position up to which nothing is needed any more (0: nothing), 5 ms to live (empty: as before),
--       6 number of the arguments that follow: log, seq, ... for the heads that change; then the logs without a head
-- Returns the position that the journal reaches to. Other than ARGV[2]: nothing was done, the end of the journal is lost.

local entries, heads = KEYS[1], KEYS[2]
local last = redis.call('HGET', heads, 'last')
if not last then
  redis.call('UNLINK', entries)
  last = '0'
end
if last ~= ARGV[2] then -- else a first try has come through
  if last ~= ARGV[1] then
    return last
  end
  if ARGV[4] ~= '0' then
    redis.call('XADD', entries, 'MINID', '~', ARGV[4] .. '-1', ARGV[2] .. '-0', 'b', ARGV[3])
  else
    redis.call('XADD', entries, ARGV[2] .. '-0', 'b', ARGV[3])
  end
  local most = 1000 -- arguments of one call
  local till = 6 + tonumber(ARGV[6])
  for i = 7, till, most do
    redis.call('HSET', heads, unpack(ARGV, i, math.min(i + most - 1, till)))
  end
  for i = till + 1, #ARGV, most do
    redis.call('HDEL', heads, unpack(ARGV, i, math.min(i + most - 1, #ARGV)))
  end
  redis.call('HSET', heads, 'last', ARGV[2])
end
if ARGV[5] ~= '' then
  -- The replication id changes when a replica becomes a master, or a master starts anew. As long as it is what it was
  -- here, no acknowledged batch is lost.
  local master = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
  redis.call('HSET', heads, 'master', master)
  redis.call('PEXPIRE', entries, ARGV[5])
  redis.call('PEXPIRE', heads, ARGV[5])
end
return ARGV[2]
