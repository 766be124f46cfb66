package clients_test

import "testing"

// scenario lists what every client library must be seen to do, in order. A library's suite reports exactly these steps.
var scenario = []string{
	"connect to both shards",
	"guild and channel caches",
	"create a message",
	"edit a message",
	"reply",
	"delete a message",
	"embeds",
	"mentions",
	"reactions",
	"role opens and closes a private channel",
	"missing permission",
	"typing",
	"presence",
	"member chunks",
	"invites and members",
	"direct messages",
	"resume without loss",
	"rate limit",
	"channel, role and guild updates",
	"joining and leaving a guild",
}

// runScenario runs each step of a plan as a subtest; without a connection the rest can't be tried.
func runScenario(t *testing.T, plan []string, steps map[string]func(t *testing.T)) {
	t.Helper()
	if len(steps) != len(plan) {
		t.Fatalf("%d steps are implemented, the plan has %d", len(steps), len(plan))
	}
	for i, name := range plan {
		step, ok := steps[name]
		if !ok {
			t.Fatalf("the step %q is not implemented", name)
		}
		if !t.Run(name, step) && i == 0 {
			t.FailNow()
		}
	}
}
