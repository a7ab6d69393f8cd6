package bootstrap

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap/catalogue"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// builtIn is the health check that waits for the APIServices of the groups that
// kube-apiserver serves itself.
const builtIn = "autoregister-completion"

// automanaged is the label of an APIService that the autoregistration controller
// looks after: "onstart" for a group that kube-apiserver serves itself, "true"
// for one of a CustomResourceDefinition, whose APIService comes and goes with it
// (kube-aggregator pkg/controllers/autoregister/autoregister_controller.go).
const (
	automanaged = "kube-aggregator.kubernetes.io/automanaged"
	onStart     = "onstart"
)

// newAPIServices are those of groups and versions that are served from now on,
// and the status of those that are not available: the check waits for both.
func (p *planner) newAPIServices() {
	live, ok := facts.APIServices.Get(p.s)
	if !ok {
		return
	}
	var names []string
	for _, a := range live {
		names = append(names, a.Name)
	}
	p.createAbsent("APIService", names)
	for _, want := range p.recorded("APIService", Create) {
		i := slices.IndexFunc(live, func(a facts.APIService) bool { return a.Name == want.GetName() })
		if i >= 0 && live[i].Service == "" && live[i].Available != available {
			p.update(withAvailable(live[i], available, "Local"), withAvailable(live[i], live[i].Available, live[i].Reason), status)
		}
	}
}

// available is the status of the condition of that name.
const available = "True"

func withAvailable(a facts.APIService, status, reason string) *unstructured.Unstructured {
	u := apiService(a)
	if status != "" {
		u.Object["status"] = map[string]any{"conditions": []any{map[string]any{"type": "Available", "status": status, "reason": reason}}}
	}
	return u
}

// oldAPIServices are those that differ from what they should be, and those of
// groups and versions that are served no longer.
func (p *planner) oldAPIServices() {
	live, ok := facts.APIServices.Get(p.s)
	if !ok {
		return
	}
	wanted := map[string]*unstructured.Unstructured{}
	for _, want := range recorded(p.minor, builtIn, "APIService", Create) {
		wanted[want.GetName()] = want
	}
	for _, a := range live {
		want := wanted[a.Name]
		switch managed := a.Labels[automanaged]; {
		case want != nil && (managed == onStart || managed == "true"):
			current := apiService(a)
			if revised := current.DeepCopy(); differs(a, want) {
				revised.Object["spec"] = want.DeepCopy().Object["spec"]
				p.update(revised, current)
			}
		case want == nil && managed == onStart:
			p.remove(apiService(a), when(p.optIn(a.Name)))
		}
	}
}

func differs(a facts.APIService, want *unstructured.Unstructured) bool {
	group, _, _ := unstructured.NestedInt64(want.Object, "spec", "groupPriorityMinimum")
	version, _, _ := unstructured.NestedInt64(want.Object, "spec", "versionPriority")
	return a.Service != "" || int64(a.GroupPriorityMinimum) != group || int64(a.VersionPriority) != version
}

// optIn is the condition under which an APIService that the target doesn't have
// goes: none if the minor that is served has it by default. Else somebody enabled it
// there by --runtime-config, perhaps in the target too.
func (p *planner) optIn(name string) string {
	if m, ok := catalogue.Find(p.hop.Served.Line()); ok {
		byDefault := recorded(m, builtIn, "APIService", Create)
		if slices.ContainsFunc(byDefault, func(a *unstructured.Unstructured) bool { return a.GetName() == name }) {
			return ""
		}
	}
	return fmt.Sprintf("if %s is not enabled by --runtime-config in %s too", name, p.plan.Target)
}

// apiService is the live object, as far as it is known.
func apiService(a facts.APIService) *unstructured.Unstructured {
	u := &unstructured.Unstructured{Object: map[string]any{}}
	u.SetAPIVersion("apiregistration.k8s.io/v1")
	u.SetKind("APIService")
	u.SetName(a.Name)
	u.SetLabels(a.Labels)
	v, group, _ := strings.Cut(a.Name, ".")
	spec := map[string]any{"version": v, "groupPriorityMinimum": int64(a.GroupPriorityMinimum), "versionPriority": int64(a.VersionPriority)}
	if group != "" {
		spec["group"] = group
	}
	if namespace, name, ok := strings.Cut(a.Service, "/"); ok {
		spec["service"] = map[string]any{"namespace": namespace, "name": name}
	}
	u.Object["spec"] = spec
	return u
}
