package commands

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
)

// Limits of a command.
// https://discord.com/developers/docs/interactions/application-commands#application-command-object
const (
	maxName        = 32
	maxDescription = 100
	maxSize        = 8000 // characters of names, descriptions and values altogether
)

// validName is that of commands by /name and of options.
// https://discord.com/developers/docs/interactions/application-commands#application-command-object-application-command-naming
var validName = regexp.MustCompile(`^[-_'\p{L}\p{N}\p{Devanagari}\p{Thai}]{1,32}$`)

// checker notes what is wrong with a command, below a path.
type checker struct {
	problems *form.Problems
	size     int
}

// check notes what is wrong with a command and takes out what commands and options of its kind don't have.
func check(p *form.Problems, path string, c *discord.Command) {
	k := &checker{problems: p}
	form.OneOf(p, form.At(path, "type"), c.Type, discord.CommandChat, discord.CommandUser, discord.CommandMessage)
	chat := c.Type == discord.CommandChat
	k.name(path, c.Name, c.NameLocalizations, chat)
	if chat {
		k.text(path, "description", c.Description, c.DescriptionLocalizations, maxDescription)
		c.Options = k.options(form.At(path, "options"), c.Options, topLevel)
	} else {
		p.Max(form.At(path, "description"), len(c.Description), 0)
		p.Max(form.At(path, "options"), len(c.Options), 0)
		p.Max(form.At(path, "description_localizations"), len(c.DescriptionLocalizations), 0)
	}
	set(p, form.At(path, "contexts"), c.Contexts, discord.ContextGuild, discord.ContextBotDM, discord.ContextPrivate)
	set(p, form.At(path, "integration_types"), c.IntegrationTypes, discord.InstalledInGuild, discord.InstalledByUser)
	if k.size > maxSize {
		p.Add(path, "APPLICATION_COMMAND_TOO_LARGE", fmt.Sprintf("Command exceeds maximum size (%d)", maxSize))
	}
}

// set checks a list of numbers of which each is there once; nil is none at all.
func set(p *form.Problems, path string, list []int, allowed ...int) {
	if list != nil && len(list) == 0 {
		p.Required(path)
	}
	for i, n := range list {
		form.OneOf(p, form.At(path, i), n, allowed...)
		if slices.Contains(list[:i], n) {
			p.Add(path, "SET_TYPE_ALREADY_CONTAINS_VALUE", "The set already contains this value")
			return
		}
	}
}

// name checks a name and its translations; strict is that of what is typed.
func (k *checker) name(path, name string, translations map[string]string, strict bool) {
	k.text(path, "name", name, translations, maxName)
	if !strict {
		return
	}
	if name != "" && !typable(name) {
		k.problems.Add(form.At(path, "name"), "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
	}
	for _, locale := range slices.Sorted(maps.Keys(translations)) {
		if !typable(translations[locale]) {
			k.problems.Add(form.At(path, "name_localizations", locale), "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid")
		}
	}
}

// typable reports whether a name is of the allowed characters, in lower case where they have one.
func typable(name string) bool {
	return validName.MatchString(name) && !strings.ContainsFunc(name, func(r rune) bool { return unicode.ToLower(r) != r })
}

// text checks a text of at most so many characters and its translations. The longest counts for the size.
func (k *checker) text(path, key, text string, translations map[string]string, most int) {
	k.problems.Length(form.At(path, key), text, 1, most)
	longest := utf8.RuneCountInString(text)
	at := form.At(path, key+"_localizations")
	for _, locale := range slices.Sorted(maps.Keys(translations)) {
		translated := translations[locale]
		if !slices.Contains(discord.Locales, locale) {
			k.problems.Add(at, "BASE_TYPE_CHOICES", "Value must be one of {"+strings.Join(discord.Locales, ", ")+"}.")
			return
		}
		k.problems.Length(form.At(at, locale), translated, 1, most)
		longest = max(longest, utf8.RuneCountInString(translated))
	}
	k.size += longest
}
