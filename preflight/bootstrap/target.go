package bootstrap

import (
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap/catalogue"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// A Step is what an upgrade to the target is to the control plane. docs/versions.md
// has the rule for each.
type Step string

const (
	// Patch: the same minor, and no older patch as far as both are known.
	Patch Step = "patch"
	// PatchBack: an older patch of the same minor.
	PatchBack Step = "patch-back"
	// NextMinor: the minor after the one that is served.
	NextMinor Step = "next-minor"
	// Complete: the second step of a two-step upgrade, after which the binary
	// that runs serves its own minor and emulates no older one.
	Complete Step = "complete"
	// RollBack: back to the minor that is emulated, which is possible until the
	// two-step upgrade is completed.
	RollBack Step = "roll-back"
	// Skip: minors lie between the one that is served and the target.
	Skip Step = "skip"
	// Back: an older minor, and not the one that is emulated.
	Back Step = "back"
)

// A Hop is the way from what runs to the target.
type Hop struct {
	Step Step
	// Running is the version of the binary that runs.
	Running version.Version
	// Served is the minor whose API is served: the running one, unless an older
	// one is emulated, as it is between the two steps of a two-step upgrade.
	Served version.Version
	Target version.Version
}

// HopOf returns the way to the target version of s; the problem says in words
// why it can't be known, and is empty if it is.
func HopOf(s *facts.Snapshot) (hop Hop, problem string) {
	if s.Meta.Target == "" {
		return hop, "no target version is known: name one with --target-version"
	}
	var err error
	if hop.Target, err = version.Parse(s.Meta.Target); err != nil {
		return hop, fmt.Sprintf("target version: %v", err)
	}
	if a, absent := s.Absence(facts.ServerVersion); absent {
		return hop, fmt.Sprintf("could not read %s (%s): whether %s is an upgrade is not known", facts.ServerVersion.ID(), a, hop.Target)
	}
	server := facts.ServerVersion.Of(s)
	if hop.Running, err = version.Parse(server.GitVersion); err != nil {
		return hop, fmt.Sprintf("running version: %v", err)
	}
	hop.Served = hop.Running
	if server.Emulated != "" {
		if hop.Served, err = version.Parse(server.Emulated); err != nil {
			return hop, fmt.Sprintf("emulated version: %v", err)
		}
	}
	hop.Step = hop.step()
	return hop, ""
}

func (h Hop) step() Step {
	emulates := version.CompareLine(h.Served, h.Running) != 0
	onto := version.CompareLine(h.Target, h.Running)
	switch {
	case onto == 0 && emulates:
		return Complete
	case onto == 0 && version.Older(h.Target, h.Running):
		return PatchBack
	case onto == 0:
		return Patch
	case emulates && version.CompareLine(h.Target, h.Served) == 0:
		return RollBack
	case onto < 0:
		return Back
	case h.Target.Major == h.Served.Major && h.Target.Minor == h.Served.Minor+1:
		return NextMinor
	}
	return Skip
}

// Over returns the minors that a Skip leaves out, such as 1.34, oldest first;
// nil for any other step, and where the major changes.
func (h Hop) Over() []string {
	if h.Step != Skip || h.Target.Major != h.Served.Major {
		return nil
	}
	var lines []string
	for minor := h.Served.Minor + 1; minor < h.Target.Minor; minor++ {
		lines = append(lines, version.Version{Major: h.Target.Major, Minor: minor}.Line())
	}
	return lines
}

// target returns the minor to plan for and the way there, or why there is none
// to plan for.
func target(s *facts.Snapshot) (catalogue.Minor, Hop, string) {
	hop, problem := HopOf(s)
	if problem != "" {
		return catalogue.Minor{}, hop, problem
	}
	if hop.Step == Back {
		return catalogue.Minor{}, hop, fmt.Sprintf("target %s is below the running version %s: a control plane does not go back to an older minor", hop.Target, hop.Running)
	}
	minor, ok := catalogue.Find(hop.Target.Line())
	if !ok {
		return minor, hop, unknownMinor(hop.Target)
	}
	return minor, hop, ""
}

func unknownMinor(target version.Version) string {
	return fmt.Sprintf("what %s writes at start-up is not known: the catalogue holds %s", target.Line(), strings.Join(Minors(), ", "))
}
