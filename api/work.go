package main

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/announcements"
	"guildhall.chat/guildhall/api/automod"
	"guildhall.chat/guildhall/api/exports"
	"guildhall.chat/guildhall/api/files"
	"guildhall.chat/guildhall/api/interactions"
	"guildhall.chat/guildhall/api/outgoing"
	"guildhall.chat/guildhall/api/polls"
	"guildhall.chat/guildhall/api/unfurl"
	"guildhall.chat/guildhall/api/worker"
	"guildhall.chat/guildhall/internal/config"
	"guildhall.chat/guildhall/internal/metrics"
	"guildhall.chat/guildhall/internal/presence"
	"guildhall.chat/guildhall/internal/ratelimit"
	"guildhall.chat/guildhall/internal/telemetry"
	"guildhall.chat/guildhall/internal/tracing"
)

type workerCommand struct {
	config.Common
	Dependencies
	LinkEmbeds string `help:"on, or off: links in messages are not looked up." enum:"on,off" default:"on"`
}

// Run does the jobs until ctx ends.
func (c *workerCommand) Run(ctx context.Context) error {
	metrics.Default.Withhold(onlyServe...)
	secrets, err := config.LoadSecrets(c.Secrets)
	if err != nil {
		return err
	}
	logger := telemetry.NewLogger(c.LogLevel, "worker")
	admin, err := telemetry.NewAdmin(c.AdminAddr, logger)
	if err != nil {
		return err
	}
	stopTracing, err := tracing.Start(c.Tracing, "worker", "", logger)
	if err != nil {
		return err
	}
	defer stopTracing()
	back, err := open(ctx, secrets, c.Dependencies, logger)
	if err != nil {
		return err
	}
	defer back.close()
	admin.Ready("postgres", back.store.Ping)
	w := worker.New(back.store, back.publisher, presence.New(back.redis), c.ResumeWindow, logger)
	a := access.New(back.store, back.publisher)
	w.Add("interactions", 500*time.Millisecond, interactions.NewLate(back.store, back.publisher).Step)
	w.Add("deliveries", time.Second, outgoing.NewQueue(outgoing.New(back.store, back.fetch), back.store, logger).Step)
	var unfurler *unfurl.Unfurler
	if c.LinkEmbeds == "on" {
		unfurler = unfurl.New(back.fetch)
	}
	w.Add("link embeds", 200*time.Millisecond, unfurl.NewJob(back.store, a, unfurler, logger).Step)
	w.Add("crossposts", 200*time.Millisecond, announcements.NewDelivery(back.store, a, logger).Step)
	w.Add("names", 500*time.Millisecond, func(ctx context.Context) error { return automod.JudgeNames(ctx, back.store) })
	w.Add("polls", time.Second, func(ctx context.Context) error { return polls.Close(ctx, back.store, a) })
	w.Add("files", time.Minute, files.New(back.store, back.files, nil).Sweep)
	w.Add("exports", 2*time.Second, exports.NewJob(back.store, back.files, logger).Step)
	w.Add("epochs", 500*time.Millisecond, worker.TellEpochs(back.store, ratelimit.New(back.redis, logger)))
	w.Add("deleted accounts", time.Second, worker.TakeLeave(back.store))
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return admin.Run(ctx) })
	group.Go(func() error {
		w.Run(ctx)
		return nil
	})
	return group.Wait()
}
