-- Changes one session of a user and numbers the outcome, even if nothing changed.
--
-- An entry is the lease it was told under, a line end, and JSON. Numbers go up with Redis' clock, so they go on rising when
-- the hash has expired in between.
--
-- KEYS: 1 the user's hash
-- ARGV: 1 session id, 2 entry (empty: remove the session, if it is under the lease), 3 lease, 4 most sessions
-- Returns {1 done, 0 nothing to remove, -1 too many sessions; 1 if it was under the lease before; number; the hash before}

local key, session, entry, lease = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local before = redis.call('HGETALL', key)
local had = redis.call('HGET', key, session)
local version = tonumber(redis.call('HGET', key, 'version') or 0)

local ours = had and string.sub(had, 1, #lease + 1) == lease .. '\n'
local done = 1

if entry ~= '' then
  if not had and redis.call('HLEN', key) > tonumber(ARGV[4]) then -- one field is the number
    return {-1, 0, version, before}
  end
  redis.call('HSET', key, session, entry)
elseif ours then
  redis.call('HDEL', key, session)
else
  done = 0
end

local time = redis.call('TIME')
version = math.max(version + 1, time[1] * 1000 + math.floor(time[2] / 1000))
redis.call('HSET', key, 'version', string.format('%.0f', version))
if redis.call('HLEN', key) == 1 then
  redis.call('PEXPIRE', key, 60000)
else
  redis.call('PERSIST', key)
end
return {done, ours and 1 or 0, version, before}
