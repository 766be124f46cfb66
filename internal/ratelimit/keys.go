package ratelimit

// The keys of an identity share a hash tag, so that one script reaches them.

func tagged(kind string, id Identity) string { return kind + ":{" + string(id) + "}" }

func epochKey(id Identity) string   { return tagged("epoch", id) }
func globalKey(id Identity) string  { return tagged("rate", id) }
func invalidKey(id Identity) string { return tagged("invalid", id) }
func banKey(id Identity) string     { return tagged("ban", id) }

// bucketKey hashes the major parameters: they come from the client, and one is a webhook's token.
func bucketKey(r Request) string {
	return tagged("rate", r.Identity) + ":" + shortHash(r.Bucket.Name, r.Major)
}
