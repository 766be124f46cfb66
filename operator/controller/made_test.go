package controller

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"guildhall.chat/guildhall/operator/resources"
)

func TestCredentialsAreAsOldAsTheyAre(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	first, second := resources.Credential{Generation: 0, Value: "a"}, resources.Credential{Generation: 1, Value: "b"}
	accepted := []resources.Credential{first}
	made := madeTimes(nil, accepted, now)
	if !made[0].Equal(now) {
		t.Errorf("a new Secret's is of %v", made[0])
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{CreationTimestamp: metav1.NewTime(now)},
		Data:       map[string][]byte{resources.AcceptedKey: formatAccepted(accepted), resources.MadeKey: formatMade(accepted, made)},
	}
	later := now.Add(90 * 24 * time.Hour)
	accepted = append(accepted, second)
	for name, content := range map[string][]byte{"written down": secret.Data[resources.MadeKey], "of an earlier operator": nil, "garbled": []byte("x\n0 soon")} {
		secret.Data[resources.MadeKey] = content
		made = madeTimes(secret, accepted, later)
		if !made[0].Equal(now) || !made[1].Equal(later) {
			t.Errorf("%s: the old one is of %v, the new one of %v", name, made[0], made[1])
		}
	}
}
