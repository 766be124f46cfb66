-- Appends a batch to a journal, if it reaches to where the writer thinks it does; or, without a payload, keeps it alive.
--
-- KEYS: 1 entries, 2 heads, in one slot
-- ARGV: 1 position that the journal should reach to, 2 position that it reaches to then, 3 payload (empty: no batch),
--       4 position up to which nothing is needed any more (0: nothing), 5 ms to live,
--       then log, seq, ... for the heads that change; a seq of -1 removes one
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
  for i = 6, #ARGV, 2 do
    if ARGV[i + 1] == '-1' then
      redis.call('HDEL', heads, ARGV[i])
    else
      redis.call('HSET', heads, ARGV[i], ARGV[i + 1])
    end
  end
end
-- The replication id changes when a replica becomes a master, or a master starts anew: readers tell by it whether the
-- end of the journal may be lost.
local master = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
redis.call('HSET', heads, 'last', ARGV[2], 'master', master)
redis.call('PEXPIRE', entries, ARGV[5])
redis.call('PEXPIRE', heads, ARGV[5])
return ARGV[2]
