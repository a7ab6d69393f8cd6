package versions

import (
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/removals"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

var gkeSawRemovedAPI = preflight.Check{
	ID:       "GP315",
	Name:     "gke-saw-removed-api",
	Title:    "GKE noticed the use of an API that the target removes",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.GKEInsights},
	Uses:     []facts.Fact{facts.DeprecatedAPIs, facts.APIServerMetrics},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		target, fs := removalTarget(s)
		if target.Major == 0 {
			return fs
		}
		for i, n := range facts.GKEInsights.Of(s) {
			m := Deprecation.FindStringSubmatch(n.Subtype)
			if m == nil {
				continue
			}
			removed := removals.API{Removed: m[1] + "." + m[2]}
			if removed.ServedIn(next(target)) {
				continue
			}
			fs = append(fs, noticed(s, i, n, removed, target))
		}
		return fs
	},
}

// Deprecation is the subtype of an insight about APIs that a minor removes, such
// as DEPRECATION_K8S_1_25_API (Google Cloud, "Deprecation insights and recommendations").
var Deprecation = regexp.MustCompile(`^DEPRECATION_K8S_([0-9]+)_([0-9]+)(_[A-Z0-9]+)?_API$`)

func noticed(s *facts.Snapshot, i int, n facts.Insight, a removals.API, target version.Version) preflight.Finding {
	f := preflight.Finding{
		Severity: preflight.Info,
		Subject:  preflight.Subject{Kind: "Insight", Name: n.Subtype},
		Evidence: []preflight.Evidence{{Fact: facts.GKEInsights.ID(), Path: fmt.Sprintf("/%d/subtype", i), Value: n.Subtype, Note: "of Recommender" + InsightAge(s, n)}},
		Steps:    remedy.Do("find who uses them; GKE pauses automatic upgrades to that minor until 30 days after the last call", whoAsked(s, a.Removed)),
	}
	if !a.ServedIn(target) {
		f.Severity = preflight.Warning
	}
	f.Summary = fmt.Sprintf("GKE noticed calls of APIs that %s removes%s; %s", a.Removed, InsightAge(s, n), agreement(s, a))
	return f
}

// InsightAge says as of when the insight is; empty where that is not known.
func InsightAge(s *facts.Snapshot, n facts.Insight) string {
	if n.Refreshed.IsZero() || s.Meta.Now().Before(n.Refreshed) {
		return ""
	}
	return ", as of " + finding.Roughly(s.Meta.Now().Sub(n.Refreshed)) + " ago"
}

// agreement says whether what is seen live bears the insight out.
func agreement(s *facts.Snapshot, a removals.API) string {
	metrics, hasMetrics := facts.APIServerMetrics.Get(s)
	uses, hasUses := facts.DeprecatedAPIs.Get(s)
	requested := slices.ContainsFunc(metrics.Deprecated, func(d facts.DeprecatedRequest) bool { return d.RemovedIn == a.Removed })
	written := slices.ContainsFunc(uses.APIs, func(u facts.APIUse) bool {
		row, _ := removals.Of(u.Group, u.Version, u.Resource)
		return row.Removed == a.Removed && slices.ContainsFunc(u.Writers, func(w facts.APIWriter) bool { return !ofCluster(w) })
	})
	switch {
	case requested || written:
		return "what is seen in the cluster agrees (GP311)"
	case !hasMetrics || !hasUses:
		return "whether that still goes on could not be seen in the cluster"
	}
	started, err := time.Parse(time.RFC3339, metrics.StartedAt)
	if err == nil && s.Meta.CollectedAt.After(started) {
		return fmt.Sprintf("none was made to the API server that answered in the %s since it started, and no object tells of one: it may be over, rare, or go to another replica", finding.Roughly(s.Meta.CollectedAt.Sub(started)))
	}
	return "no call and no object in the cluster tells of one: it may be over, rare, or go to another replica"
}
