-- Appends events to a log and publishes them, in order and without holes.
--
-- KEYS[1] stream of the log, KEYS[2] its state: last, structure, members; both in one slot with the channel.
-- ARGV    channel, most entries kept, milliseconds kept, base,
--         then for each event: seq, body, '1' if it moves the structure version, '1' if the members version
-- base    '' normally; a seq after which to continue when the events before it are gone for good
-- Returns the last seq in the log. Less than the highest given: the events after it must be sent first.

local last = tonumber(redis.call('HGET', KEYS[2], 'last'))
if not last then
  -- The state may be lost without the log, which takes no entry again.
  local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
  last = newest and tonumber(string.match(newest[1], '^%d+'))
end
if ARGV[4] ~= '' and (not last or last < tonumber(ARGV[4])) then
  last = tonumber(ARGV[4])
end

local function raise(field, seq)
  if seq > tonumber(redis.call('HGET', KEYS[2], field) or 0) then
    redis.call('HSET', KEYS[2], field, string.format('%.0f', seq))
  end
end

for i = 5, #ARGV, 4 do
  local seq = tonumber(ARGV[i])
  -- The versions move even if the event itself must wait: whoever reads them must not trust older permissions.
  if ARGV[i + 2] == '1' then raise('structure', seq) end
  if ARGV[i + 3] == '1' then raise('members', seq) end
  if not last or seq == last + 1 then
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], ARGV[i] .. '-0', 'e', ARGV[i + 1])
    redis.call('SPUBLISH', ARGV[1], ARGV[i] .. ' ' .. ARGV[i + 1])
    last = seq
  end
end

redis.call('HSET', KEYS[2], 'last', string.format('%.0f', last))
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[3] * 12)
return last
