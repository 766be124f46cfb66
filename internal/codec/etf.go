package codec

// Tags of the External Term Format, as far as gateways and their clients use it.
// https://www.erlang.org/doc/apps/erts/erl_ext_dist
const (
	etfVersion = 131

	tagNewFloat      = 70  // IEEE 754, 8 bytes
	tagSmallInteger  = 97  // unsigned, 1 byte
	tagInteger       = 98  // signed, 4 bytes
	tagAtom          = 100 // 2 bytes of length, Latin-1
	tagSmallTuple    = 104 // 1 byte of arity
	tagLargeTuple    = 105 // 4 bytes of arity
	tagNil           = 106 // the empty list
	tagString        = 107 // 2 bytes of length, a list of bytes
	tagList          = 108 // 4 bytes of length, elements, tail
	tagBinary        = 109 // 4 bytes of length
	tagSmallBig      = 110 // 1 byte of length, sign, digits of base 256 from the lowest
	tagSmallAtom     = 115 // 1 byte of length, Latin-1
	tagMap           = 116 // 4 bytes of arity, keys and values
	tagAtomUTF8      = 118 // 2 bytes of length
	tagSmallAtomUTF8 = 119 // 1 byte of length
)

// atomNil is null. Discord's gateway is written in Elixir, where it is called so.
const atomNil = "nil"
