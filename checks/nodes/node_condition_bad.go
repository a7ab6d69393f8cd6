package nodes

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

// badWhenTrue are the conditions that name a trouble, with what it does: those of
// the kubelet, of the cloud controller and of node-problem-detector (kubernetes
// pkg/apis/core/types.go; node-problem-detector config/).
var badWhenTrue = map[string]string{
	"MemoryPressure":              "the kubelet evicts pods",
	"DiskPressure":                "the kubelet evicts pods, and auto-repair recreates a node whose boot disk is full for 30 minutes",
	"PIDPressure":                 "the kubelet evicts pods",
	"NetworkUnavailable":          "no pod is scheduled there",
	"KernelDeadlock":              "its kernel hangs, and a drain may not end",
	"ReadonlyFilesystem":          "nothing can be written, and a drain may not end",
	"CorruptDockerOverlay2":       "containers don't start",
	"FrequentKubeletRestart":      "its kubelet does not stay up",
	"FrequentDockerRestart":       "its container runtime does not stay up",
	"FrequentContainerdRestart":   "its container runtime does not stay up",
	"FrequentUnregisterNetDevice": "network devices are not released",
	"KubeletUnhealthy":            "its kubelet does not answer",
	"ContainerRuntimeUnhealthy":   "its container runtime does not answer",
	"KubeletProblem":              "its kubelet does not answer",
	"ContainerRuntimeProblem":     "its container runtime does not answer",
	"XfsShutdown":                 "a file system was shut down",
}

var nodeConditionBad = preflight.Check{
	ID:       "GP205",
	Name:     "node-condition-bad",
	Title:    "A node reports a trouble of its own",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.Nodes},
	Run: func(s *facts.Snapshot) []preflight.Finding {
		bad := map[string][]preflight.Finding{}
		unknown := map[string][]string{}
		for i, n := range facts.Nodes.Of(s) {
			for j, c := range n.Conditions {
				does, known := badWhenTrue[c.Type]
				switch {
				case c.Type == "Ready":
				case known && c.Status == "True":
					bad[c.Type] = append(bad[c.Type], preflight.Finding{
						Severity: preflight.Warning, Subject: nodeSubject(n),
						Summary:  fmt.Sprintf("%s has %s (%s), for %s: %s", inPool(n), c.Type, c.Reason, finding.Age(s.Meta.CollectedAt.Sub(c.LastChange)), does),
						Evidence: []preflight.Evidence{{Fact: facts.Nodes.ID(), Path: fmt.Sprintf("/%d/conditions/%d/status", i, j), Value: c.Status, Note: n.Name + ": " + c.Type}},
						Steps:    remedy.Do("put it right, or drain it and let its pool replace it, before the upgrade", describeNode(n)),
					})
				case !known && (c.Status == "True") != goodWhenTrue(c.Type) && c.Status != "Unknown":
					unknown[c.Type+" is "+c.Status] = append(unknown[c.Type+" is "+c.Status], n.Name)
				}
			}
		}
		return judged(bad, unknown)
	},
}

// goodWhenTrue guesses from the name of a condition that nobody here knows.
func goodWhenTrue(kind string) bool {
	return slices.ContainsFunc([]string{"Ready", "Healthy", "Available", "OK"}, func(end string) bool { return strings.HasSuffix(kind, end) })
}

func judged(bad map[string][]preflight.Finding, unknown map[string][]string) (fs []preflight.Finding) {
	for _, kind := range slices.Sorted(maps.Keys(bad)) {
		for _, f := range finding.Alike(bad[kind], "Nodes", "have "+kind+" ("+badWhenTrue[kind]+")") {
			if f.Subject.Kind == "Nodes" {
				f.Subject.Name = kind
			}
			fs = append(fs, f)
		}
	}
	for _, what := range slices.Sorted(maps.Keys(unknown)) {
		kind, _, _ := strings.Cut(what, " ")
		fs = append(fs, preflight.Finding{Severity: preflight.Info, Subject: preflight.Subject{Kind: "NodeCondition", Name: kind},
			Undecided: fmt.Sprintf("condition %s on %s, and what that means is not known to this tool: %s", what, finding.Count(len(unknown[what]), "node"), words.Some(unknown[what], finding.MostAlike))})
	}
	return fs
}
