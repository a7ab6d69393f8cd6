package versions

import (
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var targetOutOfReach = preflight.Check{
	ID:       "GP301",
	Name:     "target-out-of-reach",
	Title:    "The control plane can't go to the target in one upgrade",
	Severity: preflight.Blocker,
	Steps:    []preflight.Step{preflight.ControlPlaneStep},
	Needs:    []facts.Fact{facts.ServerVersion},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		subject := preflight.Subject{Kind: "Version", Name: s.Meta.Target}
		hop, problem := bootstrap.HopOf(s)
		if problem != "" {
			return []preflight.Finding{{Severity: preflight.Blocker, Subject: subject, Undecided: problem}}
		}
		defect, steps := outOfReach(hop)
		if defect == "" {
			return nil
		}
		server := facts.ServerVersion.Of(s)
		evidence := []preflight.Evidence{{Fact: facts.ServerVersion.ID(), Path: "/gitVersion", Value: server.GitVersion, Note: "runs"}}
		if server.Emulated != "" {
			evidence = append(evidence, preflight.Evidence{Fact: facts.ServerVersion.ID(), Path: "/emulated", Value: server.Emulated, Note: "is emulated until the two-step upgrade is completed"})
		}
		return []preflight.Finding{{Severity: preflight.Blocker, Subject: subject, Summary: defect, Evidence: evidence, Steps: steps}}
	},
}

// outOfReach says why the target can't be reached in one upgrade, and what to do
// instead; empty if it can.
func outOfReach(hop bootstrap.Hop) (defect string, instead remedy.Steps) {
	over := hop.Over()
	switch {
	case hop.Step == bootstrap.Back:
		return fmt.Sprintf("target %s is an older minor than %s, which runs: a control plane does not go back to one", hop.Target, hop.Running),
			remedy.Do("choose a target of the running minor or of the next one")
	case hop.Step != bootstrap.Skip:
		return "", nil
	case len(over) == 0:
		return fmt.Sprintf("target %s is of another major version than %s, which runs", hop.Target, hop.Running), remedy.Do("choose a target of the next minor")
	}
	defect = fmt.Sprintf("target %s is %d minors above %s, which is served: a control plane goes one minor at a time, and what %s is not in this forecast",
		hop.Target, len(over)+1, hop.Served.Line(), writes(over))
	if hop.Running.Line() == over[0] {
		return defect, remedy.Do("check the second step of the two-step upgrade to "+over[0]+", and complete it first", checkFirst(over[0]))
	}
	return defect, remedy.Do("upgrade to "+over[0]+" first, then hop by hop, and check each hop when it is the next", checkFirst(over[0]))
}

// checkFirst checks an upgrade to a minor.
func checkFirst(minor string) remedy.Command {
	return remedy.Sh("gke-preflight check --target-version %s", minor)
}

func writes(minors []string) string {
	last := len(minors) - 1
	switch {
	case last == 0:
		return minors[0] + " writes on the way"
	case last > 5:
		return fmt.Sprintf("the %d minors on the way write", len(minors))
	}
	return strings.Join(minors[:last], ", ") + " and " + minors[last] + " write on the way"
}
