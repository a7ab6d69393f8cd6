package admission

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

var startupRestarted = preflight.Check{
	ID:       "GP108",
	Name:     "startup-restarted",
	Title:    "A kubelet restarts the new replica before it is ready",
	Severity: preflight.Blocker,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    StartupNeeds(),
	Uses:     StartupUses(),
	After:    []string{"GP113", "GP118"},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		cp := forecast.Of(s).ControlPlane
		fs := OpenWarnings(s)
		if u := cp.UnderKubelet; u != nil && u.Outcome == forecast.Unknown {
			return append(fs, maybeRestarted(cp)...)
		}
		severity := preflight.Warning
		if cp.UnderKubelet.Worse() {
			severity = preflight.Blocker
		}
		outlasts := func(h forecast.Hook) bool { return cp.Outlasts(h) && h.Possible == nil }
		return append(fs, late(s, outlasts, severity, readyAfter(s)+restarted(cp))...)
	},
}

// restarted adds what a kubelet makes of a replica that is late; empty if nothing.
func restarted(cp forecast.ControlPlane) string {
	if says := cp.UnderKubelet.Says(); says != "" && !cp.Outcome.Fails() {
		return ", and under a kubelet with the liveness probe of GCE's manifest " + says
	}
	return ""
}

// maybeRestarted are the hooks on which it hangs whether the replica is restarted more
// than once, by what was not seen.
func maybeRestarted(cp forecast.ControlPlane) (fs []preflight.Finding) {
	for _, h := range cp.Hooks {
		if cp.Outlasts(h) {
			fs = append(fs, preflight.Finding{
				Severity:  preflight.Blocker,
				Subject:   preflight.Subject{Kind: "PostStartHook", Name: h.Name},
				Undecided: fmt.Sprintf("at worst a kubelet restarts the new replica more than once, since it is done after %s: %s", span(h.Seconds), h.Reason),
			})
		}
	}
	return fs
}

// late are findings on the hooks that concern accepts, which are held up: on who does
// it, and on those of which each write passes and all of them take long together.
func late(s *facts.Snapshot, concern func(forecast.Hook) bool, severity preflight.Severity, consequence string) (fs []preflight.Finding) {
	for _, b := range blame(s, concern) {
		if b.Effect == forecast.Passes {
			continue
		}
		fs = append(fs, preflight.Finding{
			Severity: severity,
			Subject:  b.subject(),
			Summary:  fmt.Sprintf("%s %s and %s %s%s", b.Interception, b.Says(), holdsUp(b.hooks), b.counted(), consequence),
			Evidence: b.evidence(),
			Steps:    way(s, b.Culprit),
		})
	}
	for _, h := range forecast.Of(s).ControlPlane.Hooks {
		if concern(h) && !slices.ContainsFunc(slowing(s, h), func(b blamed) bool { return b.Effect != forecast.Passes }) {
			f := addedUp(s, h)
			f.Severity = severity
			f.Summary = fmt.Sprintf("%s: %s%s", h.Name, h.Reason, consequence)
			fs = append(fs, f)
		}
	}
	return fs
}
