package forecast

import (
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// questioned is what was asked of one webhook. Hundreds of writes pass it, of dozens of
// webhooks, and each fix is simulated on all: what is the same for every write is found
// once.
type questioned struct {
	// own were put to where its calls go now.
	own []facts.Attempt
	// targets are own, with what the handshakes with its Pods add, by whom they were put to.
	targets []target
	// writes are the keys of those that were asked about.
	writes map[string]bool
	// picked is what is relevant to those that were not, by their like.
	picked map[like][]facts.Attempt
}

// like tells writes apart for which different answers are relevant, though neither was
// asked about.
type like struct{ group, user string }

// A target is one address, with all attempts on it.
type target struct {
	address string
	all     []facts.Attempt
	// answers says that it answered in time whenever it was asked at all, so that what it
	// said of a write itself tells most about it.
	answers bool
	// decided are the decisive attempts, by the key of their write.
	decided map[string][]facts.Attempt
}

func (c *caller) askedOf(i admission.Interception) *questioned {
	k := i.Culprit()
	if known, ok := c.asked[k]; ok {
		return known
	}
	own := where(c.byWebhook[k], func(a facts.Attempt) bool { return put(a, i) })
	of := &questioned{own: own, writes: map[string]bool{}, picked: map[like][]facts.Attempt{}}
	for _, a := range c.handshakes(i).amend(own) {
		of.writes[a.Write] = true
		n := slices.IndexFunc(of.targets, func(t target) bool { return t.address == a.Target })
		if n < 0 {
			n = len(of.targets)
			of.targets = append(of.targets, target{address: a.Target, answers: true, decided: map[string][]facts.Attempt{}})
		}
		of.targets[n].add(a)
	}
	c.asked[k] = of
	return of
}

func (t *target) add(a facts.Attempt) {
	t.all = append(t.all, a)
	if decisive(a.Answer) {
		t.decided[a.Write] = append(t.decided[a.Write], a)
		t.answers = t.answers && a.Answer != facts.Hung && !neverReached(a)
	}
}

// relevant is [relevantOf] the attempts on the target.
func (t *target) relevant(w bootstrap.Write) []facts.Attempt {
	if t.answers {
		if itself := where(t.decided[w.Key()], func(a facts.Attempt) bool { return w.AskedAs(a) }); itself != nil {
			return itself
		}
	}
	return relevantOf(t.all, w)
}

// about returns the attempts that tell most about w, as [relevant] has it.
func (of *questioned) about(w bootstrap.Write) []facts.Attempt {
	if of.writes[w.Key()] {
		return relevant(of.targets, w)
	}
	l := like{groupOf(w), w.Writer()}
	picked, known := of.picked[l]
	if !known {
		picked = relevant(of.targets, w)
		of.picked[l] = picked
	}
	return picked
}
