package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/test/clients/rest"
)

// TestDeletedPlatformIsFoundAgain deletes a ChatCluster and applies the same manifest again.
func TestDeletedPlatformIsFoundAgain(t *testing.T) {
	p := newPlatform(t, nil)
	flow := startTraffic(t, p)
	flow.flows(p)
	flow.leave()
	cluster, err := p.read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	kept := p.kept()
	p.delete()
	if left := p.kept(); !slices.Equal(kept, left) {
		t.Errorf("of what holds data, %v, %v is left", kept, left)
	}
	again := &v1alpha1.ChatCluster{Spec: cluster.Spec}
	again.Name, again.Namespace = cluster.Name, cluster.Namespace
	p.create(again)
	p.settled()
	flow.found()
}

// delete deletes the ChatCluster, and waits until no pod is left.
func (p *platform) delete() {
	p.t.Helper()
	if output, err := p.kubectl("delete", "cc", p.name, "--wait"); err != nil {
		p.t.Fatalf("delete: %v: %s", err, output)
	}
	p.eventually("its pods are gone", func(ctx context.Context) error {
		var pods corev1.PodList
		if err := k8s.List(ctx, &pods, client.InNamespace(p.namespace.name)); err != nil {
			return err
		}
		if len(pods.Items) > 0 {
			return fmt.Errorf("%d are left", len(pods.Items))
		}
		return nil
	})
}

// kept returns the objects that hold data: volumes, generated Secrets, and where Patroni keeps its key.
func (p *platform) kept() (names []string) {
	p.t.Helper()
	add := func(kind, name string, uid types.UID) {
		names = append(names, fmt.Sprintf("%s %s %s", kind, name, uid))
	}
	var claims corev1.PersistentVolumeClaimList
	var secrets corev1.SecretList
	for _, list := range []client.ObjectList{&claims, &secrets} {
		if err := k8s.List(p.t.Context(), list, client.InNamespace(p.namespace.name)); err != nil {
			p.t.Fatal(err)
		}
	}
	for _, claim := range claims.Items {
		add("volume claim", claim.Name, claim.UID)
	}
	for _, secret := range secrets.Items {
		add("Secret", secret.Name, secret.UID)
	}
	var key corev1.Service
	if err := p.get(p.t.Context(), p.name+"-postgres-config", &key); err != nil {
		p.t.Fatal(err)
	}
	add("Service", key.Name, key.UID)
	if len(claims.Items) < 8 || len(secrets.Items) < 3 {
		p.t.Errorf("only %v hold data", names)
	}
	slices.Sort(names)
	return names
}

// found judges whether a platform knows all that was said, and its users by their old tokens.
func (f *traffic) found() {
	f.t.Helper()
	if err := f.owner.Do(f.t.Context(), http.MethodGet, "/users/@me", nil, nil); err != nil {
		f.t.Errorf("the owner's token: %v", err)
	}
	for content, id := range f.posted {
		var message rest.Message
		found := false
		for _, channel := range f.channels {
			if f.talkers[0].Do(f.t.Context(), http.MethodGet, "/channels/"+channel+"/messages/"+id, nil, &message) == nil {
				found = true
				break
			}
		}
		if !found || message.Content != content {
			f.t.Errorf("message %q is lost", content)
		}
	}
}
