package controller

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"

	"guildhall.chat/guildhall/operator/resources"
)

// madeTimes says when each of the credentials was made, by its generation: as the Secret says, which is nil before there is one;
// now, if it is new; and not after the Secret, if that was made by an operator that did not write it down.
func madeTimes(before *corev1.Secret, accepted []resources.Credential, now time.Time) map[int64]time.Time {
	made, known := map[int64]time.Time{}, map[int64]bool{}
	if before != nil {
		made = parseMade(before.Data[resources.MadeKey])
		old, err := parseAccepted(before.Data[resources.AcceptedKey])
		if err == nil {
			for _, credential := range old {
				known[credential.Generation] = true
			}
		}
	}
	for _, credential := range accepted {
		if _, written := made[credential.Generation]; written {
			continue
		}
		made[credential.Generation] = now
		if known[credential.Generation] && !before.CreationTimestamp.IsZero() {
			made[credential.Generation] = before.CreationTimestamp.Time
		}
	}
	return made
}

func formatMade(accepted []resources.Credential, made map[int64]time.Time) []byte {
	var lines bytes.Buffer
	for _, credential := range accepted {
		_, _ = fmt.Fprintf(&lines, "%d %s\n", credential.Generation, made[credential.Generation].UTC().Format(time.RFC3339))
	}
	return lines.Bytes()
}

// parseMade is the inverse. It passes over what it can't read: nothing but a metric depends on it.
func parseMade(content []byte) map[int64]time.Time {
	made := map[int64]time.Time{}
	for line := range strings.Lines(string(content)) {
		number, text, _ := strings.Cut(strings.TrimSpace(line), " ")
		generation, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			continue
		}
		if at, err := time.Parse(time.RFC3339, text); err == nil {
			made[generation] = at
		}
	}
	return made
}
