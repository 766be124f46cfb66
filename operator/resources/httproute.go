package resources

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// HTTPRouteKind is that of the Gateway API, which a cluster may have or not.
// https://gateway-api.sigs.k8s.io/reference/spec/#httproute
var HTTPRouteKind = schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "HTTPRoute"}

// HTTPRoute returns the HTTPRoute of the domain, nil if none is wanted.
func (p Platform) HTTPRoute() *unstructured.Unstructured {
	wanted := p.Cluster.Spec.HTTPRoute
	if wanted == nil {
		return nil
	}
	var parents []any
	for _, ref := range wanted.ParentRefs {
		parent := map[string]any{"name": ref.Name}
		if ref.Namespace != "" {
			parent["namespace"] = ref.Namespace
		}
		if ref.SectionName != "" {
			parent["sectionName"] = ref.SectionName
		}
		parents = append(parents, parent)
	}
	var sockets []any
	for _, path := range routerPaths {
		sockets = append(sockets, map[string]any{"path": map[string]any{"type": "Exact", "value": path}})
	}
	spec := map[string]any{
		"parentRefs": parents,
		"rules": []any{
			map[string]any{
				"matches":     sockets,
				"backendRefs": []any{p.backendRef(ShardRouter)},
				"timeouts":    map[string]any{"request": "0s"}, // none: a WebSocket is one request
			},
			map[string]any{
				"matches":     []any{map[string]any{"path": map[string]any{"type": "PathPrefix", "value": "/"}}},
				"backendRefs": []any{p.backendRef(API)},
			},
		},
	}
	if host := p.host(); host != "" {
		spec["hostnames"] = []any{host}
	}
	return p.foreign(HTTPRouteKind, p.Cluster.Name, p.Labels(""), spec)
}

func (p Platform) backendRef(component string) map[string]any {
	return map[string]any{"name": p.Name(component), "port": int64(servicePort)}
}

// foreign returns an object of a kind that this program has no types for.
func (p Platform) foreign(kind schema.GroupVersionKind, name string, labels map[string]string, spec map[string]any) *unstructured.Unstructured {
	owner := p.owner()
	object := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	object.SetGroupVersionKind(kind)
	object.SetName(name)
	object.SetNamespace(p.Cluster.Namespace)
	object.SetLabels(labels)
	_ = unstructured.SetNestedSlice(object.Object, []any{map[string]any{
		"apiVersion": *owner.APIVersion, "kind": *owner.Kind, "name": *owner.Name, "uid": string(*owner.UID),
		"controller": true, "blockOwnerDeletion": true,
	}}, "metadata", "ownerReferences")
	return object
}
