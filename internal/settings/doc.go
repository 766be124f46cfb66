// Package settings knows the two forms in which people's clients keep their settings on the platform: a JSON object
// (Legacy) and protocol buffers (Proto), of which only the clients know all fields. Discord documents neither.
//
//	PATCH settings        -> ReadLegacy -> Legacy: merged ---Encode---> the fields of the preloaded Proto that mean the same
//	PATCH settings-proto  -> ReadProto  -> Proto: spliced ---Decode---> the keys of the Legacy that mean the same
//
// A client that writes one form so changes the other, and a client that reads the other sees it. What the two have in common
// is one table (keys.go); each kind of value in it goes both ways (values.go).
package settings
