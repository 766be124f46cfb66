package main

import (
	"context"

	"guildhall.chat/guildhall/internal/config"
	"guildhall.chat/guildhall/internal/store"
	"guildhall.chat/guildhall/internal/telemetry"
)

type migrateCommand struct{ config.Common }

// Run brings the schema to this version.
func (c *migrateCommand) Run(ctx context.Context) error {
	logger := telemetry.NewLogger(c.LogLevel, "api-migrate")
	secrets, err := config.LoadSecrets(c.Secrets)
	if err != nil {
		return err
	}
	if err := store.Migrate(ctx, secrets.PostgresDSN); err != nil {
		return err
	}
	logger.Info("the schema is up to date")
	return nil
}
