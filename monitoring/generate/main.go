// Command generate writes the rules and dashboards into the tree: below config/ for kustomize and plain use, and below the chart's
// files for Helm. It runs in monitoring/, by go generate.
package main

import (
	"fmt"
	"os"

	"guildhall.chat/guildhall/monitoring"
)

func main() {
	if err := monitoring.Write(".."); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
