package admission

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var webhooksGuardEachOther = preflight.Check{
	ID:       "GP139",
	Name:     "webhooks-guard-each-other",
	Title:    "Webhooks stand in the way of each other's backends",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    lifelineNeeds(),
	Uses:     lifelineUses(),
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		edges := guards(s)
		done := map[string]bool{}
		for _, n := range slices.Sorted(maps.Keys(edges)) {
			circle := circleOf(edges, n)
			if len(circle) < 2 || done[n] {
				continue
			}
			for _, o := range circle {
				done[o] = true
			}
			fs = append(fs, guardedCircle(edges, circle))
		}
		return append(fs, openGuards(s)...)
	},
}

// guards maps each namespace to those whose backends' webhooks fail closed on its
// pods, with one such webhook's name.
func guards(s *facts.Snapshot) map[string]map[string]string {
	edges := map[string]map[string]string{}
	for _, i := range lifeline.Intercept(s) {
		if !strings.HasPrefix(i.Write.Hook, "pods of namespace ") {
			continue
		}
		for _, by := range i.By {
			if !by.Fails || by.Undecided != "" || by.Backend.Namespace == "" || by.Backend.Namespace == i.Write.Namespace {
				continue
			}
			if edges[i.Write.Namespace] == nil {
				edges[i.Write.Namespace] = map[string]string{}
			}
			if edges[i.Write.Namespace][by.Backend.Namespace] == "" {
				edges[i.Write.Namespace][by.Backend.Namespace] = by.Webhook
			}
		}
	}
	return edges
}

// circleOf returns the namespaces that n depends on and that depend on it, with
// itself, sorted.
func circleOf(edges map[string]map[string]string, n string) []string {
	var circle []string
	from := reached(edges, n)
	for o := range from {
		if reached(edges, o)[n] {
			circle = append(circle, o)
		}
	}
	slices.Sort(circle)
	return circle
}

func reached(edges map[string]map[string]string, from string) map[string]bool {
	seen := map[string]bool{}
	todo := []string{from}
	for len(todo) > 0 {
		n := todo[0]
		todo = todo[1:]
		for o := range edges[n] {
			if !seen[o] {
				seen[o] = true
				todo = append(todo, o)
			}
		}
	}
	return seen
}

func guardedCircle(edges map[string]map[string]string, circle []string) preflight.Finding {
	f := preflight.Finding{Severity: preflight.Warning, Subject: preflight.Subject{Kind: "Namespace", Name: circle[0]}}
	for _, n := range circle {
		for _, o := range circle {
			if w := edges[n][o]; w != "" {
				f.Evidence = append(f.Evidence, preflight.Evidence{Value: "CREATE pods in " + n, Note: fmt.Sprintf("passes webhook %s, which namespace %s serves and which fails closed", w, o)})
			}
		}
	}
	f.Summary = fmt.Sprintf("webhooks served from namespaces %s fail closed on each other's pods; once all of them are down, none comes back by itself", strings.Join(circle, ", "))
	f.Steps = remedy.Do("exempt each other's namespaces in each webhook", remedy.Sh("kubectl edit validatingwebhookconfigurations,mutatingwebhookconfigurations"), notIn(circle...))
	return f
}

// openGuards leaves open what a webhook does to pods of other backends where that
// can't be told.
func openGuards(s *facts.Snapshot) []preflight.Finding {
	why := ""
	for _, l := range lifeline.Of(s) {
		if l.Group == lifeline.BackendPods && l.Unknown != "" {
			why = l.Unknown
		}
	}
	for _, i := range lifeline.Intercept(s) {
		for _, by := range i.By {
			if why == "" && strings.HasPrefix(i.Write.Hook, "pods of namespace ") && by.Fails && by.Undecided != "" && by.Backend.Namespace != "" && by.Backend.Namespace != i.Write.Namespace {
				why = fmt.Sprintf("whether webhook %s sees pods of namespace %s: %s", by.Webhook, i.Write.Namespace, by.Undecided)
			}
		}
	}
	if why == "" {
		return nil
	}
	return []preflight.Finding{{Severity: preflight.Warning, Subject: preflight.Subject{Kind: "Webhooks", Name: "all"}, Undecided: why}}
}
