package admission

import (
	"testing"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// TestPatchOf: what a webhook makes of a write must not be made up from what it made of
// others.
func TestPatchOf(t *testing.T) {
	const roleA, roleB, binding = "UPDATE clusterroles.rbac.authorization.k8s.io a", "UPDATE clusterroles.rbac.authorization.k8s.io b", "UPDATE clusterrolebindings.rbac.authorization.k8s.io a"
	answer := func(write, patch string) facts.Attempt {
		return facts.Attempt{Write: write, Answer: facts.Allowed, Patched: patch != "", Patch: patch}
	}
	earlier := answer(roleA, "x")
	earlier.Patch = ""
	denied := answer(roleA, "x")
	denied.Answer = facts.Denied
	for name, c := range map[string]struct {
		answers []facts.Attempt
		write   string
		patch   string
		changed bool
	}{
		"asked about itself":                     {[]facts.Attempt{answer(roleA, "x"), answer(roleB, "y")}, roleA, "x", true},
		"left alone, while others are not":       {[]facts.Attempt{answer(roleA, ""), answer(roleB, "y")}, roleA, "", false},
		"as all alike":                           {[]facts.Attempt{answer(roleA, "x")}, roleB, "x", true},
		"of another kind":                        {[]facts.Attempt{answer(binding, "x")}, roleA, "", false},
		"two endpoints that patch otherwise":     {[]facts.Attempt{answer(roleA, "x"), answer(roleA, "y")}, roleA, "", true},
		"some alike are changed, others are not": {[]facts.Attempt{answer(roleA, "x"), answer(roleA+"2", "")}, roleB, "", true},
		"as earlier versions have recorded it":   {[]facts.Attempt{earlier}, roleA, "", true},
		"denied":                                 {[]facts.Attempt{denied}, roleA, "", false},
		"nobody was asked":                       {nil, roleA, "", false},
	} {
		if patch, changed := PatchOf(c.answers, c.write); patch != c.patch || changed != c.changed {
			t.Errorf("%s: %q, changed %t", name, patch, changed)
		}
	}
}
