package admission

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/cure"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var webhookGuardsItsOwnPods = preflight.Check{
	ID:       "GP123",
	Name:     "webhook-guards-its-own-pods",
	Title:    "A webhook stands in the way of its own backend's pods",
	Severity: preflight.Blocker,
	Needs:    lifelineNeeds(),
	Without:  configurations(),
	Uses:     lifelineUses(),
	After:    backendFaults(),
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		for _, w := range webhooks(s) {
			for _, l := range forecast.Of(s).Lifelines {
				if of(lifeline.BackendPods)(l) && w.client.Service != nil && w.client.Service.Namespace == l.Namespace {
					fs = append(fs, guarded(s, w, l)...)
				}
			}
		}
		return fs
	},
}

// guarded is the finding on a webhook that fails closed on the pods of l, which
// are those of its own backend: none where it does not.
func guarded(s *facts.Snapshot, w webhook, l forecast.Lifeline) []preflight.Finding {
	var worst *forecast.Interception
	var es []preflight.Evidence
	for _, write := range l.Writes {
		for _, i := range write.InterceptedBy {
			if i.Culprit != w.Culprit() || !w.failClosed {
				continue
			}
			if worst == nil || i.Effect == forecast.Rejects {
				worst = &i
			}
			es = append(es, preflight.Evidence{Value: writeName(write.Write), Note: seen(l, write, i)})
		}
	}
	f := preflight.Finding{Severity: preflight.Warning, Subject: w.subject(), Evidence: es}
	switch {
	case worst == nil:
		return nil
	case worst.Answer == "undecided":
		f.Undecided = fmt.Sprintf("whether it sees the pods of its own backend: %s", worst.Detail)
		f.Evidence = nil
		return []preflight.Finding{f}
	case worst.Effect == forecast.Rejects:
		f.Severity = preflight.Blocker
		f.Summary = fmt.Sprintf("%s %s and fails closed on the pods of its own namespace %s, so that no new pod of its backend can start: it does not come back by itself", worst, worst.Says(), l.Namespace)
	default:
		f.Summary = fmt.Sprintf("%s fails closed on the pods of its own namespace %s, so that its backend can't come back once all its pods are gone", worst, l.Namespace)
	}
	f.Steps = exemptNamespace(w, l.Namespace)
	if c, ok := cure.Of(s).For(w.Culprit()); ok && harms(c.Before, l.Name) && !harms(c.After, l.Name) {
		f.Steps = patch(c)
	}
	return append([]preflight.Finding{f}, unknownAnswer(w, worst)...)
}

func exemptNamespace(w webhook, namespace string) remedy.Steps {
	return remedy.Do("exempt its own namespace, which also lets its backend come back if it is down now",
		remedy.Sh("kubectl edit %s %s", w.kind.Resource(), w.config), notIn(namespace))
}

// notIn is the part of a webhook that keeps it out of namespaces.
func notIn(namespaces ...string) remedy.Command {
	return remedy.YAML("namespaceSelector:\n  matchExpressions:\n  - {key: kubernetes.io/metadata.name, operator: NotIn, values: [%s]}", remedy.Raw(strings.Join(namespaces, ", ")))
}

// unknownAnswer leaves open whether the backend is down already.
func unknownAnswer(w webhook, i *forecast.Interception) []preflight.Finding {
	if i.Effect != forecast.Undecided || !unasked(forecast.Blame{Interception: *i}) {
		return nil
	}
	return []preflight.Finding{{Severity: preflight.Blocker, Subject: w.subject(), Undecided: "whether its backend answers: " + i.Says()}}
}

func harms(s cure.State, line string) bool {
	return slices.ContainsFunc(s.Lifelines, func(h cure.Harm) bool { return h.Name == line })
}
