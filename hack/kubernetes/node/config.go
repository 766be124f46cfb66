//go:build linux

package node

import (
	"bytes"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"text/template"
)

// Templates of files: the programs' configuration, and what is applied to a new cluster.
//
//go:embed config manifests
var files embed.FS

// values are what the templates may use.
type values struct {
	Dir, Pause, CoreDNS, Cgroup                     string
	NodeName, PodNetwork, DNSAddress, ClusterDomain string
	StorageProvisioner, ContainerdSocket            string
}

func (c Cluster) values() values {
	return values{
		Dir: c.Dir, Pause: c.Pause, CoreDNS: c.CoreDNS, Cgroup: "/" + c.cgroup(),
		NodeName: nodeName, PodNetwork: podNetwork, DNSAddress: dnsAddress, ClusterDomain: clusterDomain,
		StorageProvisioner: provisioner, ContainerdSocket: c.containerdSocket(),
	}
}

// writeConfig fills in all templates, into directories of the same names.
func (c Cluster) writeConfig() error {
	for _, dir := range []string{"config", "manifests"} {
		entries, err := files.ReadDir(dir)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(c.path(dir), 0o755); err != nil {
			return err
		}
		for _, entry := range entries {
			if err := c.fill(filepath.Join(dir, entry.Name())); err != nil {
				return fmt.Errorf("%s: %w", entry.Name(), err)
			}
		}
	}
	return nil
}

func (c Cluster) fill(name string) error {
	parsed, err := template.ParseFS(files, name)
	if err != nil {
		return err
	}
	var content bytes.Buffer
	if err := parsed.Option("missingkey=error").Execute(&content, c.values()); err != nil {
		return err
	}
	return os.WriteFile(c.path(name), content.Bytes(), 0o644)
}
