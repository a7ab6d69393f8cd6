package workloads

import (
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// perGroup judges each group of the user's that a drain evicts.
func perGroup(s *facts.Snapshot, judge func(group) *preflight.Finding) (fs []preflight.Finding) {
	for _, g := range usersGroups(s) {
		if f := judge(g); f != nil {
			f.Subject = g.subject()
			fs = append(fs, *f)
		}
	}
	return fs
}
