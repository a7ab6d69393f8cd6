package main

import (
	"io"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A grant is an IAM permission and what the tool does with it beside reading facts.
type grant struct{ permission, does string }

func grants() []grant {
	all := []grant{
		{"container.clusters.get", "needed: without it no cluster is found by --project, --location and --cluster"},
		{"container.clusters.connect", "to reach the API server by the cluster's DNS endpoint, where it has one"},
		{"container.clusters.list", "to list a project's clusters (fleet)"},
	}
	for _, f := range facts.All() {
		for _, p := range f.Access().Permissions {
			if !slices.ContainsFunc(all, func(g grant) bool { return g.permission == p }) {
				all = append(all, grant{permission: p})
			}
		}
	}
	return all
}

// writeIAMRole prints a custom role with every permission that a fact needs, each
// with what it is for and which checks are undecided without it.
func writeIAMRole(w io.Writer) error {
	var b strings.Builder
	b.WriteString("title: gke-preflight\ndescription: Read what gke-preflight looks at before an upgrade\nstage: GA\nincludedPermissions:\n")
	for _, g := range grants() {
		if g.does != "" {
			b.WriteString("# " + g.does + "\n")
		}
		if names, undecided := lostWithout(g.permission); len(names) > 0 {
			b.WriteString("# facts: " + strings.Join(names, ", ") + "\n")
			b.WriteString("# undecided without it, in full or in part: " + strings.Join(undecided, ", ") + "\n")
		}
		b.WriteString("- " + g.permission + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// lostWithout returns the facts that are absent without an IAM permission, and the
// checks that read them.
func lostWithout(permission string) (names, undecided []string) {
	for _, f := range facts.All() {
		if slices.Contains(f.Access().Permissions, permission) {
			names = append(names, f.ID())
		}
	}
	for _, c := range checks.All() {
		if slices.ContainsFunc(append(slices.Clone(c.Needs), c.Uses...), func(f facts.Fact) bool { return slices.Contains(names, f.ID()) }) {
			undecided = append(undecided, c.ID)
		}
	}
	slices.Sort(undecided)
	return names, undecided
}
