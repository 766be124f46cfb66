package applications

import (
	"errors"
	"regexp"
	"slices"
	"strconv"
	"time"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// maxMetadata is how many things an application can say of a user.
// https://discord.com/developers/docs/resources/application-role-connection-metadata
const maxMetadata = 5

var metadataKey = regexp.MustCompile(`^[a-z0-9_]{1,50}$`)

// metadata returns what the application can say of users.
func (h *Handlers) metadata(c *call.Call) error {
	app, err := h.own(c)
	if err != nil {
		return err
	}
	list, err := h.store.RoleConnectionMetadata(c.Request.Context(), app)
	if err != nil {
		return err
	}
	return c.OK(list)
}

// setMetadata replaces it.
func (h *Handlers) setMetadata(c *call.Call) error {
	app, err := c.ID("application_id", discord.ErrUnknownApplication)
	if err != nil {
		return err
	}
	list := []discord.RoleConnectionMetadata{}
	if err := c.Bind(&list); err != nil {
		return err
	}
	if list == nil {
		list = []discord.RoleConnectionMetadata{}
	}
	if err := checkMetadata(list); err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = h.edit(c, app, func(tx *store.Tx, _ discord.Application) error {
		return tx.SetRoleConnectionMetadata(ctx, app, list)
	})
	if err != nil {
		return err
	}
	return c.OK(list)
}

func checkMetadata(list []discord.RoleConnectionMetadata) error {
	var p form.Problems
	p.Max("", len(list), maxMetadata)
	for i, m := range list {
		p.Range(form.At(i, "type"), int64(m.Type), discord.MetadataIntegerFirst, discord.MetadataLast)
		if !metadataKey.MatchString(m.Key) {
			p.Add(form.At(i, "key"), "STRING_TYPE_REGEX", "Must be 1 to 50 of a-z, 0-9 and _.")
		}
		if slices.ContainsFunc(list[:i], func(o discord.RoleConnectionMetadata) bool { return o.Key == m.Key }) {
			p.Add(form.At(i, "key"), "BASE_TYPE_BAD_VALUE", "The key is there twice.")
		}
		p.Length(form.At(i, "name"), m.Name, 1, 100)
		p.Length(form.At(i, "description"), m.Description, 1, 200)
		checkLocalizations(&p, form.At(i, "name_localizations"), m.NameLocalizations, 100)
		checkLocalizations(&p, form.At(i, "description_localizations"), m.DescriptionLocalizations, 200)
	}
	return p.Err()
}

// checkLocalizations drops the languages that have no text.
func checkLocalizations(p *form.Problems, path string, texts map[string]string, most int) {
	for locale, text := range texts {
		switch {
		case text == "":
			delete(texts, locale)
		case !slices.Contains(discord.Locales, locale):
			p.Add(path, "BASE_TYPE_CHOICES", "A key is not a supported locale.")
		default:
			p.Length(path, text, 1, most)
		}
	}
}

// own reads the application of the path, which must be the caller's.
func (h *Handlers) own(c *call.Call) (snowflake.ID, error) {
	id, err := c.ID("application_id", discord.ErrUnknownApplication)
	if err != nil {
		return 0, err
	}
	app, err := h.store.Application(c.Request.Context(), id)
	if errors.Is(err, store.ErrNotFound) || err == nil && !owns(c, app) {
		return 0, discord.ErrUnknownApplication
	}
	return id, err
}

// said reads the application of the path, which must be the one that the access token was given to.
func said(c *call.Call) (snowflake.ID, error) {
	app, err := c.ID("application_id", discord.ErrUnknownApplication)
	if err == nil && app != c.Caller.ApplicationID {
		err = discord.ErrNotYourApplication
	}
	return app, err
}

// connection returns what the application says of the user.
// https://discord.com/developers/docs/resources/user#get-current-user-application-role-connection
func (h *Handlers) connection(c *call.Call) error {
	app, err := said(c)
	if err != nil {
		return err
	}
	says, err := h.store.RoleConnection(c.Request.Context(), app, c.Caller.UserID)
	if err != nil {
		return err
	}
	return c.OK(says)
}

// setConnection replaces it.
// https://discord.com/developers/docs/resources/user#update-current-user-application-role-connection
func (h *Handlers) setConnection(c *call.Call) error {
	app, err := said(c)
	if err != nil {
		return err
	}
	var body struct {
		Name     form.Field[string]            `json:"platform_name"`
		Username form.Field[*string]           `json:"platform_username"`
		Metadata form.Field[map[string]string] `json:"metadata"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	ctx := c.Request.Context()
	known, err := h.store.RoleConnectionMetadata(ctx, app)
	if err != nil {
		return err
	}
	var p form.Problems
	p.Length("platform_name", body.Name.Value, 0, 50)
	if body.Username.Value != nil {
		p.Length("platform_username", *body.Username.Value, 0, 100)
	}
	checkSaid(&p, known, body.Metadata.Value)
	if err := p.Err(); err != nil {
		return err
	}
	says := discord.RoleConnection{PlatformName: body.Name.Value, PlatformUsername: body.Username.Value, Metadata: body.Metadata.Value}
	if says.Metadata == nil {
		says.Metadata = map[string]string{}
	}
	if err := h.store.Change(ctx, func(tx *store.Tx) error { return tx.SetRoleConnection(ctx, app, c.Caller.UserID, says) }); err != nil {
		return err
	}
	return c.OK(says)
}

// checkSaid holds what is said against what the application can say.
func checkSaid(p *form.Problems, known []discord.RoleConnectionMetadata, says map[string]string) {
	for key, value := range says {
		i := slices.IndexFunc(known, func(m discord.RoleConnectionMetadata) bool { return m.Key == key })
		switch {
		case i < 0:
			p.Add("metadata", "BASE_TYPE_CHOICES", "A key is not one of the application's metadata.")
		case !fits(known[i].Type, value):
			p.Add(form.At("metadata", key), "BASE_TYPE_BAD_VALUE", "Value does not fit the type of the metadata.")
		}
	}
}

// fits reports whether a value is of a metadata's type.
func fits(kind int, value string) bool {
	switch {
	case kind >= discord.MetadataBooleanFirst:
		return value == "0" || value == "1"
	case kind >= discord.MetadataDatetimeFirst:
		_, errTime := time.Parse(time.RFC3339, value)
		_, errDate := time.Parse(time.DateOnly, value)
		return errTime == nil || errDate == nil
	}
	_, err := strconv.ParseInt(value, 10, 64)
	return err == nil
}

// deleteConnection makes the application say nothing.
func (h *Handlers) deleteConnection(c *call.Call) error {
	app, err := said(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	if err := h.store.Change(ctx, func(tx *store.Tx) error { return tx.DeleteRoleConnection(ctx, app, c.Caller.UserID) }); err != nil {
		return err
	}
	return c.Done()
}
