package main

import (
	"os"
	"strings"
	"testing"

	"guildhall.chat/guildhall/hack/capacity/report"
	"guildhall.chat/guildhall/hack/capacity/simulation"
)

// Every table of the document is what the costs and the simulation make now, and every simulation what arithmetic predicts.
func TestDocumentIsCurrent(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../docs/capacity.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range parts() {
		t.Run(part.name, func(t *testing.T) {
			t.Parallel()
			made, err := part.make()
			if err != nil {
				t.Fatal(err)
			}
			spliced, err := report.Splice(string(content), part.name, made)
			if err != nil {
				t.Fatal(err)
			}
			if spliced != string(content) {
				t.Errorf("docs/capacity.md is not current: go run ./hack/capacity doc; the part should be\n%s", made)
			}
		})
	}
}

func TestDocumentNamesNoOtherGeneratedPart(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("../../docs/capacity.md")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(content), "<!-- generated: "); n != len(parts()) {
		t.Errorf("%d generated parts, not %d", n, len(parts()))
	}
}

// What is wrong with a simulation must fail the command, for any seed nothing is.
func TestSimulationHoldsForAnySeed(t *testing.T) {
	t.Parallel()
	in, err := tenThousand.input()
	if err != nil {
		t.Fatal(err)
	}
	for in.Seed = range 5 {
		if err := simulation.Check(in, simulation.Run(in)); err != nil {
			t.Errorf("seed %d: %v", in.Seed, err)
		}
	}
}
