package rehearsal

import (
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// configMaps are those of kube-system that hooks write. The one that each server writes
// from its flags, which are the recorded ones (see [Settings]), is among them where
// selectors and expressions may read more of it.
func configMaps(s *facts.Snapshot) (out []*unstructured.Unstructured) {
	all, _ := facts.SystemConfigMaps.Get(s)
	for _, m := range all {
		if m.Name == authentication && len(m.Labels)+len(m.Annotations) == 0 {
			continue
		}
		u := object("v1", "ConfigMap", map[string]any{"metadata": map[string]any{"namespace": "kube-system", "name": m.Name}, "data": anyMap(m.Data)})
		u.SetLabels(m.Labels)
		u.SetAnnotations(m.Annotations)
		out = append(out, u)
	}
	return out
}

// microTime is how Kubernetes writes a MicroTime.
const microTime = "2006-01-02T15:04:05.000000Z07:00"

// leases are those by which API servers had made themselves known that were gone when
// the recording was made, as old now as they were then: a starting one deletes them.
func leases(s *facts.Snapshot, now time.Time) (out []*unstructured.Unstructured) {
	all, _ := facts.IdentityLeases.Get(s)
	for _, l := range all {
		if !l.Expired(s.Meta.CollectedAt) {
			continue
		}
		seconds := int64(l.Seconds)
		if seconds == 0 {
			seconds = 3600
		}
		spec := map[string]any{"renewTime": now.Add(-s.Meta.CollectedAt.Sub(l.Renewed)).UTC().Format(microTime), "leaseDurationSeconds": seconds}
		if l.Holder != "" {
			spec["holderIdentity"] = l.Holder
		}
		u := object("coordination.k8s.io/v1", "Lease", map[string]any{"spec": spec})
		u.SetNamespace("kube-system")
		u.SetName(l.Name)
		u.SetLabels(l.Labels)
		out = append(out, u)
	}
	return out
}

// onStart is the label of the APIServices of groups that kube-apiserver serves itself,
// which it looks after at its start alone (kube-aggregator
// pkg/controllers/autoregister/autoregister_controller.go).
const onStart = "kube-aggregator.kubernetes.io/automanaged=onstart"

// apiServices are those of groups that kube-apiserver serves itself: what flags of the
// cluster's have enabled, disabled or left behind may be others than the server's own here.
func apiServices(s *facts.Snapshot) (out []*unstructured.Unstructured) {
	key, value, _ := strings.Cut(onStart, "=")
	all, _ := facts.APIServices.Get(s)
	for _, a := range all {
		if a.Service != "" || a.Labels[key] != value {
			continue
		}
		version, group, _ := strings.Cut(a.Name, ".")
		u := object("apiregistration.k8s.io/v1", "APIService", map[string]any{"spec": map[string]any{
			"group": group, "version": version, "groupPriorityMinimum": int64(a.GroupPriorityMinimum), "versionPriority": int64(a.VersionPriority)}})
		u.SetName(a.Name)
		u.SetLabels(a.Labels)
		out = append(out, u)
	}
	return out
}
