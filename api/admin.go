package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"guildhall.chat/guildhall/api/admin"
	"guildhall.chat/guildhall/api/exports"
	"guildhall.chat/guildhall/api/files"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/config"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// adminCommand runs an instance from where its secrets are: kubectl exec into any pod of the api, say. Each command prints JSON,
// a line each thing.
type adminCommand struct {
	Secrets string `help:"Directory that holds the secrets, one file each." placeholder:"DIR" required:""`

	Grant       grantCommand       `cmd:"" help:"Make a user an administrator."`
	Revoke      revokeCommand      `cmd:"" help:"End that."`
	Users       usersCommand       `cmd:"" help:"List users."`
	User        userCommand        `cmd:"" help:"Show a user."`
	Suspend     suspendCommand     `cmd:"" help:"Shut a user out."`
	Unsuspend   unsuspendCommand   `cmd:"" help:"Let a user in again."`
	Verify      verifyCommand      `cmd:"" help:"Take a user's mail address for proven."`
	Reset       resetCommand       `cmd:"" name:"reset-password" help:"Make a user's password no good, and print where the user chooses another."`
	DropMFA     dropMFACommand     `cmd:"" name:"disable-mfa" help:"Take a user's second factor away."`
	DeleteUser  deleteUserCommand  `cmd:"" help:"Delete a user for good; what the user wrote stays."`
	Export      exportCommand      `cmd:"" help:"Have the data of a user gathered; the user is told by mail."`
	Exports     exportsCommand     `cmd:"" help:"List the exports of a user, with the paths of those that can be downloaded."`
	Guilds      guildsCommand      `cmd:"" help:"List guilds."`
	DeleteGuild deleteGuildCommand `cmd:"" help:"Delete a guild for good."`
	Invitations invitationsCommand `cmd:"" help:"List invitations to register."`
	Invite      inviteCommand      `cmd:"" help:"Make an invitation to register."`
	Uninvite    uninviteCommand    `cmd:"" help:"Withdraw an invitation to register."`
	Limits      limitsCommand      `cmd:"" help:"Show and set how much there may be of things."`
	Reports     reportsCommand     `cmd:"" help:"List reports."`
	CloseReport closeReportCommand `cmd:"" help:"Say what came of a report."`

	out io.Writer // nil: the standard output
}

// with runs fn with the service.
func (c *adminCommand) with(ctx context.Context, fn func(s *admin.Service) error) error {
	secrets, err := config.LoadSecrets(c.Secrets)
	if err != nil {
		return err
	}
	s, err := store.OpenWith(ctx, secrets.PostgresDSN, 1)
	if err != nil {
		return err
	}
	defer s.Close()
	keys, err := auth.NewKeys(secrets.SigningKeys)
	if err != nil {
		return err
	}
	return fn(admin.NewService(s, nil).Linking(files.NewLinks("", keys)))
}

// account is a user by id, username or mail address.
type account struct {
	User string `arg:"" help:"Id, username or mail address."`
}

// do runs fn for the account.
func (a account) do(ctx context.Context, c *adminCommand, fn func(s *admin.Service, user store.Account) error) error {
	return c.with(ctx, func(s *admin.Service) error {
		found, err := a.find(ctx, s)
		if err != nil {
			return there(err, "user "+a.User)
		}
		err = fn(s, found)
		if errors.Is(err, store.ErrNotFound) {
			return fmt.Errorf("%s is a bot or a deleted account, for which there is no such thing", a.User)
		}
		return err
	})
}

func (a account) find(ctx context.Context, s *admin.Service) (store.Account, error) {
	if id, err := snowflake.Parse(a.User); err == nil {
		found, err := s.Account(ctx, id)
		if !errors.Is(err, store.ErrNotFound) {
			return found, err
		}
	}
	return s.AccountNamed(ctx, a.User) // which may be of digits alone
}

// there tells what there is none of.
func there(err error, what string) error {
	if errors.Is(err, store.ErrNotFound) {
		return errors.New("there is no " + what)
	}
	return err
}

func (c *adminCommand) output() io.Writer {
	if c.out == nil {
		return os.Stdout
	}
	return c.out
}

