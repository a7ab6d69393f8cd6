package forecast

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A Culprit is a webhook or policy that does something to writes of one hook.
type Culprit struct {
	Interception
	// Writes are the writes that it does it to.
	Writes []Write
}

// Culprits returns who has the given effect on writes of h, in the order in
// which they first appear.
func (h Hook) Culprits(e Effect) []Culprit {
	var cs []Culprit
	index := map[string]int{}
	for _, w := range h.Writes {
		for _, i := range w.InterceptedBy {
			if i.Effect != e {
				continue
			}
			k := i.Kind + "\x00" + i.Name + "\x00" + i.Webhook
			n, ok := index[k]
			if !ok {
				n = len(cs)
				index[k] = n
				cs = append(cs, Culprit{Interception: i})
			}
			cs[n].Writes = append(cs[n].Writes, w)
		}
	}
	return cs
}

// String names the culprit with its webhook and failurePolicy.
func (i Interception) String() string {
	s := strings.TrimSpace(i.Kind + " " + i.Name)
	if i.Webhook != "" && i.Webhook != i.Name {
		s += " (" + i.Webhook + ")"
	}
	return s
}

// Says tells in words what the webhook or policy did when it was asked.
func (i Interception) Says() string {
	switch facts.Answer(i.Answer) {
	case facts.Allowed:
		if i.Effect == Undecided && i.Detail != "" {
			return "allows, but " + i.Detail
		}
		return fmt.Sprintf("allows in %d ms", i.Milliseconds)
	case facts.Denied:
		return "denies"
	case facts.HungBeforeTLS:
		return "accepts connections and then says nothing"
	case facts.Hung:
		return "does not answer in time"
	case facts.ConnectTimeout:
		return "can't be connected to"
	case facts.Refused:
		return "refuses connections"
	case facts.NoEndpoints:
		return "has no backend"
	case facts.BadCertificate:
		return "has a certificate that is not accepted"
	case facts.BadAnswer:
		return "gives an unusable answer"
	}
	return strings.TrimSuffix("was not asked: "+i.Detail, ": ")
}

func (h Hook) affected(e Effect) bool {
	return slices.ContainsFunc(h.Writes, func(w Write) bool { return w.Effect == e })
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
