package controller

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// annotationApplied is a hash of what was applied, by which a field that is wanted no more is noticed.
const annotationApplied = "guildhall.chat/applied"

// apply makes the fields of the object so, whoever else set them. Where they are so already it asks the API server for
// nothing. answer, unless nil, gets the object as it is now.
func (r rollout) apply(ctx context.Context, object runtime.ApplyConfiguration, answer client.Object) error {
	wanted, err := stamped(object)
	if err != nil {
		return err
	}
	name := wanted.GetKind() + " " + wanted.GetName()
	known, err := r.known(ctx, wanted)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	differs := difference(known, wanted.Object)
	if differs == "" {
		return answerWith(known, answer)
	}
	err = r.reconciler.Client.Apply(ctx, client.ApplyConfigurationFromUnstructured(wanted), client.ForceOwnership, fieldOwner)
	if err != nil {
		return fmt.Errorf("apply %s: %w", name, err)
	}
	if known != nil {
		r.reconciler.drift(r.platform.Cluster, known, wanted, differs)
	}
	return answerWith(wanted.Object, answer)
}

// changes reports whether applying the object would change anything.
func (r rollout) changes(ctx context.Context, object runtime.ApplyConfiguration) (bool, error) {
	wanted, err := stamped(object)
	if err != nil {
		return false, err
	}
	known, err := r.known(ctx, wanted)
	return known == nil || !covers(known, wanted.Object), err
}

// known returns the object as the cache has it, nil if it has none.
func (r rollout) known(ctx context.Context, wanted *unstructured.Unstructured) (map[string]any, error) {
	scheme := r.reconciler.Client.Scheme()
	if !scheme.Recognizes(wanted.GroupVersionKind()) {
		have := &unstructured.Unstructured{}
		have.SetGroupVersionKind(wanted.GroupVersionKind())
		if err := r.reconciler.Client.Get(ctx, client.ObjectKeyFromObject(wanted), have); err != nil {
			return nil, client.IgnoreNotFound(err)
		}
		return have.Object, nil
	}
	made, err := scheme.New(wanted.GroupVersionKind())
	if err != nil {
		return nil, err
	}
	have, ok := made.(client.Object)
	if !ok {
		return nil, fmt.Errorf("%T is no object", made)
	}
	err = r.reconciler.Client.Get(ctx, client.ObjectKeyFromObject(wanted), have)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	have.GetObjectKind().SetGroupVersionKind(wanted.GroupVersionKind())
	return runtime.DefaultUnstructuredConverter.ToUnstructured(have)
}

func answerWith(content map[string]any, answer client.Object) error {
	if answer == nil {
		return nil
	}
	return runtime.DefaultUnstructuredConverter.FromUnstructured(content, answer)
}

// stamped returns the object with a hash of itself.
func stamped(wanted runtime.ApplyConfiguration) (*unstructured.Unstructured, error) {
	converted, err := runtime.DefaultUnstructuredConverter.ToUnstructured(wanted)
	if err != nil {
		return nil, fmt.Errorf("convert %T: %w", wanted, err)
	}
	object := &unstructured.Unstructured{Object: converted}
	content, err := json.Marshal(converted) // keys are sorted
	if err != nil {
		return nil, fmt.Errorf("hash %s: %w", object.GetName(), err)
	}
	sum := sha256.Sum256(content)
	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[annotationApplied] = hex.EncodeToString(sum[:8])
	object.SetAnnotations(annotations)
	return object, nil
}

// covers reports whether have says all that want says. It may say more: what the API server defaults, and what others set.
func covers(have, want any) bool { return difference(have, want) == "" }

// difference returns the path of a field in which have does not say what want says, as .spec.containers[0].image; "" if there is
// none. An item of a list is looked for at the same place, or by its name, since others may have added items.
func difference(have, want any) string {
	const here = "."
	switch want := want.(type) {
	case map[string]any:
		have, ok := have.(map[string]any)
		if !ok && len(want) > 0 {
			return here
		}
		for _, key := range slices.Sorted(maps.Keys(want)) {
			if path := difference(have[key], want[key]); path != "" {
				return strings.TrimSuffix("."+key+path, here)
			}
		}
		return ""
	case []any:
		have, ok := have.([]any)
		if !ok && len(want) > 0 {
			return here
		}
		for i, item := range want {
			path := here
			if i < len(have) {
				path = difference(have[i], item)
			}
			if path != "" && !coveredByName(have, item) {
				return strings.TrimSuffix("["+strconv.Itoa(i)+"]"+path, here)
			}
		}
		return ""
	case nil:
		return ""
	}
	if reflect.DeepEqual(have, want) || number(have) != nil && number(want) != nil && *number(have) == *number(want) {
		return ""
	}
	return here
}

func coveredByName(have []any, want any) bool {
	item, ok := want.(map[string]any)
	if !ok {
		return false
	}
	for _, other := range have {
		if other, ok := other.(map[string]any); ok && item["name"] != nil && other["name"] == item["name"] {
			return covers(other, item)
		}
	}
	return false
}

// number returns the value of a number, whichever type a decoder gave it.
func number(value any) *float64 {
	var n float64
	switch value := value.(type) {
	case int64:
		n = float64(value)
	case float64:
		n = value
	default:
		return nil
	}
	return &n
}
