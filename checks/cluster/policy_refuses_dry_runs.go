package cluster

import (
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var policyRefusesDryRuns = preflight.Check{
	ID:       "GP530",
	Name:     "policy-refuses-dry-runs",
	Title:    "A cluster policy refuses dry-runs in GKE's own namespaces",
	Severity: preflight.Info,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.GKESettings},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		c := facts.GKESettings.Of(s)
		var policies, lost []string
		f := preflight.Finding{Severity: preflight.Info, Subject: finding.ClusterSubject(s)}
		if c.NoSystemMutation {
			policies, lost = append(policies, "no_system_mutation"), append(lost, "dry-runs of writes to what GKE manages")
			f.Evidence = append(f.Evidence, finding.EvidenceOf(facts.GKESettings, true, "no_system_mutation", "/noSystemMutation"))
		}
		if c.NoSystemImpersonation {
			policies, lost = append(policies, "no_system_impersonation"), append(lost, "dry-runs as the API server's own user")
			f.Evidence = append(f.Evidence, finding.EvidenceOf(facts.GKESettings, true, "no_system_impersonation", "/noSystemImpersonation"))
		}
		if policies == nil {
			return nil
		}
		f.Summary = fmt.Sprintf("cluster policy %s refuses %s before any webhook sees them: what the running API server would say of these is not to be had, and the forecast rests on what the webhooks answer themselves", strings.Join(policies, " and "), strings.Join(lost, " and "))
		f.Steps = remedy.Do("let the webhooks be asked, by the ClusterRole that gke-preflight rbac prints; a dry-run that is refused says nothing of the upgrade, which such policies do not hold up", remedy.Sh("gke-preflight rbac"))
		return []preflight.Finding{f}
	},
}
