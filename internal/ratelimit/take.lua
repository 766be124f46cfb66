-- Takes requests from the caller's global limit and from a bucket, of each as many as are needed and some ahead, or nothing.
--
-- A window is a counter that begins with its first request and expires at its end. Both keys have the caller's hash tag.
-- What is left of a window is rounded up.
--
-- KEYS: 1 global window, 2 bucket window
-- ARGV: 1 global limit, 2 global window ms, 3 needed of it (0: the caller has some), 4 wanted of it;
--       5 bucket limit, 6 bucket window ms, 7 needed of it, 8 wanted of it
-- Returns {refused by: 0 nothing, 1 global, 2 bucket; taken from the bucket before; now; ms until its window ends;
--          taken from the global limit now; ms until its window ends}
--
-- Ahead, a caller gets an eighth of what is free at most: what one pod holds is missed little by the others.

local had = redis.call('MGET', unpack(KEYS))
local global, bucket = tonumber(had[1] or 0), tonumber(had[2] or 0)

local function left(key, window)
  local ms = redis.call('PTTL', key)
  if ms < 0 then -- it has no end: give it one
    redis.call('PEXPIRE', key, window)
    ms = tonumber(window)
  end
  return ms + 1 -- in its last millisecond a key still lives
end

local function take(key, count, limit, window, needed, wanted)
  local free = limit - count
  local n = math.min(free, wanted, math.max(needed, math.floor(free / 8)))
  if count == 0 then
    redis.call('SET', key, n, 'PX', window)
    return n, tonumber(window) + 1
  end
  redis.call('INCRBY', key, n)
  return n, left(key, window)
end

local needs_global, needs_bucket = tonumber(ARGV[3]), tonumber(ARGV[7])
if needs_global > 0 and global >= tonumber(ARGV[1]) then
  return {1, bucket, 0, 0, 0, left(KEYS[1], ARGV[2])}
end
if needs_bucket > 0 and bucket >= tonumber(ARGV[5]) then
  return {2, bucket, 0, left(KEYS[2], ARGV[6]), 0, 0}
end
local from_global, global_left, from_bucket, bucket_left = 0, 0, 0, 0
if needs_global > 0 then
  from_global, global_left = take(KEYS[1], global, tonumber(ARGV[1]), ARGV[2], needs_global, tonumber(ARGV[4]))
end
if needs_bucket > 0 then
  from_bucket, bucket_left = take(KEYS[2], bucket, tonumber(ARGV[5]), ARGV[6], needs_bucket, tonumber(ARGV[8]))
end
return {0, bucket, from_bucket, bucket_left, from_global, global_left}
