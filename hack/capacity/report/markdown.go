// Package report prints costs, plans and simulations as the tables of docs/capacity.md, and puts them there.
package report

import (
	"fmt"
	"math"
	"strings"
)

// table is a Markdown table; all columns but the first are numbers.
type table struct{ text strings.Builder }

func newTable(header ...string) *table {
	t := &table{}
	t.row(header...)
	t.row(append([]string{"---"}, repeat("---:", len(header)-1)...)...)
	return t
}

func (t *table) row(cells ...string) {
	fmt.Fprintf(&t.text, "| %s |\n", strings.Join(cells, " | "))
}

// String returns the table.
func (t *table) String() string { return t.text.String() }

func repeat(cell string, n int) []string {
	cells := make([]string, n)
	for i := range cells {
		cells[i] = cell
	}
	return cells
}

// number prints a number with two or three digits, thousands apart.
func number(x float64) string {
	switch size := math.Abs(x); {
	case size == 0:
		return "0"
	case size >= 1000:
		digits := 3 - 1 - int(math.Floor(math.Log10(size)))
		scale := math.Pow(10, float64(-digits))
		return grouped(int64(math.Round(x/scale) * scale))
	case size >= 100:
		return fmt.Sprintf("%.0f", x)
	case size >= 10:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", x), ".0")
	default:
		return fmt.Sprintf("%.2g", x)
	}
}

// grouped prints a whole number with its thousands apart.
func grouped(n int64) string {
	digits := fmt.Sprint(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}

// size prints bytes.
func size(bytes float64) string {
	for _, unit := range []string{"B", "KB", "MB", "GB", "TB"} {
		if bytes < 1000 {
			return number(bytes) + " " + unit
		}
		bytes /= 1000
	}
	return number(bytes) + " PB"
}

// percent prints a part.
func percent(part float64) string { return number(100*part) + " %" }
