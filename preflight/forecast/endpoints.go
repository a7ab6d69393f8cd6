package forecast

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/probe"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// An at is what the call comes to at one of the endpoints of a webhook's Service.
type at struct {
	call
	// name is the Pod's, or else the address.
	name string
	// unsure says that one of the endpoints that are unsure answers so, and it is not
	// known which.
	unsure bool
}

// behind returns the endpoints of which the API server picks one to call i, if there
// are several.
func (c *caller) behind(i admission.Interception, attempts []facts.Attempt) []probe.Endpoint {
	if i.Backend.URL != "" {
		return nil
	}
	es := c.endpoints(i)
	if es == nil {
		for _, a := range attempts {
			e := probe.Endpoint{Address: a.Target}
			if a.Vantage == facts.PodNetwork && a.Answer != facts.NoEndpoints && !slices.Contains(es, e) {
				es = append(es, e)
			}
		}
	}
	if len(es) < 2 {
		return nil
	}
	return es
}

// among returns what the call comes to at each of the endpoints. What was said of
// the Service, by which of them is not known, stands beside what each said itself.
func (c *caller) among(es []probe.Endpoint, i admission.Interception, w bootstrap.Write, attempts []facts.Attempt) []at {
	own := make([][]facts.Attempt, len(es))
	var some, all []facts.Attempt
	for _, a := range attempts {
		its := false
		for n, e := range es {
			if a.Target == e.Address || a.Target == e.Forward && e.Forward != "" {
				own[n], its = append(own[n], a), true
			}
		}
		switch {
		case its:
		case a.Vantage == facts.PodNetwork, a.Answer == facts.NoEndpoints:
			all = append(all, a)
		default:
			some = append(some, a)
		}
	}
	ats := make([]at, len(es))
	known := make([]bool, len(es))
	for n, e := range es {
		ats[n].name = e.String()
		ats[n].call, known[n] = c.itself(i, w, append(own[n], all...), some)
	}
	c.spread(ats, known, i, w, some)
	for n := range ats {
		if !known[n] {
			ats[n].detail = fmt.Sprintf("%s of its %d endpoints was not asked: %s", ats[n].name, len(es), cmp.Or(ats[n].detail, "no question was put to it"))
		}
	}
	return ats
}

// itself is what the call comes to at an endpoint by its own answers, among which
// those are that hold for every endpoint; known is false if there are none. What it
// says to single writes the Service has told as well.
func (c *caller) itself(i admission.Interception, w bootstrap.Write, own, some []facts.Attempt) (k call, known bool) {
	told := where(relevantOf(own, w), func(a facts.Attempt) bool { return decisive(a.Answer) })
	if told == nil {
		reasons := where(own, func(a facts.Attempt) bool { return !decisive(a.Answer) && a.Answer != facts.TLSOnly })
		left := where(some, func(a facts.Attempt) bool { return !decisive(a.Answer) && a.Answer != facts.TLSOnly })
		reason := facts.Attempt{Answer: facts.NotAsked}
		if first := append(reasons, left...); len(first) > 0 {
			reason = first[0]
		}
		return c.unknown(i, reason), false
	}
	if !slices.ContainsFunc(told, func(a facts.Attempt) bool { return about(a, w) || a.EndsConnection() }) {
		if said := where(some, func(a facts.Attempt) bool { return about(a, w) && decisive(a.Answer) && !a.EndsConnection() }); said != nil {
			told = said
		}
	}
	return c.combined(i, w, told, func(facts.Attempt) string { return "" }), true
}

// spread adds what some endpoint is known to have answered, and not which. Up to
// [facts.Meta.PerEndpoint] the answer of one was taken for that of all.
func (c *caller) spread(ats []at, known []bool, i admission.Interception, w bootstrap.Write, some []facts.Attempt) {
	bad := c.failures(i, some)
	open := make([]int, 0, len(ats))
	for n := range ats {
		if !known[n] {
			open = append(open, n)
		}
	}
	if !c.perEndpoint && len(open) > 0 {
		c.taken(ats, known, open, i, w, some, bad)
		return
	}
	if bad == nil || slices.ContainsFunc(ats, func(k at) bool { return k.explains(*bad) }) {
		return
	}
	if len(open) == 0 {
		for n := range ats {
			open = append(open, n)
		}
	}
	for n, o := range open {
		ats[o].worst = worseOf(ats[o].worst, bad.worst)
		if n == 0 {
			ats[o].call, known[o] = *bad, true
		}
		ats[o].unsure = true
	}
}

