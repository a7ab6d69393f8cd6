package watch

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

const (
	// redForetold is for how long a hook must be seen red before it is the one that
	// was foretold; a replica that nothing holds up is ready in less.
	redForetold = 8 * time.Second
	// redOther is the same for a check of which nothing bad was foretold.
	redOther = 45 * time.Second
	// redForgotten is after how long a check that was not seen red again is taken
	// for green: between two visits to one replica there may be several to others.
	redForgotten = time.Minute
	// everywhere is how many visits in a row must meet the target, ready, for it to
	// serve everywhere.
	everywhere = 15
	hookPrefix = "poststarthook/"
)

// api is what visits to API servers have shown.
type api struct {
	red map[string]*redSeen
	// versions are those that were met, ready or not; another than the target among
	// them makes the target's arrival a change.
	versions map[string]bool
	inARow   int
	// processes are those of the visits in a row, by when they started.
	processes map[string]bool
	// calls are the failed calls to webhooks by process and webhook.
	calls map[calledBy]callsSeen
	// told is when a webhook was last spoken of.
	told       map[string]time.Time
	noMetrics  bool
	anyVisited bool
}

type redSeen struct {
	first, last time.Time
	told        bool
}

// calledBy is a process and a webhook that it calls, as far as metrics tell.
type calledBy struct{ startedAt, version, kind, webhook string }

type callsSeen struct{ errors, failedOpen int64 }

func (w *Watch) seeVisit(v Visit) {
	if !w.versions[v.Version] {
		w.versions[v.Version] = true
		state := "is ready"
		if !v.Ready {
			state = fmt.Sprintf("is not ready yet: %s", some(v.Red))
		}
		w.say(Replica, "an API server of version %s %s", v.Version, state)
	}
	w.seeRed(v)
	if v.Metrics != nil {
		w.noMetrics = false
		w.seeCalls(v, *v.Metrics)
	} else if v.MetricsError != "" && !w.noMetrics {
		w.noMetrics = true
		w.say(Blind, "metrics: could not look: %s; failed calls to webhooks are not seen", v.MetricsError)
	}
	w.seeTarget(v)
}

// seeRed follows the checks of /readyz that have failed, which name the hook.
func (w *Watch) seeRed(v Visit) {
	for name, r := range w.red {
		if w.now.Sub(r.last) > redForgotten {
			delete(w.red, name)
		}
	}
	for _, check := range v.Red {
		key := v.Version + " " + check
		r := w.red[key]
		if r == nil {
			r = &redSeen{first: w.now}
			w.red[key] = r
		}
		r.last = w.now
		if !r.told {
			r.told = w.sayRed(v.Version, check, w.now.Sub(r.first))
		}
	}
}

func (w *Watch) sayRed(version, check string, red time.Duration) (told bool) {
	hook := strings.TrimPrefix(check, hookPrefix)
	seen := fmt.Sprintf("a replica of %s says for %s that [-]%s has failed", version, red.Round(time.Second), check)
	if red >= redForetold && w.beginAll(seen, func(c *chain) bool { return c.hook == hook }) {
		return true
	}
	if red < redOther {
		return false
	}
	w.alarm(Replica, "%s, which was not foretold", seen)
	return true
}

// seeCalls compares the failed calls to webhooks with those that the same process
// told of before. Of one that started while it was watched all calls count; the first
// reading of an older one is where it is counted from.
func (w *Watch) seeCalls(v Visit, m facts.Metrics) {
	for _, c := range m.Webhooks {
		key := calledBy{m.StartedAt, v.Version, c.Type, c.Webhook}
		before, known := w.calls[key]
		w.calls[key] = callsSeen{c.Errors, c.FailedOpen}
		if !known && !w.startedSince(m) {
			continue
		}
		if rejected, passed := c.Errors-before.errors, c.FailedOpen-before.failedOpen; rejected > 0 || passed > 0 {
			w.sayCalls(v.Version, c.Webhook, rejected, passed)
		}
	}
}

// startedSince reports whether a process started after the watch began. One that does
// not say when counts as older.
func (w *Watch) startedSince(m facts.Metrics) bool {
	started, err := time.Parse(time.RFC3339, m.StartedAt)
	return err == nil && !started.Before(w.began.Truncate(time.Second))
}

func (w *Watch) sayCalls(version, webhook string, rejected, passed int64) {
	seen := fmt.Sprintf("an API server of version %s could not call webhook %s and %s", version, webhook, harm(rejected, passed))
	if rejected > 0 && w.isTarget(version) {
		w.beginAll(seen, func(c *chain) bool { return c.hook != "" && c.fails && c.blames(webhook) })
	}
	if last, ok := w.told[webhook]; ok && w.now.Sub(last) < reminder {
		return
	}
	w.told[webhook] = w.now
	e := w.alarm(Webhook, "%s", seen)
	e.Alarm = rejected > 0
	var hooks []string
	for _, c := range w.chains {
		if c.blames(webhook) {
			hooks = append(hooks, c.name())
			if e.Stop == nil {
				e.Culprits, e.Stop = c.culprits(), c.stops()
			}
		}
	}
	if hooks != nil {
		e.Text += "; it is foretold to be to blame for " + some(hooks)
	}
}

func harm(rejected, passed int64) string {
	switch {
	case passed == 0:
		return fmt.Sprintf("rejected writes for that: %d", rejected)
	case rejected == 0:
		return fmt.Sprintf("let writes pass unseen: %d", passed)
	}
	return fmt.Sprintf("rejected writes for that: %d, and let others pass unseen: %d", rejected, passed)
}

// seeTarget ends the watch when the target serves everywhere, where no operation
// tells of the end.
func (w *Watch) seeTarget(v Visit) {
	if !v.Ready || !w.isTarget(v.Version) {
		w.inARow, w.processes = 0, map[string]bool{}
		return
	}
	w.inARow++
	if v.Metrics != nil {
		w.processes[v.Metrics.StartedAt] = true
	}
	other := slices.ContainsFunc(slices.Sorted(maps.Keys(w.versions)), func(v string) bool { return !w.isTarget(v) })
	other = other || w.foretold != nil && w.foretold.Cluster.Version != "" && !w.isTarget(w.foretold.Cluster.Version)
	if w.followed == "" && w.options.Operation == "" && other && w.inARow >= everywhere && w.metAll() {
		w.end(Succeeded, fmt.Sprintf("%s serves everywhere: %d visits in a row met it, and it was ready", v.Version, w.inARow))
	}
}

// metAll reports whether as many processes were met as renew their leases: a load
// balancer may lead every visit to the same one. Where metrics or leases are not to
// be had, the visits have to do.
func (w *Watch) metAll() bool {
	live := 0
	for _, l := range w.leases {
		if w.leasesSeen.Sub(l.changed) < leaseSilent {
			live++
		}
	}
	return w.noMetrics || len(w.processes) >= live
}

// isTarget reports whether a server of that version is one of the upgrade's target.
func (w *Watch) isTarget(served string) bool {
	target := w.options.Target
	if w.foretold != nil {
		target = cmp.Or(w.foretold.TargetVersion, target)
	}
	t, err := version.Parse(target)
	v, err2 := version.Parse(served)
	return err == nil && err2 == nil && version.CompareLine(t, v) == 0 && (t.Patch < 0 || v.Patch < 0 || t.Patch == v.Patch) && (t.GKE < 0 || v.GKE < 0 || t.GKE == v.GKE)
}

// some names the first few.
func some(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
