// Command api is the REST service, the worker behind it and the schema's migrations.
//
//	api serve     answers REST requests
//	api worker    does what no request does: relays the outbox, makes partitions, expires presence
//	api admin     runs an instance: users, guilds, invitations, reports
//	api migrate   brings the schema to this version and ends
package main

import "guildhall.chat/guildhall/internal/config"

type cli struct {
	Serve   serveCommand   `cmd:"" help:"Answer REST requests."`
	Worker  workerCommand  `cmd:"" help:"Relay the outbox, make partitions, expire presence and tokens."`
	Admin   adminCommand   `cmd:"" help:"Run an instance: users, guilds, invitations, reports."`
	Migrate migrateCommand `cmd:"" help:"Bring the database's schema to this version and end."`
}

func main() {
	config.Run("api", "The REST service of Guildhall.", &cli{})
}
