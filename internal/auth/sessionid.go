package auth

import "strings"

const (
	sessionRandomBytes = 16
	sessionMACBytes    = 16
	// maxSessionID bounds what is checked, in bytes: the name of a pod has at most 253.
	maxSessionID = 300
)

// ValidPodName reports whether the name can be part of session ids: a DNS subdomain name as Kubernetes has it, in lower
// case. (RFC 1123 section 2.1)
func ValidPodName(pod string) bool {
	for i := range len(pod) {
		c := pod[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' {
			return false
		}
	}
	return pod != "" && len(pod) <= 253
}

// NewSessionID returns an id for a gateway session of the pod, which has a ValidPodName: <pod>.<random>.<mac>. Whoever
// gets the session id in a RESUME can find the pod by it, and be sure that no client made it up.
func (k *Keys) NewSessionID(pod string) string {
	id := pod + "." + randomText(sessionRandomBytes)
	return id + "." + mac(k.session[0], id, sessionMACBytes)
}

// PodOf returns the pod that made the session id; ok is false if none of ours did.
func (k *Keys) PodOf(sessionID string) (pod string, ok bool) {
	if len(sessionID) > maxSessionID {
		return "", false
	}
	end := strings.LastIndexByte(sessionID, '.')
	if end < 0 {
		return "", false
	}
	id := sessionID[:end]
	middle := strings.LastIndexByte(id, '.') // the pod's name may have dots
	if middle < 0 || !verifyMAC(k.session, id, sessionID[end+1:], sessionMACBytes) {
		return "", false
	}
	return id[:middle], true
}