// taken is for recordings of earlier versions: the answers of the Service are those
// of each endpoint of which nothing else is known, and where they differ, one of
// them at least answers one way and one the other.
func (c *caller) taken(ats []at, known []bool, open []int, i admission.Interception, w bootstrap.Write, some []facts.Attempt, bad *call) {
	told := where(relevantOf(some, w), func(a facts.Attempt) bool { return decisive(a.Answer) && !a.EndsConnection() })
	var good *call
	if told != nil {
		k := c.combined(i, w, told, func(a facts.Attempt) string { return c.unproven(i, a) })
		good = &k
	}
	if good == nil && slices.ContainsFunc(some, func(a facts.Attempt) bool { return decisive(a.Answer) && !a.EndsConnection() }) {
		k := c.unknown(i, facts.Attempt{Answer: facts.NotAsked})
		good = &k
	}
	for n, o := range open {
		switch {
		case good == nil && bad == nil:
			return
		case bad == nil:
			ats[o].call = *good
		case good == nil:
			ats[o].call = *bad
		case n == 0:
			ats[o].call = *bad
			ats[o].worst, ats[o].unsure = good.worst, true
		default:
			ats[o].call, ats[o].unsure = *good, true
			ats[o].worst = worseOf(good.worst, bad.worst)
		}
		known[o] = true
	}
}

// failures is what it comes to that an endpoint of the Service fails whatever it is
// asked; nil if none was seen to.
func (c *caller) failures(i admission.Interception, some []facts.Attempt) *call {
	failed := where(some, facts.Attempt.EndsConnection)
	if failed == nil {
		return nil
	}
	k := c.combined(i, bootstrap.Write{}, failed[:1], func(facts.Attempt) string { return "" })
	return &k
}

// explains reports whether the endpoint is known to fail as bad does.
func (k at) explains(bad call) bool {
	return !k.unsure && k.attempt.EndsConnection() && (k.attempt.Answer == bad.attempt.Answer || k.attempt.Answer.Hangs() && bad.attempt.Answer.Hangs())
}

func worseOf(a, b bound) bound {
	if compareBounds(a, b) > 0 {
		return a
	}
	return b
}

// contradicted leaves open what the call comes to whose backend answered, though nobody is
// there to be called.
func (k call) contradicted(nobody call) call {
	if k.best.rejects || !nobody.worst.rejects {
		return k
	}
	k.worst, k.disputed = worseOf(k.worst, nobody.worst), true
	k.detail = "it answered when it was asked, and when the cluster was read " + noBackend(nobody.attempt) + ": it comes and goes, or one of the two is over"
	return k
}

// noBackend says in words who is missing.
func noBackend(a facts.Attempt) string {
	missing := map[facts.Fault]string{facts.NoService: "its Service was missing", facts.NoPort: "its Service had no such port", facts.NoEndpoint: "its Service had no endpoint"}
	return cmp.Or(missing[a.Fault], "its Service had no ready endpoint")
}

// several joins what the call comes to at each endpoint.
func several(ats []at) call {
	calls := make([]call, len(ats))
	for n := range ats {
		calls[n] = ats[n].call
	}
	k := combine(calls)
	k.several = true
	if drawn(ats) {
		k.at = ats
	}
	return k
}

// drawn reports whether the endpoints are known to differ: one does more harm at
// its best than another may.
func drawn(ats []at) bool {
	return slices.ContainsFunc(ats, func(a at) bool {
		return slices.ContainsFunc(ats, func(b at) bool {
			return a.best.rejects && !b.best.rejects || !a.best.rejects && !b.best.rejects && a.best.cost >= slow && b.best.cost < slow
		})
	})
}

// differ says which of the endpoints do harm, and what they do.
func (i Interception) differ() string {
	var says, names, candidates []string
	n := 0
	for _, e := range i.Endpoints {
		if e.Unsure {
			candidates = append(candidates, e.Endpoint)
		}
		if e.Effect == Passes || e.Effect == Undecided && e.Answer == string(facts.Allowed) || e.Answer == string(facts.NotAsked) {
			continue
		}
		n++
		does := Interception{Answer: e.Answer, Milliseconds: e.Milliseconds, Detail: e.Detail, Effect: e.Effect}.says()
		if !slices.Contains(says, does) {
			says = append(says, does)
		}
		names = append(names, e.Endpoint)
	}
	does := strings.Join(says, " or ")
	if candidates != nil {
		return fmt.Sprintf("of its %d endpoints at least 1 %s, and the service proxy does not show which of %s", len(i.Endpoints), does, words.Some(candidates, 4))
	}
	return fmt.Sprintf("of its %d endpoints %d (%s) %s", len(i.Endpoints), n, words.Some(names, 4), does)
}

// redrawn leaves out the endpoints to which no connection lasts and which cost no
// time: where connections are drawn, the one that is left in the end is to another.
func (k call) redrawn() call {
	lasting := slices.DeleteFunc(slices.Clone(k.at), func(a at) bool {
		return a.best.breaks && a.worst.breaks && a.best.cost < slow && a.worst.cost < slow
	})
	if len(lasting) == 0 || len(lasting) == len(k.at) {
		return k
	}
	return several(lasting)
}
