package controller

import (
	"strings"
	"testing"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

func TestVersionsAreNotSkipped(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		runs, wanted string
		refused      bool
	}{
		"the first":                  {"", "guildhall:v0.7.0", false},
		"the same":                   {"guildhall:v0.1.0", "guildhall:v0.1.0", false},
		"a patch":                    {"guildhall:v0.1.0", "guildhall:v0.1.9", false},
		"a pre-release":              {"guildhall:v0.1.0", "guildhall:v0.2.0-rc.1", false},
		"the next":                   {"guildhall:v0.1.3", "guildhall:v0.2.0", false},
		"the one before":             {"guildhall:v0.2.0", "guildhall:v0.1.3", false},
		"one is skipped":             {"guildhall:v0.1.0", "guildhall:v0.3.0", true},
		"one is skipped back":        {"guildhall:v0.3.0", "guildhall:v0.1.0", true},
		"without the v":              {"guildhall:0.1.0", "guildhall:0.3.0", true},
		"the next major":             {"guildhall:v1.9.2", "guildhall:v2.0.0", false},
		"back to the last major":     {"guildhall:v2.0.1", "guildhall:v1.9.2", false},
		"into the next major":        {"guildhall:v1.9.2", "guildhall:v2.1.0", true},
		"a major is skipped":         {"guildhall:v1.9.2", "guildhall:v3.0.0", true},
		"another registry":           {"guildhall:v0.1.0", "registry.example.com:5000/guildhall:v0.3.0", true},
		"with a digest":              {"guildhall:v0.1.0@sha256:0123", "guildhall:v0.3.0@sha256:4567", true},
		"a registry's port, no tag":  {"guildhall:v0.1.0", "registry.example.com:5000/guildhall", false},
		"a digest alone":             {"guildhall:v0.1.0", "guildhall@sha256:4567", false},
		"no version":                 {"guildhall:v0.1.0", "guildhall:dev", false},
		"from none":                  {"guildhall:dev", "guildhall:v0.3.0", false},
		"a number that is too large": {"guildhall:v0.1.0", "guildhall:v0.99999999999999999999.0", false},
	}
	for name, tt := range tests {
		cluster := &v1alpha1.ChatCluster{}
		cluster.Status.Version, cluster.Spec.Image = tt.runs, tt.wanted
		refused := skippedVersion(cluster)
		if (refused != nil) != tt.refused {
			t.Errorf("%s: from %q to %q: %+v", name, tt.runs, tt.wanted, refused)
		}
		if refused != nil && (refused.reason != v1alpha1.ReasonVersionSkipped || !strings.Contains(refused.message, tt.runs)) {
			t.Errorf("%s: %+v", name, refused)
		}
	}
}

// In the middle of a rollout two versions run: a third one has to be a neighbour of both.
func TestVersionsAreNotSkippedInTheMiddleOfARollout(t *testing.T) {
	t.Parallel()
	for wanted, good := range map[string]bool{"guildhall:v0.1.0": true, "guildhall:v0.2.1": true, "guildhall:v0.3.0": false, "guildhall:v0.0.9": false} {
		cluster := &v1alpha1.ChatCluster{}
		cluster.Status.Version, cluster.Status.RolledOut, cluster.Spec.Image = "guildhall:v0.1.0", "guildhall:v0.2.0", wanted
		refused := skippedVersion(cluster)
		if (refused == nil) != good {
			t.Errorf("%s: %+v", wanted, refused)
		}
		if refused != nil && !strings.Contains(refused.message, "guildhall:v0.2.0 stays") {
			t.Errorf("%s: %s", wanted, refused.message)
		}
	}
}

func TestRefusedVersionIsSaidWhateverElseFailed(t *testing.T) {
	t.Parallel()
	skipped := &failure{reason: v1alpha1.ReasonVersionSkipped}
	done := progress{reason: v1alpha1.ReasonUpToDate, failed: &failure{reason: v1alpha1.ReasonBackupFailed}}
	if p := done.held(skipped); p.reason != v1alpha1.ReasonBlocked || p.failed != skipped {
		t.Errorf("%+v", p)
	}
	blocked := progress{reason: v1alpha1.ReasonBlocked, failed: &failure{reason: v1alpha1.ReasonApplyRefused}}
	if p := blocked.held(skipped); p.failed != blocked.failed {
		t.Errorf("what blocks all is not said: %+v", p)
	}
}
