-- Deletes a session's record, unless another has taken it over.
--
-- KEYS: 1 the record, a hash
-- ARGV: 1 owner

if redis.call('HGET', KEYS[1], 'o') == ARGV[1] then
  redis.call('DEL', KEYS[1])
end
return 1
