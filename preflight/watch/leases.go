package watch

import (
	"cmp"
	"fmt"
	"time"
)

// leaseSilent is for how long the lease of an API server must stay as it is for the
// server to be gone or unable to write: it renews it every 10 s (kubernetes
// pkg/controlplane/apiserver/server.go).
const leaseSilent = 30 * time.Second

type leaseSeen struct {
	Lease
	// changed is when it was first seen as it is.
	changed time.Time
	// appeared says that it was not there when the watch began.
	appeared bool
	restarts int
	silent   bool
}

func (w *Watch) seeLeases(all []Lease) {
	first := w.leasesSeen.IsZero()
	w.leasesSeen = w.now
	for _, l := range all {
		s := w.leases[l.Name]
		if s == nil {
			w.leases[l.Name] = &leaseSeen{Lease: l, changed: w.now, appeared: !first}
			if !first {
				w.say(Replica, "a new API server makes itself known: %s", l.host())
			}
			continue
		}
		w.seeLease(s, l)
	}
}

func (w *Watch) seeLease(s *leaseSeen, l Lease) {
	switch {
	case l.Holder != s.Holder:
		s.restarts++
		s.Lease, s.changed, s.silent = l, w.now, false
		w.sayRestart(s)
	case !l.Renewed.Equal(s.Renewed):
		if s.silent {
			w.say(Replica, "the API server %s renews its lease again", l.host())
		}
		s.Lease, s.changed, s.silent = l, w.now, false
	case !s.silent && w.now.Sub(s.changed) >= leaseSilent:
		s.silent = true
		w.saySilent(s)
	}
}

// sayRestart: one new identity is a replica that was replaced, as every upgrade in
// place does; a second, or the first of one that is new, is one that does not stay.
func (w *Watch) sayRestart(s *leaseSeen) {
	if s.restarts == 1 && !s.appeared {
		w.say(Replica, "the API server %s was replaced", s.host())
		return
	}
	seen := fmt.Sprintf("the API server %s has started again; starts since the watch began: %d", s.host(), s.restarts)
	if !w.beginAll(seen, crashLoops) {
		w.alarm(Replica, "%s, which was not foretold", seen)
	} else {
		w.alarm(Replica, "%s", seen)
	}
}

func (w *Watch) saySilent(s *leaseSeen) {
	seen := fmt.Sprintf("the API server %s has not renewed its lease for %s: it is gone, or its writes are held up", s.host(), w.since(s.changed))
	if s.appeared || s.restarts > 0 {
		w.beginAll(seen, crashLoops)
	}
	w.say(Replica, "%s", seen)
}

func (l Lease) host() string { return cmp.Or(l.Host, l.Name) }
