// Command capacity plans how large a platform must be. It holds what things cost (costs.json, as the benchmarks measured it, in
// deliveries by a bare loop) against how large guilds are (package population) and makes the tables of docs/capacity.md:
//
//	capacity doc         makes them anew
//	capacity simulate    puts any number of guilds on any number of shards, and fails if that is not what arithmetic predicts
//	capacity size        what a platform of a size needs, in cores of the machine on which the benchmarks ran
//	capacity costs       takes over what the benchmarks have measured
package main

import (
	"guildhall.chat/guildhall/internal/config"
)

type cli struct {
	Doc      docCommand      `cmd:"" help:"Make the tables of docs/capacity.md anew."`
	Simulate simulateCommand `cmd:"" help:"Put guilds on shards by the platform's own formula; fails unless what comes out is what arithmetic predicts."`
	Size     sizeCommand     `cmd:"" help:"Say what a platform of a size needs."`
	Costs    costsCommand    `cmd:"" help:"Take over into costs.json what the benchmarks have measured."`
}

func main() {
	config.Run("capacity", "How large a platform must be.", &cli{})
}
