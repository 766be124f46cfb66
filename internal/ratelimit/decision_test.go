package ratelimit

import (
	"encoding/json"
	"maps"
	"net/http"
	"testing"
	"time"
)

func TestHeadersAndBody(t *testing.T) {
	t.Parallel()
	reset := time.UnixMilli(1470173023123)
	counted := Decision{Bucket: Bucket{Name: "x", Limit: 10}, Remaining: 3, Reset: reset, ResetAfter: 1002 * time.Millisecond}
	bucketHeaders := map[string]string{
		"X-Ratelimit-Limit": "10", "X-Ratelimit-Remaining": "3", "X-Ratelimit-Reset": "1470173023.123",
		"X-Ratelimit-Reset-After": "1.002", "X-Ratelimit-Bucket": Bucket{Name: "x"}.Hash(),
	}
	with := func(more map[string]string) map[string]string {
		all := maps.Clone(bucketHeaders)
		maps.Copy(all, more)
		return all
	}
	tests := map[string]struct {
		refused Reason
		headers map[string]string
		body    string
	}{
		"allowed":   {No, bucketHeaders, ""},
		"by bucket": {ByBucket, with(map[string]string{"Retry-After": "2", "X-Ratelimit-Scope": "user"}), `{"message":"You are being rate limited.","retry_after":1.002,"global":false,"code":0}`},
		"by global": {ByGlobal, map[string]string{"Retry-After": "2", "X-Ratelimit-Scope": "global", "X-Ratelimit-Global": "true"}, `{"message":"You are being rate limited.","retry_after":1.002,"global":true,"code":0}`},
		"banned":    {Banned, map[string]string{"Retry-After": "2", "X-Ratelimit-Scope": "global", "X-Ratelimit-Global": "true"}, `{"message":"Too many invalid requests from this address.","retry_after":1.002,"global":true,"code":0}`},
	}
	for name, tt := range tests {
		d := counted
		d.Refused = tt.refused
		h := http.Header{}
		d.WriteHeaders(h)
		got := map[string]string{}
		for key := range h {
			got[key] = h.Get(key)
		}
		if !maps.Equal(got, tt.headers) {
			t.Errorf("%s: headers %v, want %v", name, got, tt.headers)
		}
		if body, _ := json.Marshal(d.Refusal()); tt.body != "" && string(body) != tt.body {
			t.Errorf("%s: body %s, want %s", name, body, tt.body)
		}
	}
	early := counted // by a part of a millisecond, if it were cut off
	early.Refused, early.Reset, early.ResetAfter = ByBucket, reset.Add(100), 1001*time.Millisecond+100
	h := http.Header{}
	early.WriteHeaders(h)
	if h.Get("X-RateLimit-Reset") != "1470173023.124" || h.Get("X-RateLimit-Reset-After") != "1.002" || early.Refusal().RetryAfter != 1.002 {
		t.Errorf("not rounded up: %v, %v", h, early.Refusal())
	}
	shared := counted
	shared.Refused, shared.Bucket.Shared = ByBucket, true
	h = http.Header{}
	shared.WriteHeaders(h)
	if scope := h.Get("X-RateLimit-Scope"); scope != "shared" || !shared.Excused() || counted.Excused() {
		t.Errorf("scope of a limit that all share: %s", scope)
	}
	h = http.Header{}
	if (Decision{}).WriteHeaders(h); len(h) != 0 {
		t.Errorf("nothing counted: %v", h)
	}
}

func TestBucketHash(t *testing.T) {
	t.Parallel()
	a, b := Bucket{Name: "GET /channels/:channel_id", Limit: 5}, Bucket{Name: "GET /guilds/:guild_id"}
	if a.Hash() == b.Hash() || len(a.Hash()) != 32 || a.Hash() != (Bucket{Name: a.Name, Limit: 6}).Hash() {
		t.Errorf("%q, %q", a.Hash(), b.Hash())
	}
}
