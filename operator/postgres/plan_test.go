package postgres

import (
	"maps"
	"strings"
	"testing"
)

// group is a picture of three instances in which pg-0 is the primary, commits wait for pg-2, and all is as wanted.
func group(changes ...func(*Picture)) Picture {
	p := Picture{
		Primary: "pg-0",
		Config:  map[string]any{"synchronous_mode": true, "ttl": 20.0},
		Instances: []Instance{
			{Pod: Pod{Name: "pg-0", Addr: "a", Ready: true}, Answers: true, State: "running"},
			{Pod: Pod{Name: "pg-1", Ordinal: 1, Addr: "b", Ready: true}, Answers: true, State: "running", Streaming: true},
			{Pod: Pod{Name: "pg-2", Ordinal: 2, Addr: "c", Ready: true}, Answers: true, State: "running", Streaming: true, Synchronous: true},
		},
	}
	for _, change := range changes {
		change(&p)
	}
	return p
}

func outdated(ordinals ...int) func(*Picture) {
	return func(p *Picture) {
		for _, i := range ordinals {
			p.Instances[i].Outdated = true
		}
	}
}

func pending(ordinals ...int) func(*Picture) {
	return func(p *Picture) {
		for _, i := range ordinals {
			p.Instances[i].PendingRestart = true
		}
	}
}

func down(ordinal int) func(*Picture) {
	return func(p *Picture) { p.Instances[ordinal].Ready, p.Instances[ordinal].Streaming = false, false }
}

func TestPlan(t *testing.T) {
	t.Parallel()
	noPrimary := func(p *Picture) { p.Primary = "" }
	for name, c := range map[string]struct {
		picture   Picture
		instances int
		want      string // Describe, or its beginning
	}{
		"all is well":                      {group(), 3, ""},
		"nothing there yet":                {Picture{}, 3, "waiting for a primary: there are no pods"},
		"no primary":                       {group(noPrimary), 3, "waiting for a primary"},
		"paused":                           {group(func(p *Picture) { p.Paused = true }, outdated(1)), 3, "Patroni is paused"},
		"a pod ends":                       {group(outdated(1), func(p *Picture) { p.Instances[2].Terminating = true }), 3, "waiting for pg-2 to end"},
		"other parameters":                 {group(func(p *Picture) { p.Config = map[string]any{"ttl": 30.0} }), 3, "telling Patroni"},
		"nobody tells the parameters":      {group(func(p *Picture) { p.Config = nil }), 3, ""},
		"an instance is missing":           {group(func(p *Picture) { p.Instances = p.Instances[:2] }), 3, "waiting for 1 more"},
		"a standby lags":                   {group(outdated(1), func(p *Picture) { p.Instances[2].Lag = 1 << 30 }), 3, "waiting for pg-2 (1024 MB behind)"},
		"a standby's lag is not known":     {group(outdated(1), func(p *Picture) { p.Instances[2].Lag = -1 }), 3, "waiting for pg-2"},
		"a standby does not follow":        {group(outdated(1), func(p *Picture) { p.Instances[2].Streaming = false }), 3, "waiting for pg-2 (does not follow"},
		"a start has failed":               {group(func(p *Picture) { p.Instances[2].State = "start failed" }), 3, "waiting for pg-2 (start failed)"},
		"standbys come first":              {group(outdated(0, 1, 2)), 3, "replacing pg-1"},
		"one at a time":                    {group(outdated(0, 2), down(1)), 3, "waiting for pg-1"},
		"a broken one at once":             {group(outdated(0, 1, 2), down(2)), 3, "replacing pg-2"},
		"a broken one without a primary":   {group(outdated(0, 1, 2), down(2), noPrimary), 3, "replacing pg-2"},
		"a broken one that is as wanted":   {group(outdated(0), down(2)), 3, "waiting for pg-2"},
		"the primary comes last":           {group(outdated(0)), 3, "switching over to pg-2"},
		"no standby that commits wait for": {group(outdated(0), func(p *Picture) { p.Instances[2].Synchronous = false }), 3, "waiting for a standby"},
		"asynchronous": {group(outdated(0), func(p *Picture) {
			p.Instances[2].Synchronous, p.Config = false, map[string]any{"ttl": 20.0, "synchronous_mode": false}
		}), 3, "switching over to pg-1"},
		"alone":                             {group(outdated(0), func(p *Picture) { p.Instances = p.Instances[:1] }), 1, "replacing pg-0"},
		"a primary is not replaced unready": {group(outdated(0), down(0)), 3, "waiting for pg-0"},
		"restart":                           {group(pending(0, 1, 2)), 3, "restarting PostgreSQL of pg-1"},
		"restart of the primary":            {group(pending(0)), 3, "restarting PostgreSQL of pg-0"},
		"restart for a lower limit":         {group(pending(0, 1, 2), func(p *Picture) { p.LowersLimit = true }), 3, "restarting PostgreSQL of pg-0"},
		"fewer":                             {group(outdated(0, 1, 2)), 2, "going down to 2"},
		"fewer, one at a time":              {group(), 1, "going down to 2"},
		"fewer though the last is broken":   {group(down(2)), 2, "going down to 2"},
		"fewer, and the rest is not well":   {group(down(1)), 2, "waiting for pg-1"},
		"fewer, and the last is the primary": {group(func(p *Picture) {
			p.Primary = "pg-2"
			p.Instances[0].Streaming, p.Instances[0].Synchronous = true, true
		}), 2, "switching over to pg-0"},
	} {
		config := map[string]any{"synchronous_mode": c.picture.Config["synchronous_mode"], "ttl": 20}
		step, err := Plan(c.picture, Wanted{Instances: c.instances, Config: config})
		if err != nil {
			t.Fatal(err)
		}
		if have := step.Describe(); !strings.HasPrefix(have, c.want) || c.want == "" && have != "" {
			t.Errorf("%s: %q instead of %q", name, have, c.want)
		}
	}
}

