package rules

import (
	"fmt"
	"maps"
	"strings"

	"sigs.k8s.io/yaml"
)

// Runbooks is where runbooks are, unless somebody keeps them elsewhere.
const Runbooks = "https://guildhall.chat/docs/runbooks"

// header is the first line of what is written.
const header = "# Made by monitoring/generate from monitoring/rules: change it there, then make generate.\n"

// file is a file of rules.
// https://prometheus.io/docs/prometheus/latest/configuration/recording_rules/
type file struct {
	Groups []fileGroup `json:"groups"`
}

type fileGroup struct {
	Name  string     `json:"name"`
	Rules []fileRule `json:"rules"`
}

type fileRule struct {
	Record      string            `json:"record,omitempty"`
	Alert       string            `json:"alert,omitempty"`
	Expr        string            `json:"expr"`
	For         string            `json:"for,omitempty"`
	Keep        string            `json:"keep_firing_for,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// File returns the groups as a file for Prometheus' rule_files.
func File(groups []Group) ([]byte, error) {
	content, err := yaml.Marshal(fileOf(groups))
	if err != nil {
		return nil, fmt.Errorf("write rules: %w", err)
	}
	return append([]byte(header), content...), nil
}

// PrometheusRule returns the groups as an object for the Prometheus operator.
// https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PrometheusRule
func PrometheusRule(groups []Group, namespace, name string) ([]byte, error) {
	content, err := yaml.Marshal(map[string]any{
		"apiVersion": "monitoring.coreos.com/v1",
		"kind":       "PrometheusRule",
		"metadata": map[string]any{
			"name": name, "namespace": namespace,
			"labels": map[string]string{"app.kubernetes.io/name": "guildhall-operator"},
		},
		"spec": fileOf(groups),
	})
	if err != nil {
		return nil, fmt.Errorf("write PrometheusRule: %w", err)
	}
	return append([]byte(header), content...), nil
}

func fileOf(groups []Group) (f file) {
	for _, group := range groups {
		g := fileGroup{Name: "guildhall-" + group.Subsystem}
		for _, r := range group.Recordings {
			g.Rules = append(g.Rules, fileRule{Record: r.Name, Expr: r.Value})
		}
		for _, a := range group.Alerts {
			g.Rules = append(g.Rules, a.rule())
		}
		f.Groups = append(f.Groups, g)
	}
	return f
}

func (a Alert) rule() fileRule {
	labels := map[string]string{"severity": string(a.Severity), "subsystem": a.Subsystem}
	maps.Copy(labels, a.Labels)
	rule := fileRule{
		Alert: a.Name, Expr: a.Expr(), Labels: labels,
		Annotations: map[string]string{
			"summary": a.Summary, "description": a.Description,
			"runbook_url": strings.Join([]string{Runbooks, a.Name + ".md"}, "/"),
		},
	}
	if a.For > 0 {
		rule.For = Production.Range(a.For)
	}
	if a.Keep > 0 {
		rule.Keep = Production.Range(a.Keep)
	}
	return rule
}
