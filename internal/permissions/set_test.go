package permissions

import (
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"
)

func TestSetJSON(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]Set{
		`"0"`: 0, `0`: 0, `"2048"`: SendMessages, `2048`: SendMessages,
		`"18446744073709551615"`: math.MaxUint64, `18446744073709551615`: math.MaxUint64,
	} {
		var got Set
		if err := json.Unmarshal([]byte(in), &got); err != nil || got != want {
			t.Errorf("%s: got %v, %v", in, got, err)
		}
		if out, err := json.Marshal(got); err != nil || string(out) != strconv.Quote(got.String()) {
			t.Errorf("%s: written as %s, %v", in, out, err)
		}
	}
	for _, in := range []string{`""`, `"01"`, `-1`, `"+1"`, `1.0`, `1e3`, `"1_0"`, `"0x1"`, `true`, `[]`, `"18446744073709551616"`} {
		var got Set
		if err := json.Unmarshal([]byte(in), &got); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: got %v, %v, want ErrInvalid", in, got, err)
		}
	}
}

func TestSetInPostgres(t *testing.T) {
	t.Parallel()
	types := pgtype.NewMap()
	for _, set := range []Set{0, All, 1 << 63, everything} {
		wire, err := types.Encode(pgtype.Int8OID, pgtype.BinaryFormatCode, set, nil)
		if err != nil {
			t.Fatal(err)
		}
		var got Set
		if err := types.Scan(pgtype.Int8OID, pgtype.BinaryFormatCode, wire, &got); err != nil || got != set {
			t.Errorf("%v came back as %v, %v", set, got, err)
		}
	}
	var set Set
	if err := types.Scan(pgtype.Int8OID, pgtype.BinaryFormatCode, nil, &set); err == nil {
		t.Error("NULL was read into a Set")
	}
}

func FuzzSetJSON(f *testing.F) {
	for _, seed := range []string{`"8"`, `8`, `"`, `""`, `null`, `"01"`, `18446744073709551616`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var set Set
		if err := set.UnmarshalJSON(data); err != nil {
			if !errors.Is(err, ErrInvalid) || set != 0 {
				t.Fatalf("%q: %v, set to %v", data, err, set)
			}
			return
		}
		text := set.String()
		if in := string(data); in != text && in != `"`+text+`"` && in != "null" {
			t.Fatalf("%q was read as %s", data, text)
		}
	})
}
