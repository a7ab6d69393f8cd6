package cure

import (
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
	"github.com/gke-preflight/gke-preflight/preflight/lifeline"
)

// A write is what a webhook or policy should keep its hands off.
type write struct{ user, verb, resource, namespace string }

// A trouble is what one configuration or policy does to the upgrade.
type trouble struct {
	key
	// webhooks are those of the configuration that are at fault; nil for a policy.
	webhooks []string
	// hooks and lines are what they harm.
	hooks, lines []string
	writes       []write
	// stops says that it stops some write, or may; without, it only takes its time.
	stops bool
	// precaution says that nothing is harmed while the backend answers.
	precaution bool
}

// ours reports whether a patch can change it.
func ours(c admission.Culprit) bool { return c.Kind.IsWebhook() || c.Kind.IsPolicy() }

type troubles []trouble

// note adds that c harms what is called name, a line or a hook.
func (ts *troubles) note(c forecast.Blame, name string, line bool, ws []write) {
	if !ours(c.Culprit) {
		return
	}
	k := keyOf(c.Culprit)
	n := slices.IndexFunc(*ts, func(t trouble) bool { return t.key == k })
	if n < 0 {
		n = len(*ts)
		*ts = append(*ts, trouble{key: k})
	}
	t := &(*ts)[n]
	if c.Kind.IsWebhook() {
		t.webhooks = union(t.webhooks, c.Webhook)
	}
	if line {
		t.lines = union(t.lines, name)
	} else {
		t.hooks = union(t.hooks, name)
	}
	t.stops = t.stops || c.Effect == forecast.Rejects || c.Effect == forecast.Undecided
	t.writes = union(t.writes, ws...)
}

func union[T comparable](all []T, more ...T) []T {
	for _, v := range more {
		if !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	return all
}

// troublesOf returns who harms the start of the new replica, and then who harms
// what the cluster lives by.
func troublesOf(f forecast.Forecast) troubles {
	var ts troubles
	for _, h := range f.ControlPlane.Hooks {
		for _, c := range f.ControlPlane.Harming(h) {
			var ws []write
			for _, w := range c.Writes {
				ws = append(ws, write{apiServer, w.Verb, w.Resource, w.Namespace})
			}
			ts.note(c, h.Name, false, ws)
		}
	}
	for _, l := range f.Lifelines {
		if !harmed(l) {
			continue
		}
		for _, c := range l.AtFault() {
			ts.note(c, l.Name, true, touched(l, c))
		}
	}
	return ts
}

// harmed reports whether the line is lost or slowed, or may be lost and is one by
// which the cluster stands or falls.
func harmed(l forecast.Lifeline) bool {
	switch l.Outcome {
	case forecast.Lost, forecast.Slowed:
		return true
	case forecast.Open:
		return l.AtWorst == forecast.Lost && grave(l)
	case forecast.Kept:
	}
	return false
}

// grave reports whether the cluster stands or falls by the line.
func grave(l forecast.Lifeline) bool {
	return l.Group == string(lifeline.Heartbeats) || l.Group == string(lifeline.Elections)
}

func touched(l forecast.Lifeline, c forecast.Blame) []write {
	var ws []write
	for _, w := range l.Writes {
		if i, ok := w.By(c.Culprit); ok && (i.Effect != forecast.Passes || c.Effect == forecast.Passes) {
			ws = append(ws, write{w.User, w.Verb, w.Resource, w.Namespace})
		}
	}
	return ws
}

// precautions are the webhooks that answer now, fail closed, and see writes of a
// hook whose failure ends the process, or of what the cluster stands or falls by;
// those that harm anything already are left out.
func precautions(s *facts.Snapshot, f forecast.Forecast, harming troubles) troubles {
	ts := slices.DeleteFunc(answering(f), func(t trouble) bool {
		_, known := harming.of(t.key)
		return known
	})
	for n, t := range ts {
		supposed := suppose(s, harming, t)
		ts[n].precaution = true
		ts[n].hooks, ts[n].lines, ts[n].writes = supposed.hooks, supposed.lines, supposed.writes
	}
	return slices.DeleteFunc(ts, func(t trouble) bool { return t.writes == nil })
}

// cautious returns harming such that whoever only takes its time is kept out of what it
// would stop if its backend hung, too: it is as much in the way as one that is quick.
func (ts troubles) cautious(s *facts.Snapshot, f forecast.Forecast) troubles {
	out := slices.Clone(ts)
	for _, t := range answering(f) {
		n := slices.IndexFunc(out, func(o trouble) bool { return o.key == t.key })
		if n < 0 || out[n].stops {
			continue
		}
		out[n].webhooks = union(slices.Clone(out[n].webhooks), t.webhooks...)
		out[n].writes = union(slices.Clone(out[n].writes), suppose(s, ts, t).writes...)
	}
	return out
}

// answering are the webhooks that pass, failing closed, a write of a hook whose failure
// ends the process, or of what the cluster stands or falls by.
func answering(f forecast.Forecast) troubles {
	var ts troubles
	add := func(c forecast.Blame, name string, line bool) {
		if c.FailurePolicy == "Fail" && c.Kind.IsWebhook() && c.Answer != string(facts.NotAsked) {
			ts.note(c, name, line, nil)
		}
	}
	for _, h := range f.ControlPlane.Hooks {
		if h.Fatal {
			for _, c := range h.Doing(forecast.Passes) {
				add(c, h.Name, false)
			}
		}
	}
	for _, l := range f.Lifelines {
		if grave(l) {
			for _, c := range l.Doing(forecast.Passes) {
				add(c, l.Name, true)
			}
		}
	}
	return ts
}

// suppose is what t would harm if its backend hung, so that the patch exempts what the
// cure of that would: one that exempts less turns what is proven of its backend into
// what is not.
func suppose(s *facts.Snapshot, harming troubles, t trouble) trouble {
	t.precaution = true
	supposed, _ := troublesOf(foretold(isolate(s, harming, t))).of(t.key)
	return supposed
}

func (ts troubles) of(k key) (trouble, bool) {
	for _, t := range ts {
		if t.key == k {
			return t, true
		}
	}
	return trouble{}, false
}
