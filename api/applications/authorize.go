package applications

import (
	"context"
	"errors"
	"slices"
	"strings"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/roles"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// invited reads the query of the link by which a bot is added, and returns the application with its bot.
// https://discord.com/developers/docs/topics/oauth2#bot-authorization-flow
func (h *Handlers) invited(c *call.Call) (discord.Application, []string, error) {
	id, found, err := c.QueryID("client_id")
	if err != nil {
		return discord.Application{}, nil, err
	}
	if !found {
		return discord.Application{}, nil, form.Single("client_id", "BASE_TYPE_REQUIRED", "This field is required")
	}
	app, err := h.store.Application(c.Request.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		return app, nil, discord.ErrUnknownApplication
	}
	if err != nil {
		return app, nil, err
	}
	scopes := strings.Fields(c.Query("scope"))
	if !slices.Contains(scopes, "bot") {
		return app, nil, discord.ErrMissingScope
	}
	for _, scope := range scopes {
		if !slices.Contains(app.EligibleOAuth2Scopes, scope) {
			return app, nil, form.Single("scope", "BASE_TYPE_CHOICES",
				"Value must be one of {"+strings.Join(app.EligibleOAuth2Scopes, ", ")+"}.")
		}
	}
	if app.Bot == nil {
		return app, nil, discord.ErrNoBot
	}
	return app, scopes, nil
}

// requested is the permissions that the link asks for.
func requested(c *call.Call) (permissions.Set, error) {
	text := c.Query("permissions")
	if text == "" {
		return 0, nil
	}
	set, err := permissions.Parse(text)
	if err != nil {
		return 0, form.Single("permissions", "NUMBER_TYPE_COERCE", "Value is not a set of permissions.")
	}
	return set & permissions.All, nil
}

// consent is what the page asks of the user.
type consent struct {
	User        discord.User      `json:"user"`
	Application publicApplication `json:"application"`
	Bot         *discord.User     `json:"bot"`
	Authorized  bool              `json:"authorized"`
	Scopes      []string          `json:"scopes"`
	Permissions permissions.Set   `json:"permissions"`
	Guilds      []eligible        `json:"guilds"`
}

// publicApplication is what everybody may know of an application.
type publicApplication struct {
	ID                  snowflake.ID `json:"id"`
	Name                string       `json:"name"`
	Icon                *string      `json:"icon"`
	Description         string       `json:"description"`
	Type                *int         `json:"type"`
	VerifyKey           string       `json:"verify_key"`
	Flags               int64        `json:"flags"`
	FlagsNew            string       `json:"flags_new"`
	BotPublic           bool         `json:"bot_public"`
	BotRequireCodeGrant bool         `json:"bot_require_code_grant"`
	Tags                []string     `json:"tags"`
}

// eligible is a guild to which the user may be able to add the bot: what the permissions allow is for the page to say.
type eligible struct {
	ID          snowflake.ID    `json:"id"`
	Name        string          `json:"name"`
	Icon        *string         `json:"icon"`
	Permissions permissions.Set `json:"permissions"`
}

// maxGuilds is how many guilds the page shows; a user is in no more.
const maxGuilds = 200

// ask returns what the authorization page shows.
func (h *Handlers) ask(c *call.Call) error {
	app, scopes, err := h.invited(c)
	if err != nil {
		return err
	}
	set, err := requested(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	user, err := h.store.User(ctx, c.Caller.UserID)
	if err != nil {
		return err
	}
	guilds, err := h.store.PartialGuilds(ctx, c.Caller.UserID, store.Page{Limit: maxGuilds}, false)
	if err != nil {
		return err
	}
	answer := consent{
		User: user, Bot: app.Bot, Scopes: scopes, Permissions: set, Guilds: make([]eligible, len(guilds)),
		Application: publicApplication{
			ID: app.ID, Name: app.Name, Icon: app.Icon, Description: app.Description, Type: app.Type,
			VerifyKey: app.VerifyKey, Flags: app.Flags, FlagsNew: app.FlagsNew, BotPublic: app.BotPublic,
			BotRequireCodeGrant: app.BotRequireCodeGrant, Tags: app.Tags,
		},
	}
	for i, g := range guilds {
		answer.Guilds[i] = eligible{ID: g.ID, Name: g.Name, Icon: g.Icon, Permissions: g.Permissions}
	}
	return c.OK(answer)
}

// authorize adds the bot to a guild that the caller manages. Nothing changes if it is there already.
func (h *Handlers) authorize(c *call.Call) error {
	app, _, err := h.invited(c)
	if err != nil {
		return err
	}
	var body struct {
		GuildID     snowflake.ID                `json:"guild_id"`
		Authorize   bool                        `json:"authorize"`
		Permissions form.Field[permissions.Set] `json:"permissions"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	if !body.Authorize {
		return h.location(c, "?error=access_denied")
	}
	set, err := requested(c)
	if err != nil {
		return err
	}
	if body.Permissions.Set {
		set = body.Permissions.Value & permissions.All
	}
	if body.GuildID == 0 {
		return form.Single("guild_id", "BASE_TYPE_REQUIRED", "This field is required")
	}
	if !app.BotPublic && app.Owner.ID != c.Caller.UserID {
		return discord.ErrMissingAccess
	}
	ctx := c.Request.Context()
	may := func(v *access.Visit) error {
		if !permissions.MayGrant(v.Permissions, set) {
			return discord.ErrMissingPermissions
		}
		return v.Need(permissions.ManageGuild)
	}
	err = h.access.ChangeIf(c, body.GuildID, may, func(tx *store.Tx, v *access.Visit) error {
		return h.add(ctx, c, tx, v, *app.Bot, set)
	})
	if err != nil {
		return err
	}
	return h.location(c, "")
}

// location is where the browser goes next.
func (h *Handlers) location(c *call.Call, query string) error {
	return c.OK(struct {
		Location string `json:"location"`
	}{h.publicURL + "/oauth2/authorized" + query})
}

// add makes the bot a member, with a role of its own for the permissions that it is given.
func (h *Handlers) add(ctx context.Context, c *call.Call, tx *store.Tx, v *access.Visit, bot discord.User, set permissions.Set) error {
	guild := v.Guild.Guild.ID
	_, err := tx.Member(ctx, guild, bot.ID)
	if err == nil {
		return nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	banned, err := tx.Banned(ctx, guild, bot.ID)
	if err != nil {
		return err
	}
	if banned {
		return discord.ErrBannedFromGuild
	}
	var own []snowflake.ID
	if set != 0 {
		if len(v.Guild.Guild.Roles) >= roles.MaxRoles {
			return discord.ErrTooManyRoles
		}
		role := roles.Default(tx.NewID(), set)
		role.Name, role.Managed, role.Tags = bot.Username, true, &discord.RoleTags{BotID: &bot.ID}
		if err := tx.CreateRole(ctx, guild, role); err != nil {
			return err
		}
		own = append(own, role.ID)
	}
	if _, err := tx.Join(ctx, guild, bot.ID, own); err != nil {
		if errors.Is(err, store.ErrFull) {
			return form.Single("guild_id", "BASE_TYPE_BAD_VALUE", "The guild can take no more members.")
		}
		return err
	}
	entry, err := audit.Entry(c, discord.AuditBotAdd, bot.ID)
	if err != nil {
		return err
	}
	return tx.Audit(ctx, guild, entry)
}
