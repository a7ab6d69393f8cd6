// Package checks lists the checks. A check is a value in a file of its own, in the
// folder of its family: adding one takes its file, its line in the family's All, its
// page in docs/checks and its cases in testdata/checks. What the families put findings
// together with is in finding.
package checks

import (
	"slices"

	"github.com/gke-preflight/gke-preflight/checks/admission"
	"github.com/gke-preflight/gke-preflight/checks/cluster"
	"github.com/gke-preflight/gke-preflight/checks/nodes"
	"github.com/gke-preflight/gke-preflight/checks/versions"
	"github.com/gke-preflight/gke-preflight/checks/workloads"
	"github.com/gke-preflight/gke-preflight/preflight"
)

// All returns every check, by ID.
func All() []preflight.Check {
	return slices.Concat(admission.All(), nodes.All(), versions.All(), workloads.All(), cluster.All())
}
