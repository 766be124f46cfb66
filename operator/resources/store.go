package resources

import (
	core "k8s.io/client-go/applyconfigurations/core/v1"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// What the pods of stores have in common.
const (
	dataVolume = "data"

	annotationFiles = "guildhall.chat/files-hash"
)

// storageClass returns the class of a store's volumes, nil for the default one.
func storageClass(storage *v1alpha1.StorageSpec) *string {
	if storage == nil || storage.ClassName == "" {
		return nil
	}
	return &storage.ClassName
}

func fieldEnv(name, field string) *core.EnvVarApplyConfiguration {
	return core.EnvVar().WithName(name).WithValueFrom(
		core.EnvVarSource().WithFieldRef(core.ObjectFieldSelector().WithAPIVersion("v1").WithFieldPath(field)))
}

func item(key string) *core.KeyToPathApplyConfiguration {
	return core.KeyToPath().WithKey(key).WithPath(key)
}
