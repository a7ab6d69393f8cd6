package workloads

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

var volumeRefused = preflight.Check{
	ID:       "GP414",
	Name:     "volume-refused",
	Title:    "Pods have volumes of a kind that new kubelets refuse",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.PodDetails, facts.PodGroups},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		var fs []preflight.Finding
		for _, d := range usersDetails(s) {
			gone, instead := refusedSince(d.Volume)
			if d.Volume == "" || !gone.In(s.Meta.Target) {
				continue
			}
			fs = append(fs, preflight.Finding{
				Severity: preflight.Warning, Subject: d.subject(),
				Summary:  fmt.Sprintf("pods of %s have a volume of the kind %s, which kubelets from %s on do not mount; on a node that is upgraded they never start, though the API server takes them", d.group, d.Volume, gone.Since),
				Evidence: []preflight.Evidence{d.detail("volume", d.Volume)},
				Steps:    remedy.Do(instead, d.edit()),
			})
		}
		return finding.Alike(fs, "Workloads", "have volumes that new kubelets do not mount")
	},
}

// refusedSince says from when on kubelets refuse volumes of the kind, and what takes its place.
func refusedSince(kind string) (gone version.Change, instead string) {
	if kind == "gitRepo" {
		return version.GitVolumes, "clone the repository in an init container, into an emptyDir"
	}
	return version.CephVolumes, "move the data to a volume of Ceph's CSI driver"
}
