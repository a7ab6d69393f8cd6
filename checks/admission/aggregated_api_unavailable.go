package admission

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var aggregatedAPIUnavailable = preflight.Check{
	ID:       "GP142",
	Name:     "aggregated-api-unavailable",
	Title:    "An aggregated API is not available",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.APIServices, facts.OutboundAttempts},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		all := aggregatedAPIs(s)
		gone := slices.DeleteFunc(slices.Clone(all), func(k callee) bool { return k.condition(s) == "" && len(k.failed()) == 0 })
		for _, g := range grouped(gone, callee.target) {
			fs = append(fs, unavailable(s, g))
		}
		return append(fs, unaskedCallees(slices.DeleteFunc(all, func(k callee) bool { return k.condition(s) != "" }))...)
	},
}

// condition is why the API server holds it unavailable, empty if it doesn't.
func (k callee) condition(s *facts.Snapshot) string {
	for _, a := range facts.APIServices.Of(s) {
		if a.Name == k.name && a.Available != "True" && a.Available != "" {
			return a.Reason
		}
	}
	return ""
}

// unavailable is the finding about APIServices with one backend.
func unavailable(s *facts.Snapshot, g []callee) preflight.Finding {
	k := g[0]
	reason, why := k.condition(s), ""
	if bad := k.failed(); len(bad) > 0 && (reason == "" || bad[0].Fault != facts.HTTPStatus) {
		why = k.target() + " " + bad[0].fault()
	}
	f := preflight.Finding{Severity: preflight.Warning, Subject: k.subject(), Steps: remedy.Do("bring its backend back", k.lookAt()...).
		Or("delete it, if what it belonged to is gone", remedy.Sh("kubectl delete apiservice %s", k.name))}
	if reason != "" {
		if why == "" {
			why = "the API server holds " + k.target() + " unavailable"
		}
		why += ", " + reason
		f.Evidence = append(f.Evidence, preflight.Evidence{Fact: k.fact.ID(), Path: k.path + "/reason", Value: reason, Note: k.message(s)})
	}
	f.Evidence = append(f.Evidence, failedEvidence(g)...)
	f.Summary = fmt.Sprintf("%s; discovery lacks %s, so that namespaces can't be deleted and garbage collection can stall", why, named(g))
	if k.provided() {
		f.Steps = remedy.Do("leave the object alone, which GKE runs, and see what keeps its Pods from running, such as a webhook, a quota or a full node", remedy.Sh("kubectl --namespace kube-system describe pods --selector k8s-app=metrics-server"))
	}
	return f
}

func (k callee) message(s *facts.Snapshot) string {
	for _, a := range facts.APIServices.Of(s) {
		if a.Name == k.name {
			return a.Message
		}
	}
	return ""
}
