package probe

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

// MaxObjects is how many objects are read for one sketch, to hold policies and conditions
// against them. Of a sketch that stands for more, it is not known what these say to each.
const MaxObjects = 64

// Wanted are the objects that the sketches which somebody intercepts are to be made real
// with, each once: the example, and all of them where it hangs on the object what becomes
// of the write.
func Wanted(intercepted []admission.Intercepted) []bootstrap.Source {
	var all []bootstrap.Source
	known := map[bootstrap.Source]bool{}
	for _, i := range intercepted {
		if len(i.By) == 0 {
			continue
		}
		example := true
		for _, s := range i.Write.From[:min(len(i.Write.From), MaxObjects)] {
			if s.Resource.Empty() {
				continue
			}
			if (example && slices.ContainsFunc(i.By, isWebhook) || slices.ContainsFunc(i.By, hangsOnObject)) && !known[s] {
				known[s] = true
				all = append(all, s)
			}
			example = false
		}
	}
	return all
}

// hangsOnObject reports whether the object may decide what becomes of the write in the API
// server itself.
func hangsOnObject(i admission.Interception) bool { return i.Undecided != "" }

// Shown are the writes that are asked about, those made from real objects in the place of
// their sketches.
type Shown struct {
	s         *facts.Snapshot
	autopilot bool
	writes    []shown
}

// shown is a write with those that are made from what it stands for.
type shown struct {
	admission.Intercepted
	real []admission.Intercepted
	// all says that every object that it stands for was read.
	all bool
}

// Show returns the writes with those made from the objects that were read.
func Show(s *facts.Snapshot, intercepted []admission.Intercepted, read map[bootstrap.Source]lifeline.Found) Shown {
	cluster, _ := facts.GKECluster.Get(s)
	x := Shown{s: s, autopilot: cluster.Autopilot}
	matcher := admission.For(s)
	for _, i := range intercepted {
		w := shown{Intercepted: i, all: len(i.Write.From) > 0 && len(i.Write.From) <= MaxObjects}
		unread := ""
		for _, source := range i.Write.From {
			if len(i.By) == 0 {
				break
			}
			w.all = w.all && !source.OneOf
			unread = cmp.Or(unread, read[source].Why)
			real, ok := lifeline.Real(i.Write, read[source])
			if !ok {
				w.all = false
				continue
			}
			w.real = append(w.real, admission.Intercepted{Write: real, By: matcher.Match(real)})
		}
		if w.real == nil {
			w.Write.Unread = unread
		}
		x.writes = append(x.writes, w)
	}
	return x
}

// First are the writes to ask about at once. Of a write that mutating webhooks see, and
// may change, validating ones are asked later: see [Shown.Second].
func (x Shown) First() []admission.Intercepted {
	var out []admission.Intercepted
	for _, w := range x.writes {
		out = append(out, w.split(func(real admission.Intercepted, i admission.Interception) bool { return !later(real, i) })...)
	}
	return out
}

// split has each webhook asked about the first real write that it is known to see, if keep
// accepts that, and about the sketch where there is none but it may see others.
func (w shown) split(keep func(admission.Intercepted, admission.Interception) bool) (out []admission.Intercepted) {
	asked := map[admission.Culprit]bool{}
	for _, real := range w.real {
		mine := admission.Intercepted{Write: real.Write}
		for _, i := range real.By {
			if i.Kind.IsWebhook() && i.Undecided == "" && i.Denial == "" && !asked[i.Culprit()] {
				asked[i.Culprit()] = true
				if keep(real, i) {
					mine.By = append(mine.By, i)
				}
			}
		}
		if mine.By != nil {
			out = append(out, mine)
		}
	}
	rest := admission.Intercepted{Write: w.Write}
	for _, i := range w.By {
		if !asked[i.Culprit()] && !w.passesBy(i) {
			rest.By = append(rest.By, i)
		}
	}
	return append(out, rest)
}

