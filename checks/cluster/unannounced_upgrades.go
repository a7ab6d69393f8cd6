package cluster

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var unannouncedUpgrades = preflight.Check{
	ID:       "GP508",
	Name:     "unannounced-upgrades",
	Title:    "GKE's own upgrades come at any time, or without a word",
	Severity: preflight.Info,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.GKECluster, facts.GKESettings},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		c, n := facts.GKECluster.Of(s), facts.GKESettings.Of(s).Notifications
		f := preflight.Finding{Severity: preflight.Info, Subject: finding.ClusterSubject(s)}
		var parts []string
		var open []preflight.Finding
		if c.Maintenance.Unread {
			open = []preflight.Finding{{Severity: preflight.Info, Subject: finding.ClusterSubject(s), Undecided: "the cluster has a maintenance window in a form that this version of gke-preflight can't read"}}
		}
		if c.Maintenance == (facts.MaintenanceWindow{}) {
			parts = append(parts, "it has no maintenance window, so GKE upgrades it at any time")
			f.Steps = remedy.Do("set a window in which somebody is at work", finding.ClusterCommand(s, "update", "--maintenance-window-start", "START", "--maintenance-window-end", "END", "--maintenance-window-recurrence", "FREQ=WEEKLY;BYDAY=DAYS")).
				Where("START", "the beginning of the first window, such as 2026-01-05T09:00:00Z").
				Where("END", "its end, such as 2026-01-05T15:00:00Z").
				Where("DAYS", "the days on which there is one, such as MO,TU,WE")
		}
		if !n.Enabled {
			parts = append(parts, "it has no notifications, so nobody is told of upgrades beforehand")
			f.Evidence = append(f.Evidence, finding.EvidenceOf(facts.GKESettings, n.Enabled, "", "/notifications/enabled"))
			f.Steps = f.Steps.Then("let GKE publish what it is about to do", finding.ClusterCommand(s, "update", "--notification-config", "pubsub=ENABLED,pubsub-topic=projects/"+cmp.Or(s.Meta.Cluster.Project, "PROJECT")+"/topics/TOPIC")).
				Where("TOPIC", "a topic of Pub/Sub", remedy.Words("gcloud", "pubsub", "topics", "list", "--project", s.Meta.Cluster.Project))
		}
		if len(parts) == 0 {
			return open
		}
		f.Summary = fmt.Sprintf("cluster %s: %s", c.Name, strings.Join(parts, ", and "))
		return append([]preflight.Finding{f}, open...)
	},
}