func printAll[T any](c *adminCommand, items []T, err error) error {
	if err != nil {
		return err
	}
	out := json.NewEncoder(c.output())
	for _, item := range items {
		if err := out.Encode(item); err != nil {
			return err
		}
	}
	return nil
}

// pages bounds a list.
type pages struct {
	After string `help:"Begin behind this one, the last of the page before." placeholder:"ID"`
	Limit uint32 `help:"How many to list." default:"50"`
}

func (p pages) id() (snowflake.ID, error) {
	if p.After == "" {
		return 0, nil
	}
	id, err := snowflake.Parse(p.After)
	if err != nil {
		return 0, config.Errorf("--after: %q is no id", p.After)
	}
	return id, nil
}

type grantCommand struct{ account }

// Run makes a user an administrator.
func (g *grantCommand) Run(ctx context.Context, c *adminCommand) error {
	return g.do(ctx, c, func(s *admin.Service, user store.Account) error { return s.SetAdmin(ctx, user.ID, true) })
}

type revokeCommand struct{ account }

// Run makes an administrator a user like others.
func (r *revokeCommand) Run(ctx context.Context, c *adminCommand) error {
	return r.do(ctx, c, func(s *admin.Service, user store.Account) error { return s.SetAdmin(ctx, user.ID, false) })
}

type usersCommand struct {
	pages
	Query     string `help:"Only those whose username or mail address begins so." placeholder:"TEXT"`
	Suspended bool   `help:"Only those who are suspended."`
	Admins    bool   `help:"Only administrators."`
}

// Run lists users.
func (u *usersCommand) Run(ctx context.Context, c *adminCommand) error {
	after, err := u.id()
	if err != nil {
		return err
	}
	return c.with(ctx, func(s *admin.Service) error {
		found, err := s.Accounts(ctx, store.AccountSearch{
			Prefix: u.Query, Suspended: u.Suspended, Admins: u.Admins, After: after, Limit: int(u.Limit),
		})
		return printAll(c, found, err)
	})
}

type userCommand struct{ account }

// Run shows a user.
func (u *userCommand) Run(ctx context.Context, c *adminCommand) error {
	return u.do(ctx, c, func(_ *admin.Service, user store.Account) error { return printAll(c, []store.Account{user}, nil) })
}

type suspendCommand struct {
	account
	Reason string `help:"Why; for the administrators." required:""`
}

// Run shuts a user out.
func (u *suspendCommand) Run(ctx context.Context, c *adminCommand) error {
	return u.do(ctx, c, func(s *admin.Service, user store.Account) error { return s.Suspend(ctx, user.ID, u.Reason) })
}

type unsuspendCommand struct{ account }

// Run lets a user in again.
func (u *unsuspendCommand) Run(ctx context.Context, c *adminCommand) error {
	return u.do(ctx, c, func(s *admin.Service, user store.Account) error { return s.Unsuspend(ctx, user.ID) })
}

type verifyCommand struct{ account }

// Run takes a user's mail address for proven.
func (v *verifyCommand) Run(ctx context.Context, c *adminCommand) error {
	return v.do(ctx, c, func(s *admin.Service, user store.Account) error { return s.Verify(ctx, user.ID) })
}

type resetCommand struct{ account }

// Run prints where the user chooses another password.
func (r *resetCommand) Run(ctx context.Context, c *adminCommand) error {
	return r.do(ctx, c, func(s *admin.Service, user store.Account) error {
		token, err := s.ResetPassword(ctx, user.ID)
		if err == nil {
			_, err = fmt.Fprintln(c.output(), admin.ResetPath(token))
		}
		return err
	})
}

type dropMFACommand struct{ account }

// Run takes a user's second factor away.
func (d *dropMFACommand) Run(ctx context.Context, c *adminCommand) error {
	return d.do(ctx, c, func(s *admin.Service, user store.Account) error {
		return there(s.DropMFA(ctx, user.ID), "second factor of "+d.User)
	})
}

type deleteUserCommand struct{ account }

