-- Takes one request from the caller's global limit and from a bucket, both or neither.
--
-- A window is a counter that begins with its first request and expires at its end. All keys have the caller's hash tag.
--
-- KEYS: 1 auth epoch, 2 global window, 3 bucket window
-- ARGV: 1 global limit (0: the bucket is exempt), 2 global window ms, 3 bucket limit, 4 bucket window ms
-- Returns {refused by: 0 nothing, 1 global, 2 bucket; remaining in the bucket; ms until the window that decided ends;
--          auth epoch or false}

local had = redis.call('MGET', unpack(KEYS))
local epoch, global, bucket = had[1], tonumber(had[2] or 0), tonumber(had[3] or 0)
local global_limit, bucket_limit = tonumber(ARGV[1]), tonumber(ARGV[3])

local function left(key, window)
  local ms = redis.call('PTTL', key)
  if ms < 0 then -- it has no end: give it one
    redis.call('PEXPIRE', key, window)
    return tonumber(window)
  end
  return ms + 1 -- in its last millisecond a key still lives
end

local function add(key, count, window)
  if count == 0 then
    redis.call('SET', key, 1, 'PX', window)
  else
    redis.call('INCR', key)
  end
end

if global_limit > 0 and global >= global_limit then
  return {1, math.max(bucket_limit - bucket, 0), left(KEYS[2], ARGV[2]), epoch}
end
if bucket >= bucket_limit then
  return {2, 0, left(KEYS[3], ARGV[4]), epoch}
end
if global_limit > 0 then
  add(KEYS[2], global, ARGV[2])
end
add(KEYS[3], bucket, ARGV[4])
return {0, bucket_limit - bucket - 1, left(KEYS[3], ARGV[4]), epoch}
