package operator

import (
	"fmt"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

func (c *cluster) signingKeys() []string {
	c.Helper()
	var secret corev1.Secret
	c.read("chat-keys", &secret)
	return strings.Fields(string(secret.Data["signing-keys"]))
}

// waitForKeys waits until these, and no others, are the signing keys, in this order; "" is any.
func (c *cluster) waitForKeys(want ...string) []string {
	c.Helper()
	var have []string
	eventually(c.T, func() string {
		have = c.signingKeys()
		problem := fmt.Sprintf("%d keys", len(have))
		if len(have) != len(want) {
			return problem
		}
		for i := range want {
			if want[i] != "" && want[i] != have[i] {
				return problem + " in another order"
			}
		}
		return ""
	})
	return have
}

// Each step of a rotation waits until all pods have taken the one before.
func TestSigningKeysAreRotatedInSteps(t *testing.T) {
	t.Parallel()
	c := create(t, func(c *v1alpha1.ChatCluster) {
		c.Spec.Rotation.RetireAfter = &metav1.Duration{Duration: 2 * time.Second}
	})
	c.finish()
	old := c.waitForKeys("")[0]
	hash := func() string {
		var router appsv1.Deployment
		c.read("chat-shard-router", &router)
		return router.Spec.Template.Annotations["guildhall.chat/secret-hash"]
	}
	before := hash()

	c.update(func(spec *v1alpha1.ChatClusterSpec) { spec.Rotation.SigningKeys = 1 })
	both := c.waitForKeys(old, "")
	c.waitForWait(v1alpha1.ReasonRollingGateway, "StatefulSet chat-gateway-0")
	if now := c.signingKeys(); now[0] != old {
		t.Error("the new key signs before all pods know it")
	}
	c.finish()
	c.waitForKeys(both[1], old)
	c.waitForWait(v1alpha1.ReasonRollingGateway, "StatefulSet chat-gateway-0")
	c.finish()
	c.waitForKeys(both[1])
	c.finish()
	if hash() == before {
		t.Error("the shard router was not rolled")
	}
	eventually(t, func() string {
		if now := c.get().Status.Rotation.SigningKeys; now.Generation != 1 || now.UsedSince != nil {
			return fmt.Sprintf("%+v", now)
		}
		return ""
	})
}

// What a ChatCluster of the same name finds again: keys that old tokens are good with.
func TestGeneratedSecretsOutliveTheChatCluster(t *testing.T) {
	t.Parallel()
	c := create(t, nil)
	c.finish()
	key := c.waitForKeys("")[0]
	remove := func() {
		if err := k8s.Delete(t.Context(), c.get(), client.PropagationPolicy(metav1.DeletePropagationBackground)); err != nil {
			t.Fatal(err)
		}
	}
	remove()
	c.createCluster(func(c *v1alpha1.ChatCluster) { c.Spec.DeletionPolicy = v1alpha1.DeletionDelete })
	c.finish()
	c.waitForKeys(key)
	var secret corev1.Secret
	c.read("chat-keys", &secret)
	if owner := metav1.GetControllerOf(&secret); owner == nil || owner.UID != c.get().UID {
		t.Error("under the policy Delete, the generated Secret has no owner")
	}
	// The policy may change at any time.
	c.update(func(spec *v1alpha1.ChatClusterSpec) { spec.DeletionPolicy = v1alpha1.DeletionRetain })
	eventually(t, func() string {
		c.read("chat-keys", &secret)
		if metav1.GetControllerOf(&secret) != nil {
			return "under the policy Retain, the generated Secret has an owner"
		}
		return ""
	})
}
