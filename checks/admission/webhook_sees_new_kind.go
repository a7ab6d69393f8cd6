package admission

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

var webhookSeesNewKind = preflight.Check{
	ID:       "GP105",
	Name:     "webhook-sees-new-kind",
	Title:    "A fail-closed webhook sees a kind that only the target knows",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    StartupNeeds(),
	Uses:     StartupUses(),
	After:    []string{"GP101"},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		if a, absent := s.Absence(facts.APIResources); absent {
			fs = append(fs, preflight.Finding{
				Severity:  preflight.Warning,
				Subject:   preflight.Subject{Kind: "Version", Name: s.Meta.Target},
				Undecided: fmt.Sprintf("could not read %s (%s): which kinds are new is not known", facts.APIResources.ID(), a),
			})
		}
		unknown := newKinds(s)
		for _, b := range passing(s, func(forecast.Hook) bool { return true }) {
			kinds := b.only(unknown)
			if kinds == nil || b.FailurePolicy != "Fail" || !b.Kind.IsWebhook() {
				continue
			}
			fs = append(fs, preflight.Finding{
				Severity: preflight.Warning,
				Subject:  b.subject(),
				Summary: fmt.Sprintf("%s fails closed on %s, of kinds that only the target serves (%s); it passes them now, but one that looks a kind up at an older replica may reject it",
					b.Interception, b.counted(), strings.Join(kinds, ", ")),
				Evidence: b.evidence(),
				Steps:    way(s, b.Culprit),
			})
		}
		return append(fs, OpenWarnings(s)...)
	},
}

// newKinds are the writes of kinds that the running version does not serve, by
// their keys, with the resource.
func newKinds(s *facts.Snapshot) map[string]string {
	unknown := map[string]string{}
	for _, w := range bootstrap.Of(s).Writes {
		if w.NewKind {
			unknown[w.Key()] = w.Resource.GroupResource().String()
		}
	}
	return unknown
}

// only leaves the writes that are among the given, and returns their resources;
// nil if none is left.
func (b *blamed) only(given map[string]string) (resources []string) {
	var hooks []forecast.Hook
	for _, h := range b.hooks {
		b.writes[h.Name] = slices.DeleteFunc(slices.Clone(b.writes[h.Name]), func(w forecast.Write) bool { return given[writeName(w)] == "" })
		for _, w := range b.writes[h.Name] {
			resources = append(resources, given[writeName(w)])
		}
		if len(b.writes[h.Name]) > 0 {
			hooks = append(hooks, h)
		}
	}
	b.hooks = hooks
	slices.Sort(resources)
	return slices.Compact(resources)
}
