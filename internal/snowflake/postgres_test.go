package snowflake

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"
)

// The type map is the part of pgx that turns values into what goes to Postgres and back.
func roundTrip(t *testing.T, oid uint32, format int16, in, out any) {
	t.Helper()
	types := pgtype.NewMap()
	wire, err := types.Encode(oid, format, in, nil)
	if err != nil {
		t.Fatalf("encode %v: %v", in, err)
	}
	if err := types.Scan(oid, format, wire, out); err != nil {
		t.Fatalf("scan %v: %v", in, err)
	}
}

func TestPostgresBigint(t *testing.T) {
	t.Parallel()
	for _, format := range []int16{pgtype.BinaryFormatCode, pgtype.TextFormatCode} {
		for _, id := range []ID{0, 175928847299117063, Max} {
			var one ID
			roundTrip(t, pgtype.Int8OID, format, id, &one)
			if one != id {
				t.Errorf("%d came back as %d", id, one)
			}
			var pointer *ID
			roundTrip(t, pgtype.Int8OID, format, &id, &pointer)
			if pointer == nil || *pointer != id {
				t.Errorf("&%d came back as %v", id, pointer)
			}
		}
		for _, ids := range [][]ID{{}, {1}, {3, 2, Max}} {
			var many []ID
			roundTrip(t, pgtype.Int8ArrayOID, format, ids, &many)
			if !slices.Equal(many, ids) {
				t.Errorf("%v came back as %v", ids, many)
			}
		}
		null := new(ID)
		roundTrip(t, pgtype.Int8OID, format, (*ID)(nil), &null)
		if null != nil {
			t.Errorf("NULL came back as %d", *null)
		}
	}
}

func TestPostgresRefusesWhatIsNoID(t *testing.T) {
	t.Parallel()
	types := pgtype.NewMap()
	id := ID(5)
	if err := types.Scan(pgtype.Int8OID, pgtype.BinaryFormatCode, nil, &id); err == nil {
		t.Error("NULL was read into an ID")
	}
	negative := []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	if err := types.Scan(pgtype.Int8OID, pgtype.BinaryFormatCode, negative, &id); err == nil {
		t.Error("-1 was read into an ID")
	}
	if _, err := types.Encode(pgtype.Int8OID, pgtype.BinaryFormatCode, Max+1, nil); err == nil {
		t.Error("an id above bigint was written")
	}
}
