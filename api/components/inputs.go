package components

import (
	"fmt"
	"slices"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
)

// Limits of what users act on.
const (
	maxButtonLabel = 80
	maxButtonURL   = 512
	maxEmojiName   = 32
	maxPlaceholder = 150
	maxChoices     = 25
	maxOptionText  = 100
)

// Styles of buttons: those that make an interaction come first.
// https://discord.com/developers/docs/components/reference#button-button-styles
const (
	stylePrimary = 1
	styleDanger  = 4
	styleLink    = 5
)

// button checks a button. Premium buttons sell what this platform does not have.
// https://discord.com/developers/docs/components/reference#button
func (c *checker) button(path string, sent *Component) Component {
	button := c.begin(path, sent)
	button.Style, button.Disabled = sent.Style, sent.Disabled
	button.Label = c.optional(form.At(path, "label"), sent.Label, maxButtonLabel)
	button.Emoji = c.emoji(form.At(path, "emoji"), sent.Emoji)
	switch {
	case sent.Style == nil:
		c.problems.Required(form.At(path, "style"))
		return button
	case *sent.Style >= stylePrimary && *sent.Style <= styleDanger:
		if sent.CustomID == "" {
			c.problems.Add(form.At(path, "custom_id"), "BUTTON_COMPONENT_CUSTOM_ID_REQUIRED", "A custom id is required")
		} else {
			button.CustomID = c.customID(path, sent)
		}
		if sent.URL != nil {
			c.exclusive(path)
		}
	case *sent.Style == styleLink:
		if button.URL = sent.URL; sent.URL == nil {
			c.problems.Add(form.At(path, "url"), "BUTTON_COMPONENT_URL_REQUIRED", "A url is required")
		} else {
			c.address(form.At(path, "url"), *sent.URL, maxButtonURL, "http", "https", "discord")
		}
		if sent.CustomID != "" {
			c.exclusive(path)
		}
	default:
		form.OneOf(c.problems, form.At(path, "style"), *sent.Style, 1, 2, 3, 4, 5)
	}
	if button.Label == nil && button.Emoji == nil {
		c.problems.Required(form.At(path, "label"))
	}
	return button
}

func (c *checker) exclusive(path string) {
	c.problems.Add(form.At(path, "custom_id"), "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE",
		"A custom id and url cannot both be specified")
}

func (c *checker) emoji(path string, sent *Emoji) *Emoji {
	if sent == nil {
		return nil
	}
	if sent.ID == nil && (sent.Name == nil || *sent.Name == "") {
		c.problems.Required(form.At(path, "name"))
	}
	if sent.Name != nil {
		c.problems.Length(form.At(path, "name"), *sent.Name, 0, maxEmojiName)
	}
	return sent
}

// choice checks a select of any of the five kinds.
// https://discord.com/developers/docs/components/reference#string-select
func (c *checker) choice(path string, sent *Component) Component {
	choice := c.begin(path, sent)
	choice.CustomID = c.customID(path, sent)
	choice.Placeholder = c.optional(form.At(path, "placeholder"), sent.Placeholder, maxPlaceholder)
	c.counts(path, sent, &choice, maxChoices)
	if c.inModal {
		choice.Required = or(sent.Required, true)
		if sent.Disabled != nil && *sent.Disabled {
			c.problems.Add(form.At(path, "disabled"), "BASE_TYPE_BAD_VALUE", "Nothing is disabled in a modal.")
		}
	} else {
		choice.Disabled = sent.Disabled
	}
	switch sent.Type {
	case StringSelect:
		choice.Options = c.options(path, sent.Options, 1, maxChoices, int(*choice.MaxValues))
		return choice
	case ChannelSelect:
		at := form.At(path, "channel_types")
		for i, kind := range sent.ChannelTypes {
			if kind < 0 || kind > discord.ChannelMedia {
				c.problems.Range(form.At(at, i), int64(kind), 0, int64(discord.ChannelMedia))
			}
			if slices.Contains(sent.ChannelTypes[:i], kind) {
				c.problems.Add(at, "SET_TYPE_ALREADY_CONTAINS_VALUE", "The set already contains this value")
				break
			}
		}
		choice.ChannelTypes = sent.ChannelTypes
	}
	choice.DefaultValues = c.defaults(path, sent, &choice)
	return choice
}

// counts checks how many values may be chosen.
func (c *checker) counts(path string, sent, kept *Component, most int64) {
	kept.MinValues, kept.MaxValues = or(sent.MinValues, 1), or(sent.MaxValues, 1)
	if sent.MaxValues == nil && *kept.MinValues > 1 {
		kept.MaxValues = kept.MinValues
	}
	c.problems.Range(form.At(path, "min_values"), int64(*kept.MinValues), 0, most)
	c.problems.Range(form.At(path, "max_values"), int64(*kept.MaxValues), 1, most)
	if *kept.MinValues > *kept.MaxValues {
		c.problems.Add(form.At(path, "min_values"), "BASE_TYPE_BAD_VALUE", "min_values is at most max_values.")
	}
}

// options checks what can be chosen; at most chosen of them may be so from the start.
func (c *checker) options(path string, sent []Option, least, most, chosen int) []Option {
	at := form.At(path, "options")
	c.size(at, len(sent), least, most)
	sent = sent[:min(len(sent), most)]
	kept := make([]Option, 0, len(sent))
	values := map[string]bool{}
	for i, option := range sent {
		here := form.At(at, i)
		c.problems.Length(form.At(here, "label"), option.Label, 1, maxOptionText)
		c.problems.Length(form.At(here, "value"), option.Value, 1, maxOptionText)
		if values[option.Value] && option.Value != "" {
			c.problems.Add(form.At(here, "value"), "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
				"The specified option value is already used")
		}
		values[option.Value] = true
		option.Description = c.optional(form.At(here, "description"), option.Description, maxOptionText)
		option.Emoji = c.emoji(form.At(here, "emoji"), option.Emoji)
		if option.Default {
			chosen--
		}
		kept = append(kept, option)
	}
	if chosen < 0 {
		c.problems.Add(at, "SELECT_COMPONENT_TOO_MANY_DEFAULT_VALUES", "More options are chosen from the start than may be.")
	}
	return kept
}

// chosenTypes is what a default value of a select may be.
var chosenTypes = map[Kind][]string{
	UserSelect: {"user"}, RoleSelect: {"role"}, MentionableSelect: {"user", "role"}, ChannelSelect: {"channel"},
}

func (c *checker) defaults(path string, sent, kept *Component) []DefaultValue {
	at := form.At(path, "default_values")
	c.problems.Max(at, len(sent.DefaultValues), maxChoices)
	n := form.Int(len(sent.DefaultValues))
	if n > 0 && (n < *kept.MinValues || n > *kept.MaxValues) {
		c.problems.Add(at, "BASE_TYPE_BAD_LENGTH",
			fmt.Sprintf("Must be between %d and %d in length.", *kept.MinValues, *kept.MaxValues))
	}
	for i, value := range sent.DefaultValues[:min(len(sent.DefaultValues), maxChoices)] {
		here := form.At(at, i)
		form.OneOf(c.problems, form.At(here, "type"), value.Type, chosenTypes[sent.Type]...)
		if value.ID == 0 {
			c.problems.Required(form.At(here, "id"))
		}
	}
	return sent.DefaultValues
}