// Run deletes a user.
func (d *deleteUserCommand) Run(ctx context.Context, c *adminCommand) error {
	return d.do(ctx, c, func(s *admin.Service, user store.Account) error {
		err := s.DeleteUser(ctx, user.ID)
		if errors.Is(err, store.ErrOwnsGuilds) {
			return fmt.Errorf("%s owns guilds: they need another owner, or to be deleted, first", d.User)
		}
		return err
	})
}

type exportCommand struct{ account }

// Run has the data of a user gathered.
func (e *exportCommand) Run(ctx context.Context, c *adminCommand) error {
	return e.do(ctx, c, func(s *admin.Service, user store.Account) error {
		made, err := s.Export(ctx, user.ID, nil)
		return printAll(c, []exports.Told{made}, err)
	})
}

type exportsCommand struct{ account }

// Run lists the exports of a user.
func (e *exportsCommand) Run(ctx context.Context, c *adminCommand) error {
	return e.do(ctx, c, func(s *admin.Service, user store.Account) error {
		told, err := s.ExportsOf(ctx, user.ID)
		return printAll(c, told, err)
	})
}

type guildsCommand struct {
	pages
	Query string `help:"Only those whose name begins so." placeholder:"TEXT"`
}

// Run lists guilds.
func (g *guildsCommand) Run(ctx context.Context, c *adminCommand) error {
	after, err := g.id()
	if err != nil {
		return err
	}
	return c.with(ctx, func(s *admin.Service) error {
		found, err := s.HostedGuilds(ctx, store.GuildSearch{Prefix: g.Query, After: after, Limit: int(g.Limit)})
		return printAll(c, found, err)
	})
}

type deleteGuildCommand struct {
	Guild snowflake.ID `arg:"" help:"Id of the guild."`
}

// Run deletes a guild.
func (d *deleteGuildCommand) Run(ctx context.Context, c *adminCommand) error {
	return c.with(ctx, func(s *admin.Service) error { return there(s.RemoveGuild(ctx, d.Guild), "guild "+d.Guild.String()) })
}

type invitationsCommand struct{ pages }

// Run lists invitations to register.
func (i *invitationsCommand) Run(ctx context.Context, c *adminCommand) error {
	return c.with(ctx, func(s *admin.Service) error {
		found, err := s.Invitations(ctx, i.After, int(i.Limit))
		return printAll(c, found, err)
	})
}

type inviteCommand struct {
	Note   string        `help:"For whom; for the administrators." placeholder:"TEXT"`
	Uses   int           `help:"How many may register with it." default:"1"`
	MaxAge time.Duration `help:"How long it is good." default:"168h"`
}

// Run makes an invitation to register.
func (i *inviteCommand) Run(ctx context.Context, c *adminCommand) error {
	if i.Uses < 1 || i.MaxAge <= 0 {
		return config.Errorf("--uses and --max-age must be above zero")
	}
	return c.with(ctx, func(s *admin.Service) error {
		made, err := s.Invite(ctx, nil, i.Note, i.Uses, i.MaxAge)
		return printAll(c, []store.Invitation{made}, err)
	})
}

type uninviteCommand struct {
	Code string `arg:"" help:"The invitation's code."`
}

// Run withdraws an invitation to register.
func (u *uninviteCommand) Run(ctx context.Context, c *adminCommand) error {
	return c.with(ctx, func(s *admin.Service) error { return there(s.DeleteInvitation(ctx, u.Code), "invitation "+u.Code) })
}

type reportsCommand struct {
	pages
	Closed bool `help:"Closed ones too."`
}

// Run lists reports.
func (r *reportsCommand) Run(ctx context.Context, c *adminCommand) error {
	after, err := r.id()
	if err != nil {
		return err
	}
	return c.with(ctx, func(s *admin.Service) error {
		found, err := s.Reports(ctx, !r.Closed, after, int(r.Limit))
		return printAll(c, found, err)
	})
}

type closeReportCommand struct {
	Report     snowflake.ID `arg:"" help:"Id of the report."`
	Resolution string       `help:"What came of it." required:""`
}

// Run says what came of a report.
func (r *closeReportCommand) Run(ctx context.Context, c *adminCommand) error {
	return c.with(ctx, func(s *admin.Service) error {
		return there(s.CloseReport(ctx, r.Report, nil, r.Resolution), "open report "+r.Report.String())
	})
}
