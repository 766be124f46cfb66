package main

import (
	"context"
	"encoding/json"
	"errors"
	"strconv"

	"guildhall.chat/guildhall/api/admin"
	"guildhall.chat/guildhall/internal/config"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// limitsCommand is about how much there may be of things.
type limitsCommand struct {
	Show limitsShowCommand `cmd:"" default:"withargs" help:"Show the limits of the instance, a user or a guild."`
	Set  limitsSetCommand  `cmd:"" help:"Set a limit of the instance, a user or a guild."`
	Log  limitsLogCommand  `cmd:"" help:"List who set which limit."`
}

// subject says whom limits are for.
type subject struct {
	User  string       `help:"Of this user: id, username or mail address." placeholder:"USER" xor:"subject"`
	Guild snowflake.ID `help:"Of this guild." placeholder:"ID" xor:"subject"`
}

func (s subject) find(ctx context.Context, service *admin.Service) (of admin.Subject, id snowflake.ID, err error) {
	switch {
	case s.User != "":
		found, err := account{s.User}.find(ctx, service)
		return admin.OfUser, found.ID, there(err, "user "+s.User)
	case s.Guild != 0:
		return admin.OfGuild, s.Guild, there(service.HasGuild(ctx, s.Guild), "guild "+s.Guild.String())
	}
	return admin.Instance, 0, nil
}

type limitsShowCommand struct{ subject }

// Run shows limits.
func (l *limitsShowCommand) Run(ctx context.Context, c *adminCommand) error {
	return c.with(ctx, func(s *admin.Service) error {
		of, id, err := l.find(ctx, s)
		if err != nil {
			return err
		}
		told, err := s.LimitsOf(ctx, of, id)
		return printAll(c, told, err)
	})
}

type limitsSetCommand struct {
	subject
	Name  string `arg:"" help:"Name of the limit."`
	Value string `arg:"" help:"A whole number; default takes away what was set."`
}

// Run sets a limit.
func (l *limitsSetCommand) Run(ctx context.Context, c *adminCommand) error {
	var value *int64
	if l.Value != "default" {
		n, err := strconv.ParseInt(l.Value, 10, 64)
		if err != nil {
			return config.Errorf("%q is neither a whole number nor default", l.Value)
		}
		value = &n
	}
	return c.with(ctx, func(s *admin.Service) error {
		of, id, err := l.find(ctx, s)
		if err != nil {
			return err
		}
		err = s.ChangeLimits(ctx, of, id, map[string]*int64{l.Name: value}, nil)
		var refused *discord.Error
		if errors.As(err, &refused) {
			why, _ := json.Marshal(refused.Errors)
			return errors.New("not set: " + string(why))
		}
		return err
	})
}

type limitsLogCommand struct{ pages }

// Run lists changes of limits.
func (l *limitsLogCommand) Run(ctx context.Context, c *adminCommand) error {
	after, err := l.id()
	if err != nil {
		return err
	}
	return c.with(ctx, func(s *admin.Service) error {
		changes, err := s.LimitChanges(ctx, after, int(l.Limit))
		return printAll(c, changes, err)
	})
}
