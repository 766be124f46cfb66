package journal

import "maps"

// layers is a map that is never changed, of which changed ones are made at little cost.
type layers[K comparable, V any] struct {
	base, recent map[K]V // recent goes before base
}

func (l layers[K, V]) get(k K) (V, bool) {
	if v, ok := l.recent[k]; ok {
		return v, true
	}
	v, ok := l.base[k]
	return v, ok
}

// with returns the map with changes, which it keeps.
func (l layers[K, V]) with(changes map[K]V) layers[K, V] {
	if len(changes) == 0 {
		return l
	}
	if len(l.base) == 0 && len(l.recent) == 0 {
		return layers[K, V]{base: changes}
	}
	const small = 256
	recent := make(map[K]V, len(l.recent)+len(changes))
	maps.Copy(recent, l.recent)
	maps.Copy(recent, changes)
	if len(recent) <= len(l.base)/4+small {
		return layers[K, V]{l.base, recent}
	}
	base := make(map[K]V, len(l.base)+len(recent))
	maps.Copy(base, l.base)
	maps.Copy(base, recent)
	return layers[K, V]{base: base}
}
