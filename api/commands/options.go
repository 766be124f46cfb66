package commands

import (
	"fmt"
	"math"
	"unicode/utf8"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
)

// Limits of options.
// https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-option-structure
const (
	maxOptions   = 25
	maxChoices   = 25
	maxChoice    = 100 // characters of a choice's name, and of its value
	maxLength    = 6000
	largestExact = 1<<53 - 1 // the largest integer that every JSON reader keeps
)

// level is how deep options are.
type level int

const (
	topLevel level = iota
	inGroup
	inSubcommand
)

// options checks a list of options and returns them as they are kept.
func (k *checker) options(path string, sent []discord.CommandOption, at level) []discord.CommandOption {
	k.problems.Max(path, len(sent), maxOptions)
	sent = sent[:min(len(sent), maxOptions)]
	kept := make([]discord.CommandOption, 0, len(sent))
	names := map[string]bool{}
	nested, optional := 0, false
	for i := range sent {
		option, here := &sent[i], form.At(path, i)
		if names[option.Name] {
			k.problems.Add(form.At(here, "name"), "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS", "Option names must be unique")
		}
		names[option.Name] = true
		if option.Type <= discord.OptionGroup {
			nested++
		}
		if option.Required && optional {
			k.problems.Add(form.At(here, "required"), "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
				"Required options must be placed before non-required options")
		}
		optional = optional || !option.Required
		kept = append(kept, k.option(here, option, at))
	}
	if nested > 0 && nested < len(sent) {
		k.problems.Add(path, "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
			"Sub-command and sub-command group option types are mutually exclusive to all other types")
	}
	if len(kept) == 0 {
		return nil
	}
	return kept
}

// option checks one option, whatever its type.
func (k *checker) option(path string, sent *discord.CommandOption, at level) discord.CommandOption {
	kept := discord.CommandOption{
		Type: sent.Type, Name: sent.Name, NameLocalizations: sent.NameLocalizations,
		Description: sent.Description, DescriptionLocalizations: sent.DescriptionLocalizations,
	}
	k.name(path, sent.Name, sent.NameLocalizations, true)
	k.text(path, "description", sent.Description, sent.DescriptionLocalizations, maxDescription)
	least, most := discord.OptionSubcommand, discord.OptionAttachment
	switch at {
	case inGroup:
		most = discord.OptionSubcommand
	case inSubcommand:
		least = discord.OptionString
	}
	if sent.Type == 0 {
		k.problems.Required(form.At(path, "type"))
		return kept
	}
	if sent.Type < least || sent.Type > most {
		k.problems.Range(form.At(path, "type"), int64(sent.Type), int64(least), int64(most))
		return kept
	}
	switch sent.Type {
	case discord.OptionSubcommand:
		kept.Options = k.options(form.At(path, "options"), sent.Options, inSubcommand)
		return kept
	case discord.OptionGroup:
		kept.Options = k.options(form.At(path, "options"), sent.Options, inGroup)
		return kept
	}
	kept.Required = sent.Required
	switch sent.Type {
	case discord.OptionString:
		k.lengths(path, sent, &kept)
		k.choices(path, sent, &kept)
	case discord.OptionInteger, discord.OptionNumber:
		k.bounds(path, sent, &kept)
		k.choices(path, sent, &kept)
	case discord.OptionChannel:
		k.channelTypes(form.At(path, "channel_types"), sent.ChannelTypes)
		kept.ChannelTypes = sent.ChannelTypes
	}
	return kept
}

func (k *checker) lengths(path string, sent, kept *discord.CommandOption) {
	kept.MinLength, kept.MaxLength = sent.MinLength, sent.MaxLength
	if kept.MinLength != nil {
		k.problems.Range(form.At(path, "min_length"), int64(*kept.MinLength), 0, maxLength)
	}
	if kept.MaxLength != nil {
		k.problems.Range(form.At(path, "max_length"), int64(*kept.MaxLength), 1, maxLength)
	}
	if kept.MinLength != nil && kept.MaxLength != nil && *kept.MinLength > *kept.MaxLength {
		k.problems.Add(form.At(path, "min_length"), "BASE_TYPE_BAD_VALUE", "min_length is at most max_length.")
	}
}

