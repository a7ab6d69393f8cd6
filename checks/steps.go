package checks

import (
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
)

// aboutNodes are the families whose checks are about the upgrade of nodes alone.
var aboutNodes = []string{"GP20", "GP21", "GP4"}

// aboutNodesToo are the checks of the other families that are about it: alone, where the
// value is true, or beside that of the control plane.
var aboutNodesToo = map[string]bool{
	"GP121": false, "GP122": false, "GP123": false, "GP124": false, "GP125": false, "GP126": false, "GP127": false,
	"GP303": false, "GP501": false, "GP502": true, "GP505": true, "GP509": true, "GP511": false,
	"GP518": true, "GP519": true, "GP520": true, "GP521": true, "GP525": true,
}

// withSteps says of each check which steps of an upgrade it is about. Auto-repair that
// would follow a failed start of the control plane (GP201) is about that.
func withSteps(all []preflight.Check) []preflight.Check {
	for n, c := range all {
		alone, too := aboutNodesToo[c.ID]
		nodes := slices.ContainsFunc(aboutNodes, func(family string) bool { return strings.HasPrefix(c.ID, family) }) && c.ID != "GP201"
		switch {
		case nodes || alone:
			all[n].Steps = []preflight.Step{preflight.NodesStep}
		case !too:
			all[n].Steps = []preflight.Step{preflight.ControlPlaneStep}
		}
	}
	return all
}
