package checks

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

// mostAlike is how many findings of one kind stand each for itself.
const mostAlike = 5

// alike returns the findings as they are, where they are few, or one for each
// severity that says how many there are and names the first; said is the defect
// that they share, as in "have a lease that is too old".
func alike(fs []preflight.Finding, kind, said string) []preflight.Finding {
	var out []preflight.Finding
	for _, severity := range []preflight.Severity{preflight.Blocker, preflight.Warning, preflight.Info} {
		var same []preflight.Finding
		for _, f := range fs {
			if f.Severity == severity && f.Undecided == "" {
				same = append(same, f)
			}
		}
		if len(same) <= mostAlike {
			out = append(out, same...)
			continue
		}
		one := preflight.Finding{
			Severity: severity, Subject: preflight.Subject{Kind: kind, Name: "all"}, Steps: same[0].Steps.Then("do the same for the others"),
			Summary: fmt.Sprintf("%d %s %s: %s", len(same), strings.ToLower(strings.NewReplacer("PodDisruption", "disruption ", "NodePool", "node pool").Replace(kind)), said, few(subjects(same))),
		}
		for _, f := range same[:mostAlike] {
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

// few names the first few, and says how many more there are.
func few(names []string) string {
	if n := len(names) - mostAlike; n > 0 {
		return strings.Join(names[:mostAlike], ", ") + fmt.Sprintf(" and %d more", n)
	}
	return strings.Join(names, ", ")
}

// gkeNamespaces are those that GKE and Kubernetes keep their own pods in.
var gkeNamespaces = []string{
	"kube-system", "kube-public", "kube-node-lease", "gmp-system", "gmp-public", "gkebackup", "config-management-system", "config-management-monitoring",
	"asm-system", "istio-system", "cnrm-system", "configconnector-operator-system",
}

// managed reports whether what is in the namespace is not the user's.
func managed(namespace string) bool {
	return strings.HasPrefix(namespace, "gke-") || slices.Contains(gkeNamespaces, namespace)
}

// A group is the pods of one controller, with its place in the snapshot.
type group struct {
	facts.PodGroup
	n int
}

// usersGroups are the groups of the user's namespaces that a drain evicts: those
// of DaemonSets stay until the node goes.
func usersGroups(s *facts.Snapshot) []group {
	var gs []group
	for n, g := range facts.PodGroups.Of(s) {
		if !managed(g.Namespace) && g.Kind != "DaemonSet" {
			gs = append(gs, group{g, n})
		}
	}
	return gs
}

func (g group) subject() preflight.Subject {
	return preflight.Subject{Kind: g.Kind, Namespace: g.Namespace, Name: g.Name}
}

func (g group) String() string { return g.Kind + " " + g.Namespace + "/" + g.Name }

func (g group) evidence(field string, value any, note string) []preflight.Evidence {
	return []preflight.Evidence{{Fact: facts.PodGroups.ID(), Path: fmt.Sprintf("/%d/%s", g.n, field), Value: value, Note: note}}
}

// edit is the command that changes what made the pods.
func (g group) edit() remedy.Command {
	return remedy.Sh("kubectl --namespace %s edit %s %s", g.Namespace, strings.ToLower(g.Kind), g.Name)
}

// unread is an open warning where f is absent and was not left out on request.
func unread(s *facts.Snapshot, f facts.Fact, open string) []preflight.Finding {
	a, absent := s.Absence(f)
	if !absent || a.Reason == facts.LeftOut {
		return nil
	}
	return []preflight.Finding{{Severity: preflight.Info, Subject: clusterSubject(s), Undecided: fmt.Sprintf("%s: could not read %s (%s)", open, f.ID(), a)}}
}

func poolNamed(name string) preflight.Subject {
	return preflight.Subject{Kind: "NodePool", Name: name}
}

// oneLess are the flags by which an upgrade takes a node away before it adds one.
func oneLess() []string {
	return []string{"--max-surge-upgrade", "0", "--max-unavailable-upgrade", "1"}
}

// oneMore are those by which it adds one first.
func oneMore() []string {
	return []string{"--max-surge-upgrade", "1", "--max-unavailable-upgrade", "0"}
}
