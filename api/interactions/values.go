package interactions

import (
	"math"
	"slices"
	"unicode/utf8"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// maxText is the longest text of an option, in characters.
const maxText = 6000

// optionValues checks what a user gave for the options of a command.
type optionValues struct {
	*scene
	problems   *form.Problems
	completing bool // an option is being typed: others may be missing or not right yet
	focused    int
}

// list checks values against options and returns them as the application gets them.
func (v *optionValues) list(path string, sent []discord.CommandValue, options []discord.CommandOption) []discord.CommandValue {
	v.problems.Max(path, len(sent), 25)
	given := map[string]bool{}
	var kept []discord.CommandValue
	for i := range sent[:min(len(sent), 25)] {
		one, here := &sent[i], form.At(path, i)
		option := optionOf(options, one)
		switch {
		case option == nil:
			v.problems.Add(form.At(here, "name"), "APPLICATION_COMMAND_OPTION_UNKNOWN", "The command has no such option.")
		case given[one.Name]:
			v.problems.Add(form.At(here, "name"), "APPLICATION_COMMAND_OPTION_DUPLICATED", "The option is there twice.")
		default:
			kept = append(kept, v.value(here, one, option))
		}
		given[one.Name] = true
	}
	nested := len(options) > 0 && options[0].Type <= discord.OptionGroup
	if nested && len(sent) != 1 {
		v.problems.Add(path, "APPLICATION_COMMAND_SUBCOMMAND_REQUIRED", "One subcommand is invoked.")
	}
	for _, option := range options {
		if option.Required && !given[option.Name] && !v.completing {
			v.problems.Add(path, "APPLICATION_COMMAND_OPTION_REQUIRED", "The option "+option.Name+" is required.")
		}
	}
	return kept
}

func optionOf(options []discord.CommandOption, sent *discord.CommandValue) *discord.CommandOption {
	for i := range options {
		if options[i].Name == sent.Name && options[i].Type == sent.Type {
			return &options[i]
		}
	}
	return nil
}

// value checks the value of one option.
func (v *optionValues) value(path string, sent *discord.CommandValue, option *discord.CommandOption) discord.CommandValue {
	kept := discord.CommandValue{Name: sent.Name, Type: sent.Type, Value: sent.Value}
	if option.Type <= discord.OptionGroup {
		kept.Value = nil
		kept.Options = v.list(form.At(path, "options"), sent.Options, option.Options)
		return kept
	}
	if sent.Focused && v.completing {
		if !option.Autocomplete {
			v.problems.Add(form.At(path, "focused"), "BASE_TYPE_BAD_VALUE", "The option is not completed.")
		}
		v.focused++
		v.details.Completed = option.Type
		kept.Focused = true
		if _, isText := sent.Value.(string); !isText { // it is told as it is typed
			kept.Value = ""
		}
		return kept
	}
	at := form.At(path, "value")
	switch option.Type {
	case discord.OptionString:
		v.text(at, sent.Value, option)
	case discord.OptionInteger, discord.OptionNumber:
		v.number(at, sent.Value, option)
	case discord.OptionBoolean:
		if _, ok := sent.Value.(bool); !ok {
			v.problems.Add(at, "BASE_TYPE_INVALID", "Value is not a boolean.")
		}
	case discord.OptionAttachment:
		if !v.completing { // files come when the command is sent
			told := new(snowflake.ID)
			kept.Value = told
			v.files.name(v.problems, at, sent.Value, func(id snowflake.ID) { *told = id })
		}
	default:
		v.object(at, sent.Value, option)
	}
	return kept
}

func (v *optionValues) text(path string, value any, option *discord.CommandOption) {
	text, ok := value.(string)
	if !ok {
		v.problems.Add(path, "BASE_TYPE_INVALID", "Value is not a text.")
		return
	}
	least, most := 0, maxText
	if option.MinLength != nil {
		least = *option.MinLength
	}
	if option.MaxLength != nil {
		most = *option.MaxLength
	}
	if n := utf8.RuneCountInString(text); !v.completing && n < least || n > most {
		v.problems.Length(path, text, least, most)
	}
	v.chosen(path, value, option)
}

func (v *optionValues) number(path string, value any, option *discord.CommandOption) {
	n, ok := value.(float64)
	if !ok || option.Type == discord.OptionInteger && n != math.Trunc(n) {
		v.problems.Add(path, "NUMBER_TYPE_COERCE", "Value is not a number of the option's type.")
		return
	}
	if option.MinValue != nil && n < *option.MinValue {
		v.problems.Add(path, "NUMBER_TYPE_MIN", "The value is too small.")
	}
	if option.MaxValue != nil && n > *option.MaxValue {
		v.problems.Add(path, "NUMBER_TYPE_MAX", "The value is too large.")
	}
	v.chosen(path, value, option)
}

// chosen checks that a value is one of those offered, if any are.
func (v *optionValues) chosen(path string, value any, option *discord.CommandOption) {
	for _, choice := range option.Choices {
		if choice.Value == value {
			return
		}
	}
	if len(option.Choices) > 0 {
		v.problems.Add(path, "BASE_TYPE_CHOICES", "Value must be one of the choices.")
	}
}

// object notes a user, channel or role for resolution.
func (v *optionValues) object(path string, value any, option *discord.CommandOption) {
	text, _ := value.(string)
	id, err := snowflake.Parse(text)
	if err != nil || id == 0 {
		v.problems.Add(path, "NUMBER_TYPE_COERCE", "Value is not snowflake.")
		return
	}
	switch option.Type {
	case discord.OptionUser:
		v.found.add(&v.found.users, path, id)
	case discord.OptionRole:
		v.found.add(&v.found.roles, path, id)
	case discord.OptionMentionable:
		v.found.add(&v.found.mentionables, path, id)
	case discord.OptionChannel:
		v.channel(path, id, option.ChannelTypes)
	}
}

// channel notes a channel, which must be of one of the types if any are named.
func (v *optionValues) channel(path string, id snowflake.ID, types []discord.ChannelType) {
	v.found.add(&v.found.channels, path, id)
	if v.room.Direct() || len(types) == 0 {
		return
	}
	if ch := v.room.Guild.Channel(id); ch != nil && !slices.Contains(types, ch.Type) {
		v.problems.Add(path, "BASE_TYPE_CHOICES", "The channel is not of an allowed type.")
	}
}
