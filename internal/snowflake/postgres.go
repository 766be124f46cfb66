package snowflake

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgtype"
)

// ScanInt64 lets pgx read a bigint, and a bigint[] into []ID. NULL is an error: nullable columns use *ID.
func (id *ID) ScanInt64(v pgtype.Int8) error {
	if !v.Valid {
		return errors.New("snowflake: NULL in a column that is read as an id")
	}
	if v.Int64 < 0 {
		return fmt.Errorf("snowflake: %d is negative", v.Int64)
	}
	*id = ID(v.Int64)
	return nil
}

// Int64Value lets pgx write a bigint, and []ID as bigint[].
func (id ID) Int64Value() (pgtype.Int8, error) {
	if id > Max {
		return pgtype.Int8{}, fmt.Errorf("snowflake: %d doesn't fit a bigint", uint64(id))
	}
	return pgtype.Int8{Int64: int64(id), Valid: true}, nil
}
