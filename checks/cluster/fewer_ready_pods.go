package cluster

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var fewerReadyPods = preflight.Check{
	ID:       "GP526",
	Name:     "fewer-ready-pods",
	Title:    "A controller has fewer ready Pods than before",
	Severity: preflight.Blocker,
	// It is asked because a baseline was given, so that without the Pods of today it is
	// open, in a recording of an earlier version, too.
	Uses: []facts.Fact{facts.PodGroups, facts.Nodes},
	Moot: func(m facts.Meta) string {
		if m.Before == nil {
			return "no recording from before was given: pass --baseline RECORDING"
		}
		return ""
	},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		if open := incomparable(s); open != "" {
			return []preflight.Finding{{Severity: preflight.Blocker, Subject: finding.ClusterSubject(s), Undecided: open}}
		}
		now := map[preflight.Subject]int{}
		for i, g := range facts.PodGroups.Of(s) {
			now[controllerOf(g)] = i
		}
		before, revisions := s.Meta.Before.PodGroups, revisionsOf(s)
		var fs []preflight.Finding
		var lost []facts.PodGroup
		for _, was := range before {
			if f := fewerReady(s, was, now, revisions); f != nil {
				fs, lost = append(fs, *f), append(lost, was)
			}
		}
		return finding.Alike(fs, "Controllers", "have fewer ready Pods than before"+poolsOfLosses(lost))
	},
}

// incomparable says why the Pods of now and of before can't be compared; empty where they
// can.
func incomparable(s *facts.Snapshot) string {
	before := s.Meta.Before
	then := finding.Moment(before.CollectedAt)
	if before.Absence != (facts.Absence{}) {
		return fmt.Sprintf("which Pods were ready before is not in the baseline of %s (%s)", then, before.Absence)
	}
	if len(before.PodGroups) == 0 {
		return fmt.Sprintf("which Pods were ready before is not known: the baseline of %s has %s and not one Pod", then, finding.Count(int(before.Nodes), "node"))
	}
	if a, absent := s.Absence(facts.PodGroups); absent {
		return fmt.Sprintf("which Pods are ready now, to compare with the baseline of %s, was not seen: could not read %s (%s)", then, facts.PodGroups.ID(), a)
	}
	return ""
}

// lasting are the controllers whose Pods are to run on; those of a Job end.
var lasting = []string{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController"}

func controllerOf(g facts.PodGroup) preflight.Subject {
	return preflight.Subject{Kind: g.Kind, Namespace: g.Namespace, Name: g.Name}
}

// fewerReady compares the Pods of one controller with what they were; nil where no fewer
// are ready, or they are to end. now is where each controller's Pods stand among those of
// today, and revisions what the ReplicaSets of each Deployment have together.
func fewerReady(s *facts.Snapshot, was facts.PodGroup, now map[preflight.Subject]int, revisions map[preflight.Subject]revision) *preflight.Finding {
	var is facts.PodGroup
	i, any := now[controllerOf(was)]
	if any {
		is = facts.PodGroups.Of(s)[i]
	}
	if was.Kind == "Pod" || was.Kind == "Job" || is.Ready >= was.Ready {
		return nil
	}
	all := revisions[deploymentOf(was)]
	if was.Kind == "ReplicaSet" && all.now >= all.before {
		return nil // a rollout: others of its Deployment have taken its place
	}
	severity := preflight.Blocker
	if !slices.Contains(lasting, was.Kind) {
		// Whether what another controller makes is to run on is not known.
		severity = preflight.Warning
	}
	f := &preflight.Finding{Severity: severity, Subject: controllerOf(was),
		Steps: remedy.Do("see why, and go on to no other node pool, whichever this is on, before that is mended", remedy.Sh("kubectl --namespace %s describe %s %s", was.Namespace, strings.ToLower(was.Kind), was.Name),
			remedy.Sh("kubectl --namespace %s get events --sort-by .lastTimestamp", was.Namespace)).
			Or("where it was scaled down or deleted on purpose, record the cluster anew and compare with that", remedy.Sh("gke-preflight snapshot --file before.zip"))}
	name := f.Subject.String()
	then := finding.Moment(s.Meta.Before.CollectedAt)
	switch {
	case was.Kind == "ReplicaSet" && all.now > is.Ready:
		f.Summary = fmt.Sprintf("%s has %s, and had %d at %s, and the other revisions of %s do not make up for them: together they have %d, and had %d", name, finding.Count(int(is.Ready), "ready Pod"), was.Ready, then, deploymentOf(was).Name, all.now, all.before)
	case is.Pods > is.Ready:
		f.Summary = fmt.Sprintf("%s has %d of %d Pods ready, and had %d at %s: the others do not start, or not yet", name, is.Ready, is.Pods, was.Ready, then)
	case was.Kind == "DaemonSet":
		if gone, known := fewerNodes(s, was, is); known && gone >= was.Ready-is.Ready {
			return nil
		} else if !known {
			f.Undecided = fmt.Sprintf("%s has %s, and had %d at %s: whether that is because there are fewer nodes was not seen, nor on which node pool", name, finding.Count(int(is.Ready), "ready Pod"), was.Ready, then)
			return f
		}
		f.Summary = fmt.Sprintf("%s has %s, and had %d at %s, with no fewer nodes to match: its Pods are not made", name, finding.Count(int(is.Ready), "ready Pod"), was.Ready, then)
	default:
		f.Summary = fmt.Sprintf("%s has %s and no other, and had %d at %s: it was scaled down, or its Pods are not made", name, finding.Count(int(is.Ready), "ready Pod"), was.Ready, then)
	}
	f.Summary += poolsOfLoss(was, is)
	if any {
		f.Evidence = []preflight.Evidence{finding.EvidenceOf(facts.PodGroups, is.Ready, fmt.Sprintf("ready, of %d", is.Pods), "/%d/ready", i)}
		if is.Pools != nil {
			f.Evidence = append(f.Evidence, finding.EvidenceOf(facts.PodGroups, is.Pools, "its Pods, ready or not, by node pool", "/%d/pools", i))
		}
	}
	return f
}
