package workloads

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var priorityNeedsQuota = preflight.Check{
	ID:       "GP417",
	Name:     "priority-needs-quota",
	Title:    "Critical pods are not made again without a ResourceQuota",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.PodGroups, facts.BackendPods},
	Uses:     []facts.Fact{facts.PodDetails, facts.CriticalQuotas},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		var fs []preflight.Finding
		if a, _ := s.Absence(facts.PodDetails); a.Reason != facts.EarlierVersion {
			fs = finding.Unread(s, facts.PodDetails, "of which classes pods are is known of those behind webhooks alone")
		}
		for _, c := range criticals(s) {
			quotas, read := facts.CriticalQuotas.Get(s)
			switch {
			case !read:
				a, _ := s.Absence(facts.CriticalQuotas)
				fs = append(fs, preflight.Finding{Severity: preflight.Warning, Subject: c.subject,
					Undecided: fmt.Sprintf("pods of %s ask for %s, which GKE allows outside kube-system by a ResourceQuota alone: could not read %s (%s); these are the quotas that there are: kubectl --namespace %s get resourcequotas", c.name, c.class, facts.CriticalQuotas.ID(), a, c.subject.Namespace)})
			case !slices.ContainsFunc(quotas, c.allowedBy):
				fs = append(fs, preflight.Finding{
					Severity: preflight.Warning, Subject: c.subject, Evidence: []preflight.Evidence{c.evidence},
					Summary: fmt.Sprintf("pods of %s ask for %s, which GKE allows outside kube-system only where a ResourceQuota is for that class, and namespace %s has none; those that run are not made again once they are evicted", c.name, c.class, c.subject.Namespace),
					Steps:   remedy.Do("have a quota that allows them", QuotaFor(c.subject.Namespace)),
				})
			}
		}
		return finding.Alike(fs, "Workloads", "ask for a class that GKE allows by a ResourceQuota, and have none")
	},
}

// QuotaFor is the ResourceQuota by which a namespace may have pods of the system's classes.
func QuotaFor(namespace string) remedy.Command {
	return remedy.Apply(`apiVersion: v1
kind: ResourceQuota
metadata:
  name: critical-pods
  namespace: %s
spec:
  hard:
    pods: "1000"
  scopeSelector:
    matchExpressions:
    - scopeName: PriorityClass
      operator: In
      values: [system-node-critical, system-cluster-critical]`, namespace)
}

// A critical is a group of pods of one of the system's classes.
type critical struct {
	subject     preflight.Subject
	name, class string
	evidence    preflight.Evidence
}

// criticals are the user's outside kube-system; where details of pods were not looked at,
// those behind webhooks (kubernetes cluster/gce/gci/configure-helper.sh, ResourceQuota:
// limitedResources).
func criticals(s *facts.Snapshot) (all []critical) {
	if _, ok := facts.PodDetails.Get(s); ok {
		for _, d := range usersDetails(s) {
			if d.Critical != "" && d.group.Namespace != "kube-system" {
				all = append(all, critical{d.subject(), d.group.String(), d.Critical, d.detail("critical", d.Critical)})
			}
		}
		return all
	}
	for n, p := range facts.BackendPods.Of(s) {
		owner, name, ok := strings.Cut(p.Owner, "/")
		if !strings.HasPrefix(p.PriorityClass, "system-") || p.Namespace == "kube-system" {
			continue
		}
		if !ok {
			owner, name = "Pod", p.Name
		}
		c := critical{preflight.Subject{Kind: owner, Namespace: p.Namespace, Name: name}, fmt.Sprintf("%s %s/%s", owner, p.Namespace, name), p.PriorityClass,
			finding.EvidenceOf(facts.BackendPods, p.PriorityClass, p.Name, "/%d/priorityClass", n)}
		if !slices.ContainsFunc(all, func(o critical) bool { return o.subject == c.subject }) {
			all = append(all, c)
		}
	}
	return all
}

func (c critical) allowedBy(q facts.CriticalQuota) bool {
	return q.Namespace == c.subject.Namespace && (len(q.Classes) == 0 || slices.Contains(q.Classes, c.class))
}
