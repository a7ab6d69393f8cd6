package probe

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// Judged are the attempts with what the API server's own code comes to for the real
// objects: what policies say to them, and which webhooks are sent one of them, or none. What the answers
// hold of objects is left out, and an answer to a real object, which others may have changed
// before in a way that is not known, is one to a sketch.
func (x Shown) Judged(attempts []facts.Attempt) []facts.Attempt {
	matcher := admission.For(x.s.With(facts.Present(facts.Attempts, attempts)))
	var judged []facts.Attempt
	for _, w := range x.writes {
		for _, i := range w.By {
			if w.passesBy(i) {
				judged = append(judged, evaluated(w.Write, i, facts.NotAsked, "", fmt.Sprintf("none of the %d objects that there are would be sent to it", len(w.real))))
			} else if shown, ok := x.sent(w, i, matcher, attempts); ok {
				judged = append(judged, evaluated(w.Write, i, facts.NotAsked, shown, "this object would be sent to it"))
			}
		}
		judged = append(judged, x.policies(w, matcher, attempts)...)
	}
	out := slices.Clone(attempts)
	for n, a := range out {
		if a.Shown == "" {
			continue
		}
		out[n].Patch = ""
		if a.Answer == facts.Denied && x.afterUnknown(a, attempts) {
			out[n].Shown = ""
		}
	}
	return append(out, judged...)
}

// sent is the first real object, in words, that a webhook is sent of which the sketch does
// not tell, with what those called before it make of the object; false where that is not
// known of any.
func (x Shown) sent(w shown, webhook admission.Interception, matcher *admission.Matcher, attempts []facts.Attempt) (string, bool) {
	if !webhook.Kind.IsWebhook() || webhook.Undecided == "" {
		return "", false
	}
	for _, real := range w.real {
		before := w.mutating(real.Write)
		if n := slices.IndexFunc(before, func(m admission.Interception) bool { return m.Culprit() == webhook.Culprit() }); n >= 0 {
			before = before[:n]
		}
		if _, unknown := x.unsettled(real.Write, before, attempts); unknown {
			continue
		}
		i, sees := by(admission.Intercepted{By: matcher.Match(real.Write)}, webhook.Culprit())
		if sees && i.Undecided == "" && i.Denial == "" {
			return real.Write.Shown, true
		}
	}
	return "", false
}

// policies are what the policies come to of which the sketch does not tell.
func (x Shown) policies(w shown, matcher *admission.Matcher, attempts []facts.Attempt) (judged []facts.Attempt) {
	for _, p := range w.By {
		if !p.Kind.IsPolicy() || p.Undecided == "" {
			continue
		}
		passed := 0
		for _, real := range w.real {
			if _, unknown := x.unsettled(real.Write, w.mutating(real.Write), attempts); unknown {
				continue
			}
			i, sees := by(admission.Intercepted{By: matcher.Match(real.Write)}, p.Culprit())
			switch {
			case sees && i.Denial != "":
				judged = append(judged, evaluated(w.Write, p, facts.Denied, real.Write.Shown, i.Denial))
			case sees && i.Undecided != "":
				continue
			default:
				passed++
				continue
			}
			break
		}
		if w.all && passed == len(w.real) {
			judged = append(judged, evaluated(w.Write, p, facts.Allowed, fmt.Sprintf("all %d objects", passed), ""))
		}
	}
	return judged
}

// evaluated is the record that the API server's own code came to that.
func evaluated(w bootstrap.Write, i admission.Interception, a facts.Answer, shown, detail string) facts.Attempt {
	c := i.Culprit()
	return facts.Attempt{Type: c.Kind.Type(), Config: c.Name, Webhook: c.Webhook, Write: w.Key(), As: w.User.Name, Vantage: facts.Evaluated, Answer: a, Shown: shown, Detail: detail}
}

// afterUnknown reports whether a mutating webhook that denied was not shown what others
// before it make of the object.
func (x Shown) afterUnknown(a facts.Attempt, attempts []facts.Attempt) bool {
	if admission.CulpritOf(a).Kind != admission.MutatingWebhook {
		return false
	}
	for _, w := range x.writes {
		if w.Write.Key() != a.Write || !w.Write.AskedAs(a) {
			continue
		}
		for _, real := range w.real {
			if real.Write.Shown != a.Shown {
				continue
			}
			for _, i := range w.mutating(real.Write) {
				if i.Culprit() == admission.CulpritOf(a) {
					return false
				}
				if _, unknown := x.unsettled(real.Write, []admission.Interception{i}, attempts); unknown || x.patched(real.Write, i, attempts) {
					return true
				}
			}
		}
	}
	return false
}

func (x Shown) patched(w bootstrap.Write, i admission.Interception, attempts []facts.Attempt) bool {
	return slices.ContainsFunc(attempts, func(a facts.Attempt) bool {
		return a.Patched && admission.CulpritOf(a) == i.Culprit() && a.Write == w.Planned().Key() && w.Planned().AskedAs(a)
	})
}
