package snowflake

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"testing"
	"time"
)

func TestParseIsStrict(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"0", "1", "175928847299117063", "9223372036854775807"} {
		id, err := Parse(text)
		if err != nil || id.String() != text {
			t.Errorf("Parse(%q) = %v, %v", text, id, err)
		}
	}
	for _, text := range []string{"", "00", "01", "-1", "+1", " 1", "1 ", "1.0", "1e3", "0x1", "١",
		"9223372036854775808", "18446744073709551615", "18446744073709551616", "99999999999999999999999"} {
		if _, err := Parse(text); !errors.Is(err, ErrInvalid) {
			t.Errorf("Parse(%q): %v, want ErrInvalid", text, err)
		}
	}
}

func TestTime(t *testing.T) {
	t.Parallel()
	// The example of Discord's reference.
	const id ID = 175928847299117063
	want := time.Date(2016, 4, 30, 11, 18, 25, 796e6, time.UTC)
	if got := id.Time(); !got.Equal(want) {
		t.Errorf("Time() = %v, want %v", got, want)
	}
	if low := FromTime(want); low > id || low.Time() != want || low>>timeShift<<timeShift != low {
		t.Errorf("FromTime(%v) = %v", want, low)
	}
	if got := FromTime(time.Unix(0, 0)); got != 0 {
		t.Errorf("before the epoch: %v, want 0", got)
	}
	if got := FromTime(time.Unix(math.MaxInt32*1000, 0)); got > Max {
		t.Errorf("far future: %v is above Max", got)
	}
}

func TestJSON(t *testing.T) {
	t.Parallel()
	type object struct {
		ID     ID        `json:"id"`
		Parent *ID       `json:"parent_id"`
		Roles  []ID      `json:"roles"`
		Names  map[ID]ID `json:"names"`
	}
	var got object
	in := `{"id":175928847299117063,"parent_id":null,"roles":["1",2],"names":{"3":"4"}}`
	if err := json.Unmarshal([]byte(in), &got); err != nil {
		t.Fatal(err)
	}
	out, err := json.Marshal(got)
	want := `{"id":"175928847299117063","parent_id":null,"roles":["1","2"],"names":{"3":"4"}}`
	if err != nil || string(out) != want {
		t.Errorf("got %s, %v, want %s", out, err, want)
	}
	for _, in := range []string{`""`, `"x"`, `"01"`, `-1`, `1.5`, `1e3`, `true`, `{}`, `[]`, `"9223372036854775808"`} {
		var id ID
		if err := json.Unmarshal([]byte(in), &id); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v, want ErrInvalid", in, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"0", "01", "175928847299117063", "9223372036854775808", "null", `"`, `""`, `"1"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		// The standard library's parser plus "nothing else prints like this" is the independent judge.
		n, err := strconv.ParseInt(text, 10, 64)
		valid := err == nil && n >= 0 && strconv.FormatInt(n, 10) == text
		id, err := Parse(text)
		if (err == nil) != valid || (valid && id != ID(n)) {
			t.Fatalf("Parse(%q) = %d, %v, want valid %v", text, id, err, valid)
		}
		for _, form := range []string{text, `"` + text + `"`} {
			var fromJSON ID
			err := fromJSON.UnmarshalJSON([]byte(form))
			if valid && (err != nil || fromJSON != id) {
				t.Fatalf("UnmarshalJSON(%s) = %d, %v", form, fromJSON, err)
			}
			if err != nil && fromJSON != 0 {
				t.Fatalf("UnmarshalJSON(%s) failed and wrote %d", form, fromJSON)
			}
		}
	})
}

func BenchmarkMarshal(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_, _ = json.Marshal(ID(175928847299117063))
	}
}
