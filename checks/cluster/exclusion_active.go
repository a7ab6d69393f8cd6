package cluster

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var exclusionActive = preflight.Check{
	ID:       "GP507",
	Name:     "exclusion-active",
	Title:    "A maintenance exclusion covers now, and an upgrade by hand does not heed it",
	Severity: preflight.Info,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.GKESettings},
	Uses:     []facts.Fact{facts.ServerVersion},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		now := s.Meta.Now()
		for i, e := range facts.GKESettings.Of(s).Exclusions {
			if e.Start.After(now) || !e.End.IsZero() && e.End.Before(now) {
				continue
			}
			f := preflight.Finding{Severity: preflight.Info, Subject: preflight.Subject{Kind: "MaintenanceExclusion", Name: e.Name}}
			covers, open := excludes(s, e)
			if open != "" {
				f.Undecided = fmt.Sprintf("exclusion %s covers now: %s", e.Name, open)
				fs = append(fs, f)
			}
			if !covers {
				continue
			}
			f.Undecided = ""
			f.Summary = fmt.Sprintf("exclusion %s (%s%s) covers this upgrade, but only GKE's own upgrades heed it: one by hand goes ahead", e.Name, e.Scope, until(e))
			f.Evidence = []preflight.Evidence{finding.EvidenceOf(facts.GKESettings, e.Scope, "", "/exclusions/%d/scope", i)}
			f.Steps = remedy.Do("make sure that whoever asked for the exclusion agrees", finding.ClusterCommand(s, "describe", "--format", "yaml(maintenancePolicy)"))
			fs = append(fs, f)
		}
		return fs
	},
}

func until(e facts.Exclusion) string {
	switch {
	case e.UntilEndOfSupport:
		return ", until the end of support"
	case e.End.IsZero():
		return ""
	}
	return ", until " + finding.Day(e.End)
}

// excludes reports whether an upgrade of the control plane to the target would be
// held back, were it GKE's own; open says why that is not known (containerpb
// cluster_service.proto, MaintenanceExclusionOptions.Scope).
func excludes(s *facts.Snapshot, e facts.Exclusion) (covers bool, open string) {
	switch e.Scope {
	case "NO_UPGRADES":
		return true, ""
	case "NO_MINOR_UPGRADES", "NO_MINOR_OR_NODE_UPGRADES":
		hop, problem := bootstrap.HopOf(s)
		return problem == "" && hop.Step != bootstrap.Patch && hop.Step != bootstrap.PatchBack, problem
	}
	return false, fmt.Sprintf("its scope %s is one that this version of gke-preflight does not know", e.Scope)
}