// passesBy reports whether a webhook, of which the sketch does not tell, is known to see
// none of what the sketch stands for.
func (w shown) passesBy(i admission.Interception) bool {
	return i.Kind.IsWebhook() && i.Undecided != "" && w.all && !slices.ContainsFunc(w.real, func(real admission.Intercepted) bool {
		_, sees := by(real, i.Culprit())
		return sees
	})
}

func by(real admission.Intercepted, c admission.Culprit) (admission.Interception, bool) {
	n := slices.IndexFunc(real.By, func(i admission.Interception) bool { return i.Culprit() == c })
	if n < 0 {
		return admission.Interception{}, false
	}
	return real.By[n], true
}

// later reports whether the webhook is shown what mutating webhooks make of the write.
func later(real admission.Intercepted, i admission.Interception) bool {
	return i.Kind == admission.ValidatingWebhook && real.Write.Object != nil && slices.ContainsFunc(real.By, func(m admission.Interception) bool {
		return m.Kind == admission.MutatingWebhook
	})
}

// Second are the writes to ask validating webhooks about, as mutating ones have changed
// them by the answers to [Shown.First]. Where it is not known what these make of a write,
// the sketch is asked about: what is said to that decides nothing.
func (x Shown) Second(first []facts.Attempt) (out []admission.Intercepted) {
	matcher := admission.For(x.s.With(facts.Present(facts.Attempts, first)))
	for _, w := range x.writes {
		for _, q := range w.split(later) {
			if q.Write.For == nil {
				continue
			}
			switch unknown, found := x.unsettled(q.Write, w.mutating(q.Write), first); {
			case !found:
				changed := admission.Intercepted{Write: q.Write, By: matcher.Match(q.Write)}
				for n := range q.By {
					if i, sees := by(changed, q.By[n].Culprit()); sees && i.Undecided == "" {
						q.By[n] = i
					}
				}
				out = append(out, q)
			default:
				sketched := admission.Intercepted{Write: w.Write}
				if !unknown.ProviderManaged() {
					sketched.Write.Unread = fmt.Sprintf("what %s makes of the object is not known", unknown.Culprit())
				}
				for _, i := range q.By {
					if s, sees := by(w.Intercepted, i.Culprit()); sees {
						sketched.By = append(sketched.By, s)
					}
				}
				out = append(out, sketched)
			}
		}
	}
	return out
}

// mutating are the webhooks that may change the real write, in order.
func (w shown) mutating(real bootstrap.Write) (all []admission.Interception) {
	for _, r := range w.real {
		if r.Write.Shown == real.Shown {
			for _, i := range r.By {
				if i.Kind == admission.MutatingWebhook || i.Kind == admission.MutatingPolicy && i.Undecided != "" {
					all = append(all, i)
				}
			}
		}
	}
	return all
}

// unsettled returns one of which it is not known what it makes of the write; false if it
// is of all. What GKE runs beside the API server is taken to leave objects alone where users
// have their nodes themselves.
func (x Shown) unsettled(w bootstrap.Write, mutating []admission.Interception, attempts []facts.Attempt) (admission.Interception, bool) {
	for _, i := range mutating {
		if i.ProviderManaged() && !x.autopilot {
			continue
		}
		known := false
		for _, a := range attempts {
			if admission.CulpritOf(a) != i.Culprit() || a.Write != w.Planned().Key() || !w.Planned().AskedAs(a) {
				continue
			}
			switch a.Answer {
			case facts.Allowed:
				known = !a.Patched || a.Patch != ""
			case facts.Hung, facts.HungBeforeTLS, facts.ConnectTimeout, facts.Refused, facts.NoEndpoints, facts.BadCertificate, facts.BadAnswer:
				known = !i.Fails
			case facts.Denied, facts.TLSOnly, facts.NotAsked, facts.CouldNotAsk:
				known = false
			}
			if !known {
				break
			}
		}
		if !known {
			return i, true
		}
	}
	return admission.Interception{}, false
}
