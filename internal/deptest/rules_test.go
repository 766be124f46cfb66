package deptest

import "testing"

func TestRules(t *testing.T) {
	t.Parallel()
	const prod, test = false, true
	tests := []struct {
		from, to string
		test     bool
		refused  bool
	}{
		{"api/rest", "internal/store", prod, false},
		{"api/rest", "api/call", prod, false},
		{"api/rest", "gateway/session", prod, true},
		{"api/rest", "gateway/session", test, true},
		{"gateway", "shard-router/proxy", prod, true},
		{"gateway", "operator/resources", prod, true},
		{"internal/events", "internal/snowflake", prod, false},
		{"internal/events", "api/call", prod, true},
		{"internal/events", "api/call", test, true},
		{"internal/events", "hack/local/ports", prod, true},
		{"internal/redistest", "hack/local/ports", prod, false},
		{"internal/events", "internal/redistest", prod, true},
		{"internal/events", "internal/redistest", test, false},
		{"internal/pgtest", "api/call", prod, true},
		{"operator/controller", "internal/sharding", prod, false},
		{"operator/controller", "internal/store", prod, true},
		{"operator/controller", "internal/configuration", prod, true},
		{"operator", "api-types/v1alpha1", prod, false},
		{"api-types/v1alpha1", "internal/sharding", prod, true},
		{"api-types/v1alpha1", "api-types", prod, false},
		{"operator/controller", "internal/metrics", prod, false},
		{"operator/controller", "internal/store", prod, true},
		{"monitoring", "operator/resources", test, false},
		{"monitoring", "operator/resources", prod, true},
		{"test/monitoring", "monitoring/rules", test, false},
		{"hack/local", "api", prod, true},
		{"hack/local", "test/platform", prod, true},
		{"hack/local", "test/platform", test, false},
		{"examples/bot", "internal/discord", prod, true},
		{"test/clients", "internal/redistest", prod, false},
		{"internal/codec", "test/wire", test, false},
		{"internal/codec", "test/wire", prod, true},
		{"misc", "internal/store", prod, true},
	}
	for _, tt := range tests {
		if why := refuse(tt.from, tt.to, tt.test); (why != "") != tt.refused {
			t.Errorf("%s -> %s (test %v): %q", tt.from, tt.to, tt.test, why)
		}
	}
}
