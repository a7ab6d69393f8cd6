package workloads

import (
	"cmp"
	"fmt"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

var podSecurityTightens = preflight.Check{
	ID:       "GP415",
	Name:     "pod-security-tightens",
	Title:    "Pods that run are refused by a newer Pod Security",
	Severity: preflight.Warning,
	Needs:    []facts.Fact{facts.PodDetails, facts.PodGroups, facts.Namespaces},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		enforced := map[string]int{}
		for n, ns := range facts.Namespaces.Of(s) {
			if tightens(ns, s.Meta.Target) {
				enforced[ns.Name] = n
			}
		}
		var fs []preflight.Finding
		for _, d := range usersDetails(s) {
			n, ok := enforced[d.group.Namespace]
			if d.ProbeHost == "" || !ok {
				continue
			}
			level := facts.Namespaces.Of(s)[n].Labels[enforce]
			fs = append(fs, preflight.Finding{
				Severity: preflight.Warning, Subject: d.subject(),
				Summary:  fmt.Sprintf("container %s of %s names a host in a probe or lifecycle handler, and namespace %s enforces Pod Security %s, which refuses that from %s on; its pods run and are not made again", d.ProbeHost, d.group, d.group.Namespace, level, version.ProbeHosts.Since),
				Evidence: []preflight.Evidence{d.detail("probeHost", d.ProbeHost), finding.EvidenceOf(facts.Namespaces, d.group.Namespace, enforce+"="+level, "/%d/name", n)},
				Steps: remedy.Do("leave host out: the pod itself is meant then", d.edit()).
					Or("hold the namespace at what it is now", remedy.Sh("kubectl label namespace %s %s-version=v%s --overwrite", d.group.Namespace, remedy.Raw(enforce), remedy.Raw(version.ProbeHosts.Last()))),
			})
		}
		return finding.Alike(fs, "Workloads", "have pods that Pod Security refuses from "+version.ProbeHosts.Since+" on")
	},
}

// enforce is the label by which a namespace has Pod Security enforced; what ends in
// -version beside it says of which minor, the newest if it is not there
// (kubernetes.io/docs/concepts/security/pod-security-admission/).
const enforce = "pod-security.kubernetes.io/enforce"

// tightens reports whether the namespace has a level enforced that refuses hosts in probes
// once the target runs.
func tightens(n facts.Namespace, target string) bool {
	level, at := n.Labels[enforce], cmp.Or(n.Labels[enforce+"-version"], "latest")
	if at == "latest" {
		at = target
	}
	return (level == "baseline" || level == "restricted") && version.ProbeHosts.In(at) && version.ProbeHosts.In(target)
}
