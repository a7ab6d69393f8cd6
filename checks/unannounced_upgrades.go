package checks

import (
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

var unannouncedUpgrades = preflight.Check{
	ID:       "GP508",
	Name:     "unannounced-upgrades",
	Title:    "GKE's own upgrades come at any time, or without a word",
	Severity: preflight.Info,
	Needs:    []facts.Fact{facts.GKECluster, facts.GKESettings},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		c, n := facts.GKECluster.Of(s), facts.GKESettings.Of(s).Notifications
		f := preflight.Finding{Severity: preflight.Info, Subject: clusterSubject(s)}
		var parts []string
		var open []preflight.Finding
		if c.Maintenance.Unread {
			open = []preflight.Finding{{Severity: preflight.Info, Subject: clusterSubject(s), Undecided: "the cluster has a maintenance window in a form that this version of gke-preflight can't read"}}
		}
		if c.Maintenance == (facts.MaintenanceWindow{}) {
			parts = append(parts, "it has no maintenance window, so GKE upgrades it at any time")
			f.Remedy = "set a window in which somebody is at work:\n" + clusterCommand(s, "update", "--maintenance-window-start 2026-01-05T09:00:00Z --maintenance-window-end 2026-01-05T15:00:00Z --maintenance-window-recurrence 'FREQ=WEEKLY;BYDAY=MO,TU,WE'")
		}
		if !n.Enabled {
			parts = append(parts, "it has no notifications, so nobody is told of upgrades beforehand")
			f.Evidence = append(f.Evidence, evidenceOf(facts.GKESettings, n.Enabled, "", "/notifications/enabled"))
			if f.Remedy != "" {
				f.Remedy += "\n"
			}
			f.Remedy += "let GKE publish what it is about to do:\n" + clusterCommand(s, "update", "--notification-config pubsub=ENABLED,pubsub-topic=projects/PROJECT/topics/TOPIC")
		}
		if len(parts) == 0 {
			return open
		}
		f.Summary = fmt.Sprintf("cluster %s: %s", c.Name, strings.Join(parts, ", and "))
		return append([]preflight.Finding{f}, open...)
	},
}
