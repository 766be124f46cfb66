package files

import (
	"path"
	"strings"
	"unicode/utf8"
)

// maxName is the longest name of a file, in bytes.
const maxName = 128

// cleanName makes a filename one that can stand in a URL and in any file system: letters, digits, '.', '-' and '_'.
// Spaces become '_', all else is left out.
func cleanName(name string) string {
	var clean strings.Builder
	for _, r := range path.Base(strings.ReplaceAll(name, `\`, "/")) {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-', r == '_':
			clean.WriteRune(r)
		case r == ' ':
			clean.WriteByte('_')
		}
	}
	extension := path.Ext(clean.String())
	stem := strings.Trim(strings.TrimSuffix(clean.String(), extension), ".")
	if len(extension) < 2 || len(extension) > 17 {
		extension = ""
	}
	if stem == "" {
		stem = "unknown"
	}
	return stem[:min(len(stem), maxName-len(extension))] + extension
}

// titleOf is the name that is shown for a file whose name had to be changed, nil for others.
func titleOf(sent, clean string) *string {
	if sent == clean || sent == "" || !utf8.ValidString(sent) {
		return nil
	}
	title := strings.TrimSuffix(sent, path.Ext(sent))
	return &title
}
