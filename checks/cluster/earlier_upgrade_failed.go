package cluster

import (
	"fmt"
	"slices"
	"time"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var earlierUpgradeFailed = preflight.Check{
	ID:       "GP503",
	Name:     "earlier-upgrade-failed",
	Title:    "An earlier upgrade of the control plane failed",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.GKEOperations, facts.GKEUpgradeInfo},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		bad, unknown := sinceSuccess(attempts(s))
		for _, u := range unknown {
			fs = append(fs, preflight.Finding{Severity: preflight.Warning, Subject: finding.ClusterSubject(s),
				Undecided: fmt.Sprintf("an upgrade of the control plane on %s is in state %s, which this version of gke-preflight does not know", finding.Day(u.start), u.state)})
		}
		if len(bad) == 0 {
			return fs
		}
		last := bad[0]
		f := preflight.Finding{
			Severity: preflight.Warning, Subject: finding.ClusterSubject(s),
			Summary: fmt.Sprintf("cluster %s: the upgrade of its control plane on %s %s, and none has succeeded since; what stopped it may still be there", s.Meta.Cluster.Name, finding.Day(last.start), last.became()),
			Steps:   remedy.Do("find the cause before trying again", finding.OperationsOf(s, "operationType=UPGRADE_MASTER")),
		}
		if slices.ContainsFunc(bad, func(a attempted) bool { return neverReady(a.message) }) {
			f.Summary = fmt.Sprintf("cluster %s: the upgrade of its control plane on %s failed because %s; none has succeeded since", s.Meta.Cluster.Name, finding.Day(last.start), neverReadyMeans)
			f.Steps = remedy.Do("see what is found on webhooks and policies in this report, and which writes of the API server were rejected then", rejectedWrites(s))
		}
		for _, a := range bad {
			f.Evidence = append(f.Evidence, a.evidence)
		}
		return append(fs, f)
	},
}

// attempted is an upgrade of the control plane that was tried.
type attempted struct {
	state    string
	start    time.Time
	message  string
	evidence preflight.Evidence
}

func (a attempted) became() string {
	if a.state == "CANCELED" {
		return "was cancelled"
	}
	return "failed"
}

// sinceSuccess are the upgrades that failed or were cancelled after the last that
// succeeded, newest first, and those in a state that this version does not know.
func sinceSuccess(all []attempted) (bad, unknown []attempted) {
	var success time.Time
	for _, a := range all {
		switch a.state {
		case "SUCCEEDED":
			if a.start.After(success) {
				success = a.start
			}
		case "FAILED", "CANCELED":
			bad = append(bad, a)
		case "RUNNING":
		default:
			unknown = append(unknown, a)
		}
	}
	bad = slices.DeleteFunc(bad, func(a attempted) bool { return a.start.Before(success) })
	slices.SortStableFunc(bad, func(a, b attempted) int { return b.start.Compare(a.start) })
	return bad, unknown
}

// attempts are those among the operations and those in the upgrade information. A
// failed operation is DONE with an error: there is no status for it (containerpb
// cluster_service.proto, Operation).
func attempts(s *facts.Snapshot) (as []attempted) {
	for i, o := range facts.GKEOperations.Of(s) {
		if o.Type != "UPGRADE_MASTER" {
			continue
		}
		a := attempted{state: "SUCCEEDED", start: o.Start, message: o.Error}
		switch {
		case underWay(o):
			a.state = "RUNNING"
		case o.Error != "":
			a.state, a.evidence = "FAILED", finding.EvidenceOf(facts.GKEOperations, o.Error, "UPGRADE_MASTER on "+finding.Day(o.Start), "/%d/error", i)
		}
		as = append(as, a)
	}
	return append(as, inHistory(facts.GKEUpgradeInfo, facts.GKEUpgradeInfo.Of(s), "")...)
}

// inHistory are the upgrades in the upgrade information that stands in fact at path.
func inHistory(fact facts.Fact, info facts.UpgradeInfo, path string) (as []attempted) {
	for i, u := range info.History {
		as = append(as, attempted{state: u.State, start: u.Start,
			evidence: finding.EvidenceOf(fact, u.State, fmt.Sprintf("%s to %s on %s", u.From, u.To, finding.Day(u.Start)), "%s/history/%d/state", path, i)})
	}
	return as
}

// rejectedWrites finds the API server's own writes that a webhook rejected
// (cloud.google.com/kubernetes-engine/docs/troubleshooting/upgrades).
func rejectedWrites(s *facts.Snapshot) remedy.Command {
	return remedy.Sh("gcloud logging read --project %s --freshness 7d --limit 50 'protoPayload.authenticationInfo.principalEmail=\"system:apiserver\" protoPayload.response.message:\"webhook\"'", s.Meta.Cluster.Project)
}
