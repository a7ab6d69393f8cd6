package admission

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

var startupWriteBlocked = preflight.Check{
	ID:       "GP101",
	Name:     "startup-write-blocked",
	Title:    "A webhook or policy keeps the new replica from starting",
	Severity: preflight.Blocker,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    StartupNeeds(),
	Without:  configurations(),
	Uses:     StartupUses(),
	After:    backendFaults(),
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		fs = OpenHooks(s)
		fails := func(h forecast.Hook) bool { return h.Outcome.Fails() && h.Possible == nil && !h.Overruns() }
		for _, b := range blame(s, fails) {
			fs = append(fs, preflight.Finding{
				Severity: preflight.Blocker,
				Subject:  b.subject(),
				Summary:  fmt.Sprintf("%s, so that the new replica %s", b.stops(), fate(s, b.hooks)),
				Evidence: b.evidence(),
				Steps:    way(s, b.Culprit),
			})
		}
		return fs
	},
}

// fate says what becomes of the replica by the worst of the hooks, and of those
// that wait for one of them.
func fate(s *facts.Snapshot, hooks []forecast.Hook) string {
	for _, h := range forecast.Of(s).ControlPlane.Hooks {
		concerned := slices.ContainsFunc(hooks, func(o forecast.Hook) bool { return o.Name == h.Name || o.Name == h.WaitsFor })
		if concerned && h.Outcome == forecast.CrashLoop {
			return "exits after " + span(h.Seconds) + " and crash-loops"
		}
	}
	return "never gets ready"
}

// OpenHooks are the hooks of which it can't be told what becomes of them. That the
// target is not known is a question of GP101's, and where a draw decides, that is told:
// GP107 has it.
func OpenHooks(s *facts.Snapshot) (fs []preflight.Finding) {
	cp := forecast.Of(s).ControlPlane
	if cp.Problem != "" {
		fs = append(fs, preflight.Finding{
			Check:     "GP101",
			Severity:  preflight.Blocker,
			Subject:   preflight.Subject{Kind: "Version", Name: s.Meta.Target},
			Undecided: cp.Problem,
		})
	}
	for _, h := range cp.Hooks {
		if h.Outcome != forecast.Unknown || h.Draws() || h.MayFail() || cp.Problem != "" && h.Reason == cp.Problem {
			continue
		}
		severity := preflight.Warning
		if h.AtWorst.Fails() {
			severity = preflight.Blocker
		}
		fs = append(fs, preflight.Finding{
			Severity:  severity,
			Subject:   preflight.Subject{Kind: "PostStartHook", Name: h.Name},
			Undecided: fmt.Sprintf("at worst %s: %s", h.AtWorst, h.Reason),
		})
	}
	return fs
}
