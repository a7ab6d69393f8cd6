package cluster

import (
	"fmt"
	"slices"
	"time"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/rollout"
)

// How long Terraform's google provider waits for a change of a cluster unless told
// otherwise: before its version 7.30, and since (its CHANGELOG).
const (
	upgradeTimeout    = time.Hour
	upgradeTimeoutNow = 90 * time.Minute
)

var pipelineGivesUp = preflight.Check{
	ID:       "GP524",
	Name:     "pipeline-gives-up",
	Title:    "The pipeline waits for less time than an upgrade of this cluster takes",
	Severity: preflight.Warning,
	Needs:    []facts.Fact{facts.GKEOperations, facts.GKEUpgradeInfo},
	Uses:     []facts.Fact{facts.GKENodePools, facts.Nodes},
	Moot: func(m facts.Meta) string {
		if m.UpgradeTimeoutSeconds == 0 && !slices.ContainsFunc(m.PoolChanges, func(c facts.PoolChange) bool { return c.TimeoutSeconds > 0 }) {
			return "how long the pipeline waits was not said: pass --upgrade-timeout"
		}
		return ""
	},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		fs := givesUpOnControlPlane(s)
		for _, c := range s.Meta.PoolChanges {
			if c.TimeoutSeconds > 0 {
				fs = append(fs, givesUpOnPool(s, c)...)
			}
		}
		return fs
	},
}

// A patience is how long a pipeline waits: least, or up to most where that is not known.
type patience struct{ least, most time.Duration }

func patienceOf(least, most int64) patience {
	return patience{time.Duration(least) * time.Second, time.Duration(max(least, most)) * time.Second}
}

func (p patience) String() string {
	if p.least == p.most {
		return finding.Age(p.least)
	}
	return fmt.Sprintf("%s (or %s, by the version of Terraform's provider)", finding.Age(p.least), finding.Age(p.most))
}

func givesUpOnControlPlane(s *facts.Snapshot) []preflight.Finding {
	given := patienceOf(s.Meta.UpgradeTimeoutSeconds, s.Meta.UpgradeTimeoutMostSeconds)
	if given.least == 0 {
		return nil
	}
	longest, e := longestUpgrade(s)
	f := preflight.Finding{
		Severity: preflight.Warning, Subject: finding.ClusterSubject(s),
		Steps: remedy.Do("let it wait for 90 minutes or longer; where it gave up, GKE goes on, so wait for the operation before trying again", finding.OperationsOf(s, "operationType=UPGRADE_MASTER")),
	}
	name := s.Meta.Cluster.Name
	switch {
	case longest > given.least:
		f.Summary = fmt.Sprintf("the pipeline gives up after %s, and an upgrade of the control plane of cluster %s took %s before; it fails while GKE goes on, and the next try is refused", given, name, finding.Age(longest))
	case given.most >= upgradeTimeoutNow, given.least >= upgradeTimeout && longest > 0:
		return nil
	case longest == 0 && given.least < upgradeTimeout:
		f.Summary = fmt.Sprintf("the pipeline gives up after %s, and how long an upgrade of cluster %s takes is not on record; Terraform itself would wait for %s, or %s since version 7.30 of its provider", given, name, finding.Age(upgradeTimeout), finding.Age(upgradeTimeoutNow))
	case longest == 0:
		f.Severity = preflight.Info
		f.Summary = fmt.Sprintf("the pipeline gives up after %s, and how long an upgrade of cluster %s takes is not on record; Terraform itself would wait for %s since version 7.30 of its provider", given, name, finding.Age(upgradeTimeoutNow))
	default:
		f.Severity = preflight.Info
		f.Summary = fmt.Sprintf("the pipeline gives up after %s; that was enough for the upgrades of cluster %s so far, of which the longest took %s, and Terraform itself would wait for %s, or %s since version 7.30 of its provider", given, name, finding.Age(longest), finding.Age(upgradeTimeout), finding.Age(upgradeTimeoutNow))
	}
	if e.Fact != "" {
		f.Evidence = []preflight.Evidence{e}
	}
	return []preflight.Finding{f}
}

// longestUpgrade is how long the longest successful upgrade of the control plane
// took; zero if none is on record.
func longestUpgrade(s *facts.Snapshot) (longest time.Duration, e preflight.Evidence) {
	for i, u := range facts.GKEUpgradeInfo.Of(s).History {
		if took := u.End.Sub(u.Start); u.State == "SUCCEEDED" && !u.Start.IsZero() && took > longest {
			longest, e = took, finding.EvidenceOf(facts.GKEUpgradeInfo, u.End, fmt.Sprintf("%s to %s took %s", u.From, u.To, finding.Age(took)), "/history/%d/end", i)
		}
	}
	if at, took := rollout.Longest(s, "UPGRADE_MASTER", ""); took > longest {
		return took, earlierOperation(s, at, took)
	}
	return longest, e
}

// earlierOperation is the evidence that an operation took so long.
func earlierOperation(s *facts.Snapshot, at int, took time.Duration) preflight.Evidence {
	o := facts.GKEOperations.Of(s)[at]
	return finding.EvidenceOf(facts.GKEOperations, o.End, o.Type+" took "+finding.Age(took), "/%d/end", at)
}

// givesUpOnPool compares with what the pool's upgrade took before, and with what its
// settings come to.
func givesUpOnPool(s *facts.Snapshot, c facts.PoolChange) []preflight.Finding {
	given := patienceOf(c.TimeoutSeconds, c.TimeoutMostSeconds)
	f := preflight.Finding{
		Severity: preflight.Warning, Subject: preflight.Subject{Kind: "NodePool", Name: c.Name},
		Steps: remedy.Do("let it wait for longer; where it gave up, GKE goes on, so wait for the operation before trying again", finding.OperationsOf(s, "operationType=UPGRADE_NODES")),
	}
	t := rollout.Of(s, c.Name)
	const then = "; the pipeline fails then, while GKE goes on"
	least, most := time.Duration(t.Least)*time.Second, time.Duration(t.Most)*time.Second
	switch at, took := rollout.Longest(s, "UPGRADE_NODES", "nodePools/"+c.Name); {
	case took > given.least:
		f.Summary = fmt.Sprintf("the pipeline gives up on node pool %s after %s, and its upgrade took %s before%s", c.Name, given, finding.Age(took), then)
		f.Evidence = []preflight.Evidence{earlierOperation(s, at, took)}
		return []preflight.Finding{f}
	case t.Unknown != "":
		f.Undecided = fmt.Sprintf("the pipeline waits for %s, and how long the upgrade of node pool %s takes is not known: %s", given, c.Name, t.Unknown)
		return []preflight.Finding{f}
	case least > given.least:
		f.Summary = fmt.Sprintf("the pipeline gives up on node pool %s after %s, and its upgrade takes %s at least (%s)%s", c.Name, given, rollout.Words(t.Least), t.How(), then)
	case most > given.least:
		f.Severity = preflight.Info
		f.Summary = fmt.Sprintf("the pipeline gives up on node pool %s after %s, and its upgrade takes %s (%s), by how long drains wait for disruption budgets", c.Name, given, t.Range(), t.How())
	default:
		return nil
	}
	i := slices.IndexFunc(facts.GKENodePools.Of(s), func(p facts.NodePool) bool { return p.Name == c.Name })
	f.Evidence = []preflight.Evidence{finding.EvidenceOf(facts.GKENodePools, c.Name, "", "/%d/name", i)}
	return []preflight.Finding{f}
}