func TestPatchChangesNoMoreThanDiffers(t *testing.T) {
	t.Parallel()
	wanted := Settings{MaxConnections: 100, Storage: 10 << 30, Parameters: map[string]string{"work_mem": "4MB"}}.Dynamic()
	patch, err := Patch(map[string]any{}, wanted)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := Patch(patch, wanted); err != nil || again != nil {
		t.Errorf("patched, and yet to patch: %v, %v", again, err)
	}
	have := maps.Clone(patch)
	have["pause"] = true
	have["ttl"] = 30.0
	parameters := dig(have, "postgresql", "parameters")
	parameters["random_page_cost"] = "1"
	delete(parameters, "work_mem")
	change, err := Patch(have, wanted)
	if err != nil {
		t.Fatal(err)
	}
	changed := dig(change, "postgresql", "parameters")
	if value, there := changed["random_page_cost"]; len(change) != 2 || change["ttl"] != 20.0 || len(changed) != 2 || !there || value != nil || changed["work_mem"] != "4MB" {
		t.Errorf("%v", change)
	}
}

func TestTheUsersParametersWin(t *testing.T) {
	t.Parallel()
	s := Settings{MaxConnections: 100, Memory: 4 << 30, Storage: 100 << 30, Parameters: map[string]string{"shared_buffers": "2GB"}}
	have := s.parameters()
	for name, want := range map[string]string{
		"shared_buffers": "2GB", "effective_cache_size": "3072MB", "max_connections": "100", "wal_keep_size": "1024MB", "archive_command": "/bin/true",
	} {
		if have[name] != want {
			t.Errorf("%s is %s instead of %s", name, have[name], want)
		}
	}
}

func TestMaxConnectionsIsSeldomAnother(t *testing.T) {
	t.Parallel()
	seen := map[int]bool{}
	for processes := 1; processes <= 200; processes++ {
		n := MaxConnections(processes)
		if n < processes*connectionsPerProcess {
			t.Errorf("%d for %d processes", n, processes)
		}
		seen[n] = true
	}
	if len(seen) > 6 {
		t.Errorf("%d values", len(seen))
	}
}

// The example of RFC 7677, section 3: password pencil.
func TestVerifier(t *testing.T) {
	t.Parallel()
	salt := []byte{0x5b, 0x6d, 0x99, 0x68, 0x9d, 0x12, 0x35, 0x8e, 0xec, 0xa0, 0x4b, 0x14, 0x12, 0x36, 0xfa, 0x81}
	const want = "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
	have, err := verifier("pencil", salt, 4096)
	if err != nil || have != want {
		t.Errorf("%s, %v", have, err)
	}
	if !verifies(want, "pencil") || verifies(want, "pen") {
		t.Error("the verifier does not verify")
	}
	for _, bad := range []string{"", "md5abc", "SCRAM-SHA-256$", "SCRAM-SHA-256$x:y$z", "SCRAM-SHA-256$999999999:W22ZaJ0SNY7soEsUEjb6gQ==$a:b"} {
		if verifies(bad, "pencil") {
			t.Errorf("%q verifies", bad)
		}
	}
}
