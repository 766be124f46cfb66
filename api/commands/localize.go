package commands

import (
	"slices"
	"strings"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
)

// localeOf is the language that a caller reads, "" if it doesn't say.
// https://discord.com/developers/docs/reference#locales
func localeOf(c *call.Call) string {
	for _, header := range []string{"X-Discord-Locale", "Accept-Language"} {
		for part := range strings.SplitSeq(c.GetHeader(header), ",") {
			tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
			if slices.Contains(discord.Locales, tag) {
				return tag
			}
		}
	}
	return ""
}

// Localize puts a command's names and descriptions in one language beside the default ones, and leaves out the others.
func Localize(c *discord.Command, locale string) {
	c.NameLocalized, c.DescriptionLocalized = c.NameLocalizations[locale], c.DescriptionLocalizations[locale]
	c.NameLocalizations, c.DescriptionLocalizations = nil, nil
	localizeOptions(c.Options, locale)
}

func localizeOptions(options []discord.CommandOption, locale string) {
	for i := range options {
		o := &options[i]
		o.NameLocalized, o.DescriptionLocalized = o.NameLocalizations[locale], o.DescriptionLocalizations[locale]
		o.NameLocalizations, o.DescriptionLocalizations = nil, nil
		LocalizeChoices(o.Choices, locale)
		localizeOptions(o.Options, locale)
	}
}

// LocalizeChoices does for choices what Localize does for a command.
func LocalizeChoices(choices []discord.CommandChoice, locale string) {
	for i := range choices {
		choices[i].NameLocalized, choices[i].NameLocalizations = choices[i].NameLocalizations[locale], nil
	}
}
