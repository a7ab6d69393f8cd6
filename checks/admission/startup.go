package admission

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

// StartupNeeds are the facts without which no start-up write can be judged.
func StartupNeeds() []facts.Fact {
	return append([]facts.Fact{facts.ServerVersion}, configurations()...)
}

// configurations are who stands in the way of writes. Each may reject what the others let
// pass, and changes nothing about what others reject whatever the object is.
func configurations() []facts.Fact {
	return []facts.Fact{
		facts.ValidatingWebhooks, facts.MutatingWebhooks,
		facts.ValidatingPolicies, facts.ValidatingPolicyBindings, facts.MutatingPolicies, facts.MutatingPolicyBindings,
	}
}

// StartupUses are the facts whose absence leaves single hooks open, or what a
// patch should exempt beside them.
func StartupUses() []facts.Fact {
	uses := []facts.Fact{facts.Attempts, facts.Endpoints}
	for _, f := range slices.Concat(bootstrap.Needs(), admission.Needs(), lifeline.Needs()) {
		if !slices.ContainsFunc(StartupNeeds(), func(n facts.Fact) bool { return n.ID() == f.ID() }) &&
			!slices.ContainsFunc(uses, func(n facts.Fact) bool { return n.ID() == f.ID() }) {
			uses = append(uses, f)
		}
	}
	return uses
}

// A blamed culprit is one webhook or policy with all the hooks it affects.
type blamed struct {
	forecast.Interception
	hooks  []forecast.Hook
	writes map[string][]forecast.Write
}

// blame collects who is at fault for what becomes of the hooks that concern accepts.
func blame(s *facts.Snapshot, concern func(forecast.Hook) bool) []blamed {
	cp := forecast.Of(s).ControlPlane
	return gather(cp, func(h forecast.Hook) []forecast.Blame {
		if !concern(h) {
			return nil
		}
		return cp.AtFault(h)
	})
}

// passing collects who lets pass what it sees of the hooks that concern accepts.
func passing(s *facts.Snapshot, concern func(forecast.Hook) bool) []blamed {
	return gather(forecast.Of(s).ControlPlane, func(h forecast.Hook) []forecast.Blame {
		if !concern(h) {
			return nil
		}
		return h.Doing(forecast.Passes)
	})
}

// gather joins what each does to several hooks, one thing at a time.
func gather(cp forecast.ControlPlane, of func(forecast.Hook) []forecast.Blame) []blamed {
	var bs []blamed
	for _, h := range cp.Hooks {
		for _, c := range of(h) {
			n := slices.IndexFunc(bs, func(b blamed) bool { return b.Culprit == c.Culprit && b.Effect == c.Effect })
			if n < 0 {
				n = len(bs)
				bs = append(bs, blamed{Interception: c.Interception, writes: map[string][]forecast.Write{}})
			}
			if bs[n].writes[c.Hook] != nil {
				continue
			}
			own := slices.IndexFunc(cp.Hooks, func(o forecast.Hook) bool { return o.Name == c.Hook })
			bs[n].hooks = append(bs[n].hooks, cp.Hooks[own])
			bs[n].writes[c.Hook] = c.Writes
		}
	}
	return bs
}

func (b blamed) subject() preflight.Subject {
	subject := preflight.SubjectOf(b.Culprit)
	subject.Name = cmp.Or(subject.Name, "all")
	return subject
}

// stops says what was answered, and which writes that stops.
func (b blamed) stops() string {
	switch {
	case b.Answer == string(facts.Denied):
		return fmt.Sprintf("%s denies %s (%s)", b.Interception, b.counted(), b.Detail)
	case b.Effect != forecast.Rejects:
		return fmt.Sprintf("%s %s, and with others in the way the API server gives up %s", b.Interception, b.Says(), b.counted())
	}
	return fmt.Sprintf("%s %s; failurePolicy %s stops %s", b.Interception, b.Says(), b.FailurePolicy, b.counted())
}

// counted says how many writes of which hooks are concerned, such as
// "6 writes of rbac/bootstrap-roles".
func (b blamed) counted() string {
	var parts []string
	for _, h := range b.hooks {
		parts = append(parts, fmt.Sprintf("%s of %s", finding.Count(len(b.writes[h.Name]), "write"), h.Name))
	}
	return strings.Join(parts, ", ")
}

// mostWrites of one hook stand in the evidence one by one.
const mostWrites = 25

// evidence lists the writes, hook by hook, and what was answered.
func (b blamed) evidence() []preflight.Evidence {
	var es []preflight.Evidence
	for _, h := range b.hooks {
		writes := b.writes[h.Name]
		for _, w := range writes[:min(len(writes), mostWrites)] {
			es = append(es, preflight.Evidence{Value: writeName(w), Note: note(h, w, b.Interception)})
		}
		if more := len(writes) - mostWrites; more > 0 {
			es = append(es, preflight.Evidence{Value: fmt.Sprintf("and %s of %s", finding.Count(more, "more write"), h.Name), Note: "all of them are in the report's JSON, under forecast"})
		}
	}
	return es
}

func note(h forecast.Hook, w forecast.Write, by forecast.Interception) string {
	n := h.Name
	if i, ok := w.By(by.Culprit); ok {
		n += ": " + i.Answer
		if i.Vantage != "" {
			n += fmt.Sprintf(" in %d ms seen from %s", i.Milliseconds, i.Vantage)
		}
		if i.Detail != "" {
			n += ": " + i.Detail
		}
	}
	if w.Condition != "" {
		n += " (happens " + w.Condition + ")"
	}
	return n
}

func writeName(w forecast.Write) string {
	name := w.Name
	if w.Namespace != "" {
		name = w.Namespace + "/" + name
	}
	return w.Verb + " " + w.Resource + " " + name
}

func span(s *forecast.Seconds) string {
	if s == nil {
		return "an unknown time"
	}
	return fmt.Sprintf("%.0f to %.0f s", s.Min, s.Max)
}
