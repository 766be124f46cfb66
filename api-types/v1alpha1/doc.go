// Package v1alpha1 holds the Go types of the ChatCluster resource, group guildhall.chat. Programs that make or read
// ChatClusters import this package and nothing else of Guildhall.
//
// A user writes the spec, the API server checks it against the schema made from the markers here (config/crd), the
// operator makes it so and reports in the status.
//
// +kubebuilder:object:generate=true
// +groupName=guildhall.chat
package v1alpha1

//go:generate go run sigs.k8s.io/controller-tools/cmd/controller-gen@v0.19.0 object crd paths=. output:crd:dir=../../config/crd/bases
//go:generate cp ../../config/crd/bases/guildhall.chat_chatclusters.yaml ../../charts/guildhall-operator/files/crd.yaml
