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
	Needs:    []facts.Fact{facts.PodGroups},
	Uses:     []facts.Fact{facts.Nodes},
	Moot: func(m facts.Meta) string {
		if m.Before == nil {
			return "no recording from before was given: pass --baseline RECORDING"
		}
		return ""
	},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		before := s.Meta.Before
		if before.Absence != (facts.Absence{}) {
			return []preflight.Finding{{Severity: preflight.Blocker, Subject: finding.ClusterSubject(s),
				Undecided: fmt.Sprintf("which Pods were ready before is not in the baseline of %s (%s)", finding.Moment(before.CollectedAt), before.Absence)}}
		}
		now := map[preflight.Subject]int{}
		for i, g := range facts.PodGroups.Of(s) {
			now[controllerOf(g)] = i
		}
		var fs []preflight.Finding
		for _, was := range before.PodGroups {
			if f := fewerReady(s, was, now); f != nil {
				fs = append(fs, *f)
			}
		}
		return finding.Alike(fs, "Controller", "have fewer ready Pods than before")
	},
}

// lasting are the controllers whose Pods are to run on; those of a Job end.
var lasting = []string{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController"}

func controllerOf(g facts.PodGroup) preflight.Subject {
	return preflight.Subject{Kind: g.Kind, Namespace: g.Namespace, Name: g.Name}
}

// fewerReady compares the Pods of one controller with what they were; nil where no fewer
// are ready, or they are to end. now is where each controller's Pods stand among those of
// today.
func fewerReady(s *facts.Snapshot, was facts.PodGroup, now map[preflight.Subject]int) *preflight.Finding {
	var is facts.PodGroup
	i, any := now[controllerOf(was)]
	if any {
		is = facts.PodGroups.Of(s)[i]
	}
	if was.Kind == "Pod" || was.Kind == "Job" || is.Ready >= was.Ready {
		return nil
	}
	severity := preflight.Blocker
	if !slices.Contains(lasting, was.Kind) || was.Kind == "ReplicaSet" && !any {
		// Whether what another controller makes is to run on is not known; and it makes
		// ReplicaSets, too, of which a new revision takes the place.
		severity = preflight.Warning
	}
	f := &preflight.Finding{Severity: severity, Subject: controllerOf(was),
		Steps: remedy.Do("see why, and go on to no other node pool before that is mended", remedy.Sh("kubectl --namespace %s describe %s %s", was.Namespace, strings.ToLower(was.Kind), was.Name),
			remedy.Sh("kubectl --namespace %s get events --sort-by .lastTimestamp", was.Namespace)).
			Or("where it was scaled down or deleted on purpose, record the cluster anew and compare with that", remedy.Sh("gke-preflight snapshot --file before.zip"))}
	name := f.Subject.String()
	then := finding.Moment(s.Meta.Before.CollectedAt)
	switch {
	case is.Pods > is.Ready:
		f.Summary = fmt.Sprintf("%s has %d of %d Pods ready, and had %d at %s: the others do not start, or not yet", name, is.Ready, is.Pods, was.Ready, then)
	case was.Kind == "DaemonSet":
		if gone, known := fewerNodes(s); known && gone >= was.Ready-is.Ready {
			return nil
		} else if !known {
			f.Undecided = fmt.Sprintf("%s has %s, and had %d at %s: whether that is because there are fewer nodes was not seen", name, finding.Count(int(is.Ready), "ready Pod"), was.Ready, then)
			return f
		}
		f.Summary = fmt.Sprintf("%s has %s, and had %d at %s, with no fewer nodes to match: its Pods are not made", name, finding.Count(int(is.Ready), "ready Pod"), was.Ready, then)
	default:
		f.Summary = fmt.Sprintf("%s has %s and no other, and had %d at %s: it was scaled down, or its Pods are not made", name, finding.Count(int(is.Ready), "ready Pod"), was.Ready, then)
	}
	if any {
		f.Evidence = []preflight.Evidence{finding.EvidenceOf(facts.PodGroups, is.Ready, fmt.Sprintf("ready, of %d", is.Pods), "/%d/ready", i)}
	}
	return f
}

// fewerNodes is by how many nodes there are fewer than before; false where that was not
// seen.
func fewerNodes(s *facts.Snapshot) (int32, bool) {
	nodes, known := facts.Nodes.Get(s)
	return s.Meta.Before.Nodes - int32(len(nodes)), known && s.Meta.Before.Nodes > 0
}
