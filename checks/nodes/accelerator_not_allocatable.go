package nodes

import (
	"fmt"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
)

var acceleratorNotAllocatable = preflight.Check{
	ID:       "GP208",
	Name:     "accelerator-not-allocatable",
	Title:    "A node does not offer the accelerators that it has",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.Nodes},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		var fs []preflight.Finding
		for i, n := range facts.Nodes.Of(s) {
			f := preflight.Finding{Severity: preflight.Warning, Subject: nodeSubject(n), Steps: remedy.Do("see what its device plugin says", describeNode(n))}
			if n.Accelerator != "" && len(n.Devices) == 0 {
				f.Summary = fmt.Sprintf("%s has the label of accelerator %s and offers none; auto-repair recreates a node whose GPUs or TPUs stay so for 10 to 15 minutes", inPool(n), n.Accelerator)
				f.Evidence = []preflight.Evidence{{Fact: facts.Nodes.ID(), Path: fmt.Sprintf("/%d/accelerator", i), Value: n.Accelerator, Note: n.Name}}
				fs = append(fs, f)
			}
			for j, d := range n.Devices {
				if d.Allocatable < d.Capacity {
					f.Summary = fmt.Sprintf("%s has %d %s and offers %d of them; auto-repair recreates a node whose GPUs or TPUs stay so for 10 to 15 minutes", inPool(n), d.Capacity, d.Resource, d.Allocatable)
					f.Evidence = []preflight.Evidence{{Fact: facts.Nodes.ID(), Path: fmt.Sprintf("/%d/devices/%d/allocatable", i, j), Value: d.Allocatable, Note: n.Name + ": " + d.Resource}}
					fs = append(fs, f)
					break
				}
			}
		}
		return finding.Alike(fs, "Nodes", "don't offer the accelerators that they have")
	},
}
