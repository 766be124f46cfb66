package discord

// Capabilities is the bit set of changes of the protocol that a person's client says it knows, in IDENTIFY. Bits without a
// name here have no effect. Discord does not document them.
type Capabilities uint64

// The capabilities that change shapes.
const (
	CapLazyNotes              Capabilities = 1 << 0  // READY has no notes
	CapVersionedReadStates    Capabilities = 1 << 2  // read_state is an object
	CapVersionedGuildSettings Capabilities = 1 << 3  // user_guild_settings is an object
	CapDedupeUsers            Capabilities = 1 << 4  // READY has each user once, and ids elsewhere
	CapPrioritizedReady       Capabilities = 1 << 5  // members and presences follow in READY_SUPPLEMENTAL
	CapSettingsProto          Capabilities = 1 << 9  // settings come as protocol buffers
	CapClientState            Capabilities = 1 << 10 // a guild has its own columns in properties
)

// Has reports whether the client knows a capability. READY is divided for those only who know CapDedupeUsers, too.
func (c Capabilities) Has(one Capabilities) bool {
	if one == CapPrioritizedReady {
		one |= CapDedupeUsers
	}
	return c&one == one
}
