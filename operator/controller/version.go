package controller

import (
	"cmp"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/util/version"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// Schema, events, journal and scripts are compatible between neighbouring minor versions, whose pods may serve side by side
// while one takes the other's place. So a rollout must not skip one, up or down. What is not tagged as a version is not judged.

// skippedVersion returns why the image of the spec must not follow what runs, nil if it may. In the middle of a rollout two
// versions run. Before the first one has ended nothing does that anybody uses: a mistake can be put right.
func skippedVersion(cluster *v1alpha1.ChatCluster) *failure {
	wanted := versionOf(cluster.Spec.Image)
	if cluster.Status.Version == "" || wanted == nil {
		return nil
	}
	for _, image := range []string{cluster.Status.Version, cluster.Status.RolledOut} {
		if runs := versionOf(image); runs != nil && !neighbours(runs, wanted) {
			return &failure{
				reason: v1alpha1.ReasonVersionSkipped,
				message: fmt.Sprintf("spec.image goes from version %s to %s: roll out each minor version between them first; %s stays until then",
					runs, wanted, cmp.Or(cluster.Status.RolledOut, cluster.Status.Version)),
			}
		}
	}
	return nil
}

// neighbours reports whether no minor version lies between the two. From one major version to the next, which minor one is the
// last can't be known: there, only the side of the later one is judged.
func neighbours(a, b *version.Version) bool {
	if b.LessThan(a) {
		a, b = b, a
	}
	switch b.Major() - a.Major() {
	case 0:
		return b.Minor()-a.Minor() <= 1
	case 1:
		return b.Minor() == 0
	}
	return false
}

// versionOf returns the version that an image is tagged with, nil if its tag is none.
func versionOf(image string) *version.Version {
	name, _, _ := strings.Cut(image, "@") // a digest
	_, tag, found := strings.Cut(name[strings.LastIndex(name, "/")+1:], ":")
	if !found {
		return nil
	}
	parsed, err := version.ParseSemantic(tag)
	if err != nil {
		return nil
	}
	return parsed
}
