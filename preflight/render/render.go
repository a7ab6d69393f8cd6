// Package render shows a report: as a table for people, as JSON for programs,
// and pages of the manual for the terminal. The verdict is in the report; no
// view decides anything.
package render

import (
	"io"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/change"
	"github.com/gke-preflight/gke-preflight/preflight/cure"
	"github.com/gke-preflight/gke-preflight/preflight/fleet"
	"github.com/gke-preflight/gke-preflight/preflight/plan"
	"github.com/gke-preflight/gke-preflight/preflight/simulation"
	"github.com/gke-preflight/gke-preflight/preflight/whatif"
)

// Options say how a view for people is laid out. The zero value is 80 columns
// of Unicode without colour.
type Options struct {
	// Width is the number of columns; zero means 80, and less than 40 counts as 40.
	// Commands and YAML to copy are never broken and may be wider.
	Width int
	// Colour allows ANSI colours. What they say is always also said in words.
	Colour bool
	// ASCII replaces everything outside ASCII.
	ASCII bool
	// ShowPassed lists the checks that passed.
	ShowPassed bool
	// Quiet leaves only the verdict and the blockers.
	Quiet bool
	// Wide shows every write, every piece of evidence and every finding, where
	// the usual view shows the first ones and counts the rest.
	Wide bool
	// Begun says that another program begins the upgrade, such as terraform apply:
	// no command does.
	Begun bool
}

// JSON writes a report or the result of another verb as
// indented JSON, the format that other tools rely on.
func JSON[T preflight.Report | simulation.Simulation | simulation.Hops | cure.Report | whatif.Result | change.Change | plan.Outcome | fleet.Report](w io.Writer, r T) error {
	return indented(w, r)
}
