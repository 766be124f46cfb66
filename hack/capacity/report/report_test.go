package report

import (
	"strings"
	"testing"
)

func TestNumbers(t *testing.T) {
	t.Parallel()
	for x, want := range map[float64]string{
		0: "0", 0.0123: "0.012", 1: "1", 9.96: "10", 12: "12", 12.34: "12.3", 123.4: "123", 999.6: "1000", 1234: "1,230", 56_789_012: "56,800,000",
	} {
		if got := number(x); got != want {
			t.Errorf("%v is %q, not %q", x, got, want)
		}
	}
	for bytes, want := range map[float64]string{0: "0 B", 999: "999 B", 1500: "1.5 KB", 2e9: "2 GB", 3e18: "3,000 PB"} {
		if got := size(bytes); got != want {
			t.Errorf("%v bytes are %q, not %q", bytes, got, want)
		}
	}
	if got := grouped(1234567); got != "1,234,567" {
		t.Error(got)
	}
}

func TestSplice(t *testing.T) {
	t.Parallel()
	const document = "a\n<!-- generated: x -->\nold\n<!-- end of x -->\nb\n"
	once, err := Splice(document, "x", "new")
	if err != nil || strings.Contains(once, "old") || !strings.HasPrefix(once, "a\n") || !strings.HasSuffix(once, "\nb\n") {
		t.Errorf("%q, %v", once, err)
	}
	if twice, err := Splice(once, "x", "new"); err != nil || twice != once {
		t.Errorf("%q, %v", twice, err)
	}
	for _, broken := range []string{"", "<!-- generated: x -->\n", "<!-- end of x -->", "<!-- generated: y -->\n<!-- end of y -->"} {
		if got, err := Splice(broken, "x", "new"); err == nil {
			t.Errorf("%q became %q", broken, got)
		}
	}
}
