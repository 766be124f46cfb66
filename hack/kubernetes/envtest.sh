#!/usr/bin/env bash
# Prints a directory with etcd and kube-apiserver, for KUBEBUILDER_ASSETS. The first call builds them from source into the
# user's cache: about 8 minutes on 2 cores with nothing cached. Later calls, and calls at the same time, use that.
set -euo pipefail
cd "$(dirname "$0")/apiserver"

version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/guildhall
# Named by what it is made of: other sources are another directory.
dir=$cache/kubernetes-$version-$(cat go.mod go.sum main.go | sha256sum | cut -c 1-12)
mkdir -p "$cache"
exec 9>"$cache/kubernetes.lock"
flock 9

if [ ! -e "$dir" ]; then
	echo "building etcd and kube-apiserver $version; this takes minutes, once" >&2
	new=$dir.new
	rm -rf "$new"
	mkdir "$new"
	minor=${version#v1.}
	minor=${minor%.*}
	flags="-s -w"
	for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
		flags="$flags -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=$minor"
	done
	CGO_ENABLED=0 GOFLAGS= go build -trimpath -ldflags "$flags" -o "$new/kube-apiserver" . >&2
	ln -s kube-apiserver "$new/etcd"
	mv "$new" "$dir"
fi
echo "$dir"
