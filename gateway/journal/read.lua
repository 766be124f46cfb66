-- Reads a page of a journal, and with the last one its heads.
--
-- KEYS: 1 entries, 2 heads, in one slot
-- ARGV: 1 first id as XRANGE has it, 2 most batches, 3 '1' for the heads too
-- Returns nothing if there is no journal; else the position that it reaches to, 1 if this master has acknowledged that,
-- payloads, and heads as HGETALL has them.

local state = redis.call('HMGET', KEYS[2], 'last', 'master')
if not state[1] then
  return {}
end
local payloads = {}
for i, entry in ipairs(redis.call('XRANGE', KEYS[1], ARGV[1], '+', 'COUNT', ARGV[2])) do
  payloads[i] = entry[2][2]
end
local heads = {}
if ARGV[3] == '1' and #payloads < tonumber(ARGV[2]) then
  heads = redis.call('HGETALL', KEYS[2])
end
local master = string.match(redis.call('INFO', 'replication'), 'master_replid:(%x+)')
return {state[1], state[2] == master and 1 or 0, payloads, heads}
