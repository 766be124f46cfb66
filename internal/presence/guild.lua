-- Copies a user's presence into a guild, unless what is there is newer.
--
-- KEYS: 1 the guild's presences, 2 those who went
-- ARGV: 1 user, 2 number, 3 presence (empty: offline), 4 ms to keep the presences, 5 ms to keep those who went

local user, version, presence = ARGV[1], ARGV[2], ARGV[3]
local had = redis.call('HGET', KEYS[1], user) or redis.call('HGET', KEYS[2], user)
if had and tonumber(string.match(had, '^%d+')) > tonumber(version) then
  return 0
end
if presence == '' then
  redis.call('HDEL', KEYS[1], user)
  redis.call('HSET', KEYS[2], user, version)
  redis.call('PEXPIRE', KEYS[2], ARGV[5])
else
  redis.call('HDEL', KEYS[2], user)
  redis.call('HSET', KEYS[1], user, version .. '\n' .. presence)
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
return 1
