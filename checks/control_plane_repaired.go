package checks

import (
	"fmt"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A repair within a day, or two within a week, say that the control plane is not well.
const (
	repairedLately = 24 * time.Hour
	repairedOften  = 7 * 24 * time.Hour
)

var controlPlaneRepaired = preflight.Check{
	ID:       "GP504",
	Name:     "control-plane-repaired",
	Title:    "GKE had to repair the control plane lately",
	Severity: preflight.Warning,
	Needs:    []facts.Fact{facts.GKEOperations},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		lately := 0
		var es []preflight.Evidence
		for i, o := range facts.GKEOperations.Of(s) {
			ago := s.Meta.CollectedAt.Sub(o.Start)
			if o.Type != "REPAIR_CLUSTER" || underWay(o) || ago > repairedOften && !o.Start.IsZero() {
				continue
			}
			if ago <= repairedLately {
				lately++
			}
			note := fmt.Sprintf("on %s, for %s", o.Start.UTC().Format(time.DateTime), age(o.End.Sub(o.Start)))
			if o.Error != "" {
				note += ", and failed: " + o.Error
			}
			es = append(es, evidenceOf(facts.GKEOperations, o.Type, note, "/%d/type", i))
		}
		if lately == 0 && len(es) < 2 {
			return nil
		}
		return []preflight.Finding{{
			Severity: preflight.Warning, Subject: clusterSubject(s),
			Summary: fmt.Sprintf("cluster %s: GKE has repaired the control plane %s within the last 7 days; it is not well, and an upgrade starts each of its API servers anew",
				s.Meta.Cluster.Name, howOften(len(es))),
			Evidence: es,
			Remedy:   "find out why before the upgrade, and ask Google's support if nothing of yours explains it:\ngcloud container operations list --filter \"operationType=REPAIR_CLUSTER\" " + clusterFlags(s),
		}}
	},
}

func howOften(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
