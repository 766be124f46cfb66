package components

import (
	"encoding/json"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Kind tells what a component is.
// https://discord.com/developers/docs/components/reference#component-object-component-types
type Kind = form.Int

// The kinds of component.
const (
	ActionRow         Kind = 1
	Button            Kind = 2
	StringSelect      Kind = 3
	TextInput         Kind = 4
	UserSelect        Kind = 5
	RoleSelect        Kind = 6
	MentionableSelect Kind = 7
	ChannelSelect     Kind = 8
	Section           Kind = 9
	TextDisplay       Kind = 10
	Thumbnail         Kind = 11
	MediaGallery      Kind = 12
	File              Kind = 13
	Separator         Kind = 14
	Container         Kind = 17
	Label             Kind = 18
	FileUpload        Kind = 19
	RadioGroup        Kind = 21
	CheckboxGroup     Kind = 22
	Checkbox          Kind = 23
)

// Component is a component of any kind; which fields it has depends on the kind.
// https://discord.com/developers/docs/components/reference
type Component struct {
	Type Kind     `json:"type"`
	ID   form.Int `json:"id"` // unique within its message; 0 in what is sent: to be given

	CustomID string    `json:"custom_id,omitempty"`
	Style    *form.Int `json:"style,omitempty"`
	Label    *string   `json:"label,omitempty"`
	Emoji    *Emoji    `json:"emoji,omitempty"`
	URL      *string   `json:"url,omitempty"`
	Disabled *bool     `json:"disabled,omitempty"`
	Required *bool     `json:"required,omitempty"`

	Placeholder   *string               `json:"placeholder,omitempty"`
	MinValues     *form.Int             `json:"min_values,omitempty"`
	MaxValues     *form.Int             `json:"max_values,omitempty"`
	Options       []Option              `json:"options,omitempty"`
	DefaultValues []DefaultValue        `json:"default_values,omitempty"`
	ChannelTypes  []discord.ChannelType `json:"channel_types,omitempty"`

	MinLength *form.Int `json:"min_length,omitempty"`
	MaxLength *form.Int `json:"max_length,omitempty"`
	Value     *string   `json:"value,omitempty"`
	Default   *bool     `json:"default,omitempty"`

	Content     string                `json:"content,omitempty"`
	Media       *Media                `json:"media,omitempty"`
	Description form.Field[*string]   `json:"description,omitzero"`
	Spoiler     *bool                 `json:"spoiler,omitempty"`
	Items       []Item                `json:"items,omitempty"`
	File        *Media                `json:"file,omitempty"`
	Name        *string               `json:"name,omitempty"` // of a file
	Size        *int64                `json:"size,omitempty"` // of a file, in bytes
	Divider     *bool                 `json:"divider,omitempty"`
	Spacing     *form.Int             `json:"spacing,omitempty"`
	AccentColor form.Field[*form.Int] `json:"accent_color,omitzero"`

	Components []Component `json:"components,omitempty"`
	Accessory  *Component  `json:"accessory,omitempty"`
	Component  *Component  `json:"component,omitempty"` // what a label is for
}

// Emoji is the picture on a button or option: a Unicode emoji by its name, or one of a guild or application by its id.
type Emoji struct {
	ID       *snowflake.ID `json:"id,omitempty"`
	Name     *string       `json:"name"`
	Animated bool          `json:"animated,omitempty"`
}

// Option is what can be chosen in a string select, radio group or checkbox group.
type Option struct {
	Label       string  `json:"label"`
	Value       string  `json:"value"`
	Description *string `json:"description,omitempty"`
	Emoji       *Emoji  `json:"emoji,omitempty"`
	Default     bool    `json:"default,omitempty"`
}

// DefaultValue is a user, role or channel that is chosen already when a select is shown.
type DefaultValue struct {
	ID   snowflake.ID `json:"id"`
	Type string       `json:"type"` // user, role, channel
}

// Item is one picture or video of a gallery.
type Item struct {
	Media       Media   `json:"media"`
	Description *string `json:"description"`
	Spoiler     bool    `json:"spoiler"`
}

// Media is a picture, video or file: of the web, or of an attachment. Clients send the URL alone.
// https://discord.com/developers/docs/components/reference#unfurled-media-item
type Media struct {
	URL          string        `json:"url"`
	ID           snowflake.ID  `json:"id,omitempty"`
	ProxyURL     string        `json:"proxy_url,omitempty"`
	Width        *int          `json:"width,omitempty"`
	Height       *int          `json:"height,omitempty"`
	ContentType  *string       `json:"content_type,omitempty"`
	AttachmentID *snowflake.ID `json:"attachment_id,omitempty"`
}

// Interactive reports whether a user's act on the component makes an interaction.
func (c *Component) Interactive() bool {
	switch c.Type {
	case Button:
		return c.CustomID != ""
	case StringSelect, UserSelect, RoleSelect, MentionableSelect, ChannelSelect:
		return true
	}
	return false
}

// Parse reads components that Check or CheckModal has returned.
func Parse(kept json.RawMessage) ([]Component, error) {
	var list []Component
	err := json.Unmarshal(kept, &list)
	return list, err
}

// Each calls do with every component of a list and below, each before what is in it, until do returns false.
func Each(list []Component, do func(*Component) bool) bool {
	for i := range list {
		if !each(&list[i], do) {
			return false
		}
	}
	return true
}

func each(c *Component, do func(*Component) bool) bool {
	return do(c) && Each(c.Components, do) &&
		(c.Accessory == nil || each(c.Accessory, do)) && (c.Component == nil || each(c.Component, do))
}

// Find returns the component with a custom id, nil if there is none.
func Find(list []Component, customID string) *Component {
	var found *Component
	Each(list, func(c *Component) bool {
		if customID != "" && c.CustomID == customID {
			found = c
		}
		return found == nil
	})
	return found
}