func (k *checker) bounds(path string, sent, kept *discord.CommandOption) {
	kept.MinValue, kept.MaxValue = sent.MinValue, sent.MaxValue
	for key, bound := range map[string]*float64{"min_value": kept.MinValue, "max_value": kept.MaxValue} {
		if bound != nil && !k.number(kept.Type, *bound) {
			k.problems.Add(form.At(path, key), "NUMBER_TYPE_COERCE", "Value is not a number of the option's type.")
		}
	}
	if kept.MinValue != nil && kept.MaxValue != nil && *kept.MinValue > *kept.MaxValue {
		k.problems.Add(form.At(path, "min_value"), "BASE_TYPE_BAD_VALUE", "min_value is at most max_value.")
	}
}

// number reports whether a number can be a value of an option of the type.
func (k *checker) number(kind discord.OptionType, n float64) bool {
	return math.Abs(n) <= largestExact && (kind == discord.OptionNumber || n == math.Trunc(n))
}

func (k *checker) channelTypes(path string, types []discord.ChannelType) {
	seen := map[discord.ChannelType]bool{}
	for i, kind := range types {
		if kind < 0 || kind > discord.ChannelMedia {
			k.problems.Range(form.At(path, i), int64(kind), 0, int64(discord.ChannelMedia))
			return
		}
		if seen[kind] {
			k.problems.Add(path, "SET_TYPE_ALREADY_CONTAINS_VALUE", "The set already contains this value")
			return
		}
		seen[kind] = true
	}
}

// choices checks the values that are offered. What is completed while it is typed offers none.
func (k *checker) choices(path string, sent, kept *discord.CommandOption) {
	at := form.At(path, "choices")
	if kept.Autocomplete = sent.Autocomplete; sent.Autocomplete && len(sent.Choices) > 0 {
		k.problems.Add(at, "APPLICATION_COMMAND_OPTIONS_AUTOCOMPLETE_CHOICES", "An option with autocomplete has no choices.")
	}
	kept.Choices = k.values(at, sent.Type, sent.Choices)
}

// values checks choices for an option of the type: of a command, or in answer to what was typed.
func (k *checker) values(path string, kind discord.OptionType, sent []discord.CommandChoice) []discord.CommandChoice {
	k.problems.Max(path, len(sent), maxChoices)
	var kept []discord.CommandChoice
	names := map[string]bool{}
	for i, choice := range sent[:min(len(sent), maxChoices)] {
		here := form.At(path, i)
		k.text(here, "name", choice.Name, choice.NameLocalizations, maxChoice)
		if names[choice.Name] {
			k.problems.Add(form.At(here, "name"), "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS", "Choice names must be unique")
		}
		names[choice.Name] = true
		switch v := choice.Value.(type) {
		case string:
			k.size += utf8.RuneCountInString(v)
			if kind != discord.OptionString {
				k.problems.Add(form.At(here, "value"), "NUMBER_TYPE_COERCE", fmt.Sprintf("Value %q is not a number.", v))
			} else {
				k.problems.Max(form.At(here, "value"), utf8.RuneCountInString(v), maxChoice)
			}
		case float64:
			if kind == discord.OptionString {
				k.problems.Add(form.At(here, "value"), "BASE_TYPE_INVALID", "Value is not a text.")
			} else if !k.number(kind, v) {
				k.problems.Add(form.At(here, "value"), "NUMBER_TYPE_COERCE", "Value is not a number of the option's type.")
			}
		default:
			k.problems.Required(form.At(here, "value"))
		}
		kept = append(kept, discord.CommandChoice{Name: choice.Name, NameLocalizations: choice.NameLocalizations, Value: choice.Value})
	}
	return kept
}

// CheckChoices notes what is wrong with choices that an application offers for an option of the type while it is typed.
func CheckChoices(p *form.Problems, path string, kind discord.OptionType, sent []discord.CommandChoice) []discord.CommandChoice {
	k := &checker{problems: p}
	kept := k.values(path, kind, sent)
	if kept == nil {
		kept = []discord.CommandChoice{}
	}
	return kept
}
