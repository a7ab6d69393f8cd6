package redact

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/addons"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// names are those to replace, by what they name.
type names struct {
	of       map[string]map[string]bool
	reserved map[string]bool
}

// add notes the name, unless it is Kubernetes', GKE's or a word that means something
// else, too.
func (n *names) add(kind, name string) {
	if len(name) < 2 || n.reserved[name] || system(name) || number.MatchString(name) {
		return
	}
	if n.of[kind] == nil {
		n.of[kind] = map[string]bool{}
	}
	n.of[kind][name] = true
}

// number is one that is a port, a size or a count in other places: too short to be a name.
var number = regexp.MustCompile(`^[0-9]{1,5}$`)

// suffixes are of names that Kubernetes and Google give.
var suffixes = []string{"k8s.io", "kubernetes.io", "gke.io", "googleapis.com", "google.com", "x-k8s.io"}

// system reports whether a name is Kubernetes' or GKE's own, by which rules tell it.
func system(name string) bool {
	domain, _, _ := strings.Cut(name, "/")
	for _, s := range suffixes {
		if domain == s || strings.HasSuffix(domain, "."+s) || strings.HasSuffix(name, "."+s) {
			return true
		}
	}
	for _, p := range []string{"kube-", "gke-managed-", "gke-gmp-", "gmp-", "system:", "konnectivity-agent", "projects/"} {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return ownNamespace[name]
}

// ownNamespace are the namespaces that GKE makes, and those that each cluster has.
var ownNamespace = map[string]bool{
	"default": true, "gke-managed-system": true, "config-management-system": true, "istio-system": true, "asm-system": true,
	"cnrm-system": true, "gatekeeper-system": true, "calico-system": true, "metrics-server": true, "kubernetes": true,
}

// namesOf finds the names that users gave.
func namesOf(s *facts.Snapshot, files []*zip.File) (replacer, error) {
	n := &names{of: map[string]map[string]bool{}, reserved: reservedWords(s)}
	n.add("cluster", s.Meta.Cluster.Name)
	n.add("project", s.Meta.Cluster.Project)
	n.add("user", s.Meta.Identity)
	n.webhooks(s)
	paths := map[string]bool{}
	for _, f := range files {
		_, err := entries(f, func(v any, _ bool) error {
			n.in(stem(f), v)
			imagesIn(v, paths)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	r := replacer{}
	for _, kind := range slices.Sorted(maps.Keys(n.of)) {
		for i, name := range slices.Sorted(maps.Keys(n.of[kind])) {
			if _, taken := r[name]; !taken {
				r[name] = replacement(kind, i, name)
			}
		}
	}
	for i, path := range slices.Sorted(maps.Keys(paths)) {
		r[imageName(path)] = fmt.Sprintf("image-%04d", i)
	}
	return r, nil
}

// in notes the names in what a file holds.
func (n *names) in(stem string, v any) {
	if kind, named := kinds[stem]; named {
		n.objects(v, kind)
	}
	if !untouched[stem] {
		n.labelsIn(v, "")
	}
}

// imagesIn notes the paths of the images in v.
func imagesIn(v any, paths map[string]bool) {
	switch v := v.(type) {
	case []any:
		for _, inner := range v {
			imagesIn(inner, paths)
		}
	case map[string]any:
		for k, inner := range v {
			if image, ok := inner.(string); ok && k == "image" {
				paths[addons.ReferenceOf(image).Path] = true
			}
			imagesIn(inner, paths)
		}
	}
}

// replacement keeps the order of names, which that of webhooks hangs on, and a name of
// several parts one of as many as it needs.
func replacement(kind string, n int, name string) string {
	switch {
	case kind == "label-key" && strings.Contains(name, "/"):
		return fmt.Sprintf("example.org/key-%04d", n)
	case strings.Count(name, ".") > 1 || kind == "webhook":
		return fmt.Sprintf("%s-%04d.example.org", kind, n)
	}
	return fmt.Sprintf("%s-%04d", kind, n)
}

// kinds are the facts whose entries have names, and what they name.
var kinds = map[string]string{
	facts.Namespaces.ID(): "namespace", facts.Services.ID(): "service", facts.Endpoints.ID(): "service", facts.BackendPods.ID(): "pod", facts.BackendWorkloads.ID(): "workload",
	facts.PodGroups.ID(): "workload", facts.DisruptionBudgets.ID(): "budget", facts.Nodes.ID(): "node", facts.GKENodePools.ID(): "pool", facts.KonnectivityAgents.ID(): "agent",
	facts.Images.ID(): "workload", facts.IngressClasses.ID(): "class", facts.HelmCharts.ID(): "release",
	facts.NetworkPolicies.ID(): "policy", facts.OtherNetworkPolicies.ID(): "policy",
	facts.ValidatingPolicies.ID(): "admission", facts.ValidatingPolicyBindings.ID(): "admission", facts.MutatingPolicies.ID(): "admission", facts.MutatingPolicyBindings.ID(): "admission",
}

// objects notes the names of a list's entries, and those that they mention. What is in
// GKE's own namespaces has names of GKE's.
func (n *names) objects(v any, kind string) {
	all, _ := v.([]any)
	for _, o := range all {
		entry, _ := o.(map[string]any)
		if m, ok := entry["metadata"].(map[string]any); ok {
			entry = m
		}
		namespace, _ := entry["namespace"].(string)
		name, _ := entry["name"].(string)
		if system(namespace) && namespace != "default" {
			continue
		}
		if kind != "" {
			n.add(kind, name)
		}
		n.mentioned(entry)
		n.objects(entry["endpoints"], "")
		n.objects(entry["containers"], "container")
	}
}

// mentioned notes the names of others in an entry.
func (n *names) mentioned(entry map[string]any) {
	for _, field := range []string{"pool", "pod", "node"} {
		name, _ := entry[field].(string)
		n.add(field, name)
	}
	example, _ := entry["example"].(string)
	n.add("pod", example)
	owner, _ := entry["owner"].(string)
	if _, name, ok := strings.Cut(owner, "/"); ok {
		n.add("workload", name)
	}
}

// webhooks notes configurations, webhooks, and the hosts of URLs.
func (n *names) webhooks(s *facts.Snapshot) {
	one := func(config, name string, u *string) {
		n.add("config", config)
		n.add("webhook", name)
		if u == nil {
			return
		}
		if parsed, err := url.Parse(*u); err == nil && strings.ContainsAny(parsed.Hostname(), "abcdefghijklmnopqrstuvwxyz") && !strings.Contains(parsed.Hostname(), ":") && parsed.Hostname() != "localhost" {
			n.add("host", parsed.Hostname())
		}
	}
	validating, _ := facts.ValidatingWebhooks.Get(s)
	for _, c := range validating {
		for _, w := range c.Webhooks {
			one(c.Name, w.Name, w.ClientConfig.URL)
		}
	}
	mutating, _ := facts.MutatingWebhooks.Get(s)
	for _, c := range mutating {
		for _, w := range c.Webhooks {
			one(c.Name, w.Name, w.ClientConfig.URL)
		}
	}
}

// labelsIn notes keys and values of labels that users chose.
func (n *names) labelsIn(v any, field string) {
	switch v := v.(type) {
	case []any:
		for _, inner := range v {
			n.labelsIn(inner, field)
		}
	case map[string]any:
		for k, inner := range v {
			if value, ok := inner.(string); ok && slices.Contains(labelled, field) && !system(k) {
				n.add("value", value)
				if strings.Contains(k, "/") {
					n.add("label-key", k)
				}
			}
			if text, ok := inner.(string); ok && k == "patch" {
				n.patched(text)
			}
			n.labelsIn(inner, k)
		}
	}
}

// reservedWords are those that mean something to Kubernetes.
func reservedWords(s *facts.Snapshot) map[string]bool {
	reserved := map[string]bool{"true": true, "false": true, "none": true, "enabled": true, "disabled": true, "app": true, "name": true,
		"admin": false, "kubernetes": true, "validating": true, "mutating": true, "gke": true, "http": true, "https": true, "key": true, "tcp": true, "udp": true}
	for _, w := range []string{"create", "update", "delete", "connect", "allowed", "denied", "hung", "refused", "services", "service", "pod", "node", "object", "request", "namespace", "endpoints"} {
		reserved[w] = true
	}
	all, _ := facts.APIResources.Get(s)
	for _, r := range all {
		for _, w := range []string{r.Group, r.Version, r.Resource, r.Kind} {
			reserved[w] = true
		}
	}
	return reserved
}

// patched notes the labels and annotations that a JSON Patch sets.
func (n *names) patched(patch string) {
	var operations []struct {
		Path  string `json:"path"`
		Value any    `json:"value"`
	}
	if json.Unmarshal([]byte(patch), &operations) != nil {
		return
	}
	for _, o := range operations {
		parts := strings.Split(o.Path, "/")
		field, value := parts[len(parts)-1], o.Value
		if len(parts) > 2 && slices.Contains(labelled, parts[len(parts)-2]) {
			key := strings.NewReplacer("~1", "/", "~0", "~").Replace(field)
			field, value = parts[len(parts)-2], map[string]any{key: value}
		}
		n.labelsIn(value, field)
	}
}
