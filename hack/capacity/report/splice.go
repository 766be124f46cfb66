package report

import (
	"fmt"
	"strings"
)

// Splice replaces a generated part of a document, which is between two comments:
//
//	<!-- generated: NAME -->
//	...
//	<!-- end of NAME -->
func Splice(document, name, content string) (string, error) {
	begin, end := fmt.Sprintf("<!-- generated: %s -->\n", name), fmt.Sprintf("<!-- end of %s -->", name)
	before, rest, found := strings.Cut(document, begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		return "", fmt.Errorf("the document has no part %q", name)
	}
	return before + begin + "\n" + content + "\n" + end + after, nil
}
