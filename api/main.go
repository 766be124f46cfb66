// Command api is the REST service, the worker behind it and the schema's migrations.
//
//	api serve     answers REST requests
//	api worker    does what no request does: relays the outbox, makes partitions, expires presence
//	api admin     runs an instance: users, guilds, invitations, reports
//	api migrate   brings the schema to this version and ends
package main

import (
	"guildhall.chat/guildhall/internal/config"
	"guildhall.chat/guildhall/internal/memory"
)

type cli struct {
	Serve   serveCommand   `cmd:"" help:"Answer REST requests."`
	Worker  workerCommand  `cmd:"" help:"Relay the outbox, make partitions, expire presence and tokens."`
	Admin   adminCommand   `cmd:"" help:"Run an instance: users, guilds, invitations, reports."`
	Migrate migrateCommand `cmd:"" help:"Bring the database's schema to this version and end."`
}

// collectAt is how much garbage, in percent of what lives, the collector lets come together. Requests make much of it, and little
// lives: by the runtime's own measure the collector would run many times a second.
const collectAt = 400

func main() {
	memory.Tune(collectAt)
	config.Run("api", "The REST service of Guildhall.", &cli{})
}
