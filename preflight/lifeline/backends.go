package lifeline

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A backend is a Service that a webhook is called at.
type backend struct{ namespace, service string }

// backends are the Services of all webhooks, by namespace and name.
func backends(s *facts.Snapshot) []backend {
	found := map[backend]bool{}
	add := func(c admissionregistrationv1.WebhookClientConfig) {
		if c.Service != nil && (c.Service.Namespace != "default" || c.Service.Name != "kubernetes") {
			found[backend{c.Service.Namespace, c.Service.Name}] = true
		}
	}
	validating, _ := facts.ValidatingWebhooks.Get(s)
	for _, c := range validating {
		for _, w := range c.Webhooks {
			add(w.ClientConfig)
		}
	}
	mutating, _ := facts.MutatingWebhooks.Get(s)
	for _, c := range mutating {
		for _, w := range c.Webhooks {
			add(w.ClientConfig)
		}
	}
	return slices.SortedFunc(maps.Keys(found), func(a, b backend) int {
		return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.service, b.service))
	})
}

// backendPods returns l once for each namespace of a backend.
func (e examples) backendPods(l Line) []Line {
	var lines []Line
	for _, b := range backends(e.s) {
		if n := len(lines); n == 0 || lines[n-1].Namespace != b.namespace {
			mine := l
			mine.Name, mine.Namespace = l.Name+" "+b.namespace, b.namespace
			lines = append(lines, mine)
		}
		mine := &lines[len(lines)-1]
		o, controller, g, unknown := e.backendPod(b)
		mine.Unknown = cmp.Or(mine.Unknown, unknown)
		mine.Writes = append(mine.Writes, labelled(mine.Name, e.pod(o, controller, g))...)
	}
	return lines
}

// backendPod returns one pod of the backend, the controller that makes it and the group
// that it is of: a live one, or as far as the Service's selector tells.
func (e examples) backendPod(b backend) (o object, controller string, g facts.PodGroup, unknown string) {
	o, controller = object{namespace: b.namespace, name: b.service}, deployments
	for _, f := range []facts.Fact{facts.Services, facts.BackendPods} {
		if a, absent := e.s.Absence(f); absent {
			return o, controller, g, fmt.Sprintf("could not read %s (%s)", f.ID(), a)
		}
	}
	all := facts.Services.Of(e.s)
	n := slices.IndexFunc(all, func(v facts.Service) bool { return v.Namespace == b.namespace && v.Name == b.service })
	if n < 0 || len(all[n].Selector) == 0 {
		return o, controller, g, ""
	}
	o.labels = all[n].Selector
	for _, p := range facts.BackendPods.Of(e.s) {
		if p.Namespace == b.namespace && within(all[n].Selector, p.Labels) {
			o.name, o.labels = p.Name, p.Labels
			o.known.Complete = true
			return o, controllerOf(p), e.groupOfPod(p), ""
		}
	}
	return o, controller, g, ""
}

func within(selector, labels map[string]string) bool {
	for k, v := range selector {
		if got, ok := labels[k]; !ok || got != v {
			return false
		}
	}
	return true
}

// controllerOf is the one that makes the pod; one of which no owner is known counts as of a
// ReplicaSet.
func controllerOf(p facts.Pod) string {
	if kind, _, owned := strings.Cut(p.Owner, "/"); owned {
		return makers[kind]
	}
	return deployments
}
