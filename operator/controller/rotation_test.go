package controller

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/operator/resources"
)

// A rotation accepts, uses and retires, one step each time it is asked.
func TestRotationSteps(t *testing.T) {
	t.Parallel()
	var status v1alpha1.CredentialStatus
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	create := func() string { return "new" }
	accepted := []resources.Credential{{Generation: 0, Value: "old"}}
	step := func(wanted int64, after time.Duration) (again time.Duration) {
		next, again := nextStep(accepted, wanted, &status, time.Hour, start.Add(after), create)
		if next != nil {
			accepted = next
		}
		return again
	}
	expect := func(lines string, generation int64) {
		t.Helper()
		if have := string(formatAccepted(accepted)); have != lines || status.Generation != generation {
			t.Fatalf("accepted %q, generation %d", have, status.Generation)
		}
	}
	step(0, 0)
	expect("0 old\n", 0)
	step(1, 0)
	expect("0 old\n1 new\n", 0)
	step(1, 0)
	expect("1 new\n0 old\n", 0)
	if again := step(1, 0); again != time.Hour {
		t.Errorf("looks again in %v", again)
	}
	expect("1 new\n0 old\n", 0)
	if again := step(1, 40*time.Minute); again != 20*time.Minute {
		t.Errorf("looks again in %v", again)
	}
	step(1, time.Hour)
	expect("1 new\n", 0)
	step(1, time.Hour)
	expect("1 new\n", 1)
	if status.UsedSince != nil {
		t.Error("a finished rotation still counts")
	}
}

func TestAcceptedSurvives(t *testing.T) {
	t.Parallel()
	want := []resources.Credential{{Generation: 7, Value: "x"}, {Generation: 6, Value: "y="}}
	have, err := parseAccepted(formatAccepted(want))
	if err != nil || !reflect.DeepEqual(have, want) {
		t.Errorf("%v, %v", have, err)
	}
	for _, broken := range []string{"secret", "x secret", "1 ", "1 a\n2 b\n3 c\n"} {
		if _, err := parseAccepted([]byte(broken)); err == nil || strings.Contains(err.Error(), "secret\"") {
			t.Errorf("%q: %v", broken, err)
		}
	}
}
