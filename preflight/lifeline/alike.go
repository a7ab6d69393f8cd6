package lifeline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/admission"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
)

// alike are writes each of which stands for all that the same user makes to the same kind
// of object, and that the same webhooks and policies see.
type alike struct {
	writes []bootstrap.Write
	// namespaces are, write by write, those of the writes that it stands for.
	namespaces [][]string
	at         map[string]int
}

// alikeOf are the writes of all. Who sees a write is looked at only for what looks different
// from what came before, as far as that may go by it. pools are the node pools whose upgrade
// needs the writes, none where it may be any.
func alikeOf[T any](e examples, all []T, looks func(T) string, pools func(T) []string, writes func(T) []bootstrap.Write) alike {
	a := alike{at: map[string]int{}}
	looked := map[string][]int{}
	for _, o := range all {
		key, on := looks(o), pools(o)
		places, known := looked[key]
		if known && a.full(places) {
			for _, n := range places {
				a.alsoOn(n, on)
			}
			continue
		}
		for n, w := range writes(o) {
			w.Pools = on
			if !known {
				places = append(places, a.place(e, w))
			}
			a.add(places[n], w)
		}
		looked[key] = places
	}
	return a
}

// distinct has one of the writes for all that are alike.
func (e examples) distinct(all []bootstrap.Write) []bootstrap.Write {
	a := alike{at: map[string]int{}}
	for _, w := range all {
		a.add(a.place(e, w), w)
	}
	return a.writes
}

// place is where the write that stands for w is, or is to be.
func (a *alike) place(e examples, w bootstrap.Write) int {
	key := strings.Join([]string{string(w.Operation), w.ResourceName(), w.User.Name, e.seenBy(w)}, "\n")
	n, known := a.at[key]
	if !known {
		n = len(a.at)
		a.at[key] = n
	}
	return n
}

// add has the write at n stand for w; it is w itself where there is none yet.
func (a *alike) add(n int, w bootstrap.Write) {
	if n == len(a.writes) {
		a.writes, a.namespaces = append(a.writes, w), append(a.namespaces, nil)
	} else {
		alsoFor(&a.writes[n], w)
		a.alsoOn(n, w.Pools)
	}
	if !slices.Contains(a.namespaces[n], w.Namespace) {
		a.namespaces[n] = append(a.namespaces[n], w.Namespace)
	}
}

// alsoOn has the write at n stand for what is on these node pools too.
func (a *alike) alsoOn(n int, pools []string) {
	a.writes[n].Pools = OnAny(a.writes[n].Pools, pools)
}

// full reports whether the writes at these places remember no more objects.
func (a *alike) full(places []int) bool {
	return !slices.ContainsFunc(places, func(n int) bool {
		objects := len(a.writes[n].From)
		return objects > 0 && objects <= maxSources
	})
}

// seenBy tells writes apart by who intercepts them, and by what is known of that.
func (e examples) seenBy(w bootstrap.Write) string {
	var by []string
	for _, i := range admission.For(e.s).Match(w) {
		by = append(by, fmt.Sprint(i.Culprit(), i.Fails, i.Denial, i.Undecided))
	}
	slices.Sort(by)
	return strings.Join(by, "\n")
}
