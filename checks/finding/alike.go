// Package finding holds what the checks of all families put findings together with: the
// cluster as a subject and in commands, evidence, many alike as one, and words.
package finding

import (
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// MostAlike is how many findings of one kind stand each for itself.
const MostAlike = 5

// Alike returns the findings as they are, where they are few, or one for each
// severity that says how many there are and names the first; said is the defect
// that they share, as in "have a lease that is too old".
func Alike(fs []preflight.Finding, kind, said string) []preflight.Finding {
	var out []preflight.Finding
	for _, severity := range []preflight.Severity{preflight.Blocker, preflight.Warning, preflight.Info} {
		var same []preflight.Finding
		for _, f := range fs {
			if f.Severity == severity && f.Undecided == "" {
				same = append(same, f)
			}
		}
		if len(same) <= MostAlike {
			out = append(out, same...)
			continue
		}
		one := preflight.Finding{
			Severity: severity, Subject: preflight.Subject{Kind: kind, Name: "all"}, Steps: same[0].Steps.Then("do the same for the others"),
			Summary: fmt.Sprintf("%d %s %s: %s", len(same), strings.ToLower(strings.NewReplacer("PodDisruption", "disruption ", "NodePool", "node pool").Replace(kind)), said, words.Some(subjects(same), MostAlike)),
		}
		for _, f := range same[:MostAlike] {
			one.Evidence = append(one.Evidence, f.Evidence...)
		}
		out = append(out, one)
	}
	for _, f := range fs {
		if f.Undecided != "" {
			out = append(out, f)
		}
	}
	return out
}

func subjects(fs []preflight.Finding) []string {
	var names []string
	for _, f := range fs {
		_, name, _ := strings.Cut(f.Subject.String(), " ")
		names = append(names, name)
	}
	return names
}

// Unread is an open warning where f is absent and was not left out on request.
func Unread(s *facts.Snapshot, f facts.Fact, open string) []preflight.Finding {
	a, absent := s.Absence(f)
	if !absent || a.Reason == facts.LeftOut {
		return nil
	}
	return []preflight.Finding{{Severity: preflight.Info, Subject: ClusterSubject(s), Undecided: fmt.Sprintf("%s: could not read %s (%s)", open, f.ID(), a)}}
}
