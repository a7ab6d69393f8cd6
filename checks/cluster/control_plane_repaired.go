package cluster

import (
	"fmt"
	"time"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// A repair within a day, or two within a week, say that the control plane is not well.
var (
	repairedHours = preflight.Threshold{Check: "GP504", Name: "hours", Default: 24, Min: 1, Max: 168, What: "within how long one repair is told"}
	repairedDays  = preflight.Threshold{Check: "GP504", Name: "days", Default: 7, Min: 7, Max: 90, What: "within how long two repairs are told"}
)

var controlPlaneRepaired = preflight.Check{
	ID:         "GP504",
	Name:       "control-plane-repaired",
	Title:      "GKE had to repair the control plane lately",
	Severity:   preflight.Warning,
	Steps:      []preflight.Step{preflight.ControlPlaneStep},
	Needs:      []facts.Fact{facts.GKEOperations},
	Thresholds: []preflight.Threshold{repairedHours, repairedDays},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		lately := 0
		var es []preflight.Evidence
		for i, o := range facts.GKEOperations.Of(s) {
			ago := s.Meta.CollectedAt.Sub(o.Start)
			if o.Type != "REPAIR_CLUSTER" || underWay(o) || ago > repairedDays.Duration(s) && !o.Start.IsZero() {
				continue
			}
			if ago <= repairedHours.Duration(s) {
				lately++
			}
			note := fmt.Sprintf("on %s, for %s", o.Start.UTC().Format(time.DateTime), finding.Age(o.End.Sub(o.Start)))
			if o.Error != "" {
				note += ", and failed: " + o.Error
			}
			es = append(es, finding.EvidenceOf(facts.GKEOperations, o.Type, note, "/%d/type", i))
		}
		if lately == 0 && len(es) < 2 {
			return nil
		}
		return []preflight.Finding{{
			Severity: preflight.Warning, Subject: finding.ClusterSubject(s),
			Summary: fmt.Sprintf("cluster %s: GKE has repaired the control plane %s within the last %s; it is not well, and an upgrade starts each of its API servers anew",
				s.Meta.Cluster.Name, howOften(len(es)), finding.Count(repairedDays.Of(s), "day")),
			Evidence: es,
			Steps:    remedy.Do("find out why before the upgrade, and ask Google's support if nothing of yours explains it", finding.OperationsOf(s, "operationType=REPAIR_CLUSTER")),
		}}
	},
}

func howOften(n int) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
