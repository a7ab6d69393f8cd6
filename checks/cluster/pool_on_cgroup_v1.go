package cluster

import (
	"fmt"
	"strings"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/addons"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/version"
	"github.com/gke-preflight/gke-preflight/preflight/words"
)

var poolOnCgroupV1 = preflight.Check{
	ID:       "GP528",
	Name:     "pool-on-cgroup-v1",
	Title:    "A node pool runs on cgroup v1, and its new nodes do not",
	Severity: preflight.Warning,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.GKENodePools},
	Uses:     []facts.Fact{facts.Images},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		for i, p := range facts.GKENodePools.Of(s) {
			if f := leavesCgroupV1(s, p); f != nil {
				f.Severity, f.Subject = preflight.Warning, finding.PoolSubject(p)
				f.Evidence = []preflight.Evidence{finding.EvidenceOf(facts.GKENodePools, p.Template.CgroupMode, "in effect", "/%d/template/cgroupMode", i)}
				named, seen := blindImages(s, p.Name)
				if named != nil {
					f.Summary += "; images of such runtimes run there: " + words.Some(named, 3)
				}
				f.Evidence = append(f.Evidence, seen...)
				fs = append(fs, *f)
			} else if t := p.Template; t.CgroupMode == "" && t.ImageType != "" && !strings.HasPrefix(t.ImageType, "WINDOWS") {
				fs = append(fs, preflight.Finding{Severity: preflight.Info, Subject: finding.PoolSubject(p), Undecided: fmt.Sprintf("which cgroup mode the nodes of pool %s run in was not told", p.Name)})
			}
		}
		return finding.Alike(fs, "NodePools", "run on cgroup v1, and their new nodes do not")
	},
}

// leavesCgroupV1 says what moves a pool to cgroup v2 where its nodes follow the control
// plane to the target; nil where nothing does.
func leavesCgroupV1(s *facts.Snapshot, p facts.NodePool) *preflight.Finding {
	const then = ": runtimes that read their memory limit from where v1 has it see none any more (Java before 8u372, 11.0.16 and 15, .NET before 5), and are killed for memory"
	switch t := p.Template; {
	case t.CgroupMode != "V1":
		return nil
	case version.NoCgroupV1.In(s.Meta.Target):
		f := &preflight.Finding{Summary: fmt.Sprintf("node pool %s runs on cgroup v1, which nodes of %s have no more%s", p.Name, version.NoCgroupV1.Since, then), Steps: tryOnV2(s, p)}
		if t.CgroupPin == "V1" {
			f.Summary = fmt.Sprintf("node pool %s is pinned to cgroup v1, which nodes of %s have no more%s", p.Name, version.NoCgroupV1.Since, then)
		}
		return f
	case version.CgroupV2.In(s.Meta.Target) && t.CgroupPin != "V1":
		return &preflight.Finding{Summary: fmt.Sprintf("node pool %s runs on cgroup v1 without being pinned to it, and GKE moves it to v2 with %s or later%s", p.Name, version.CgroupV2.Since, then), Steps: tryOnV2(s, p)}
	}
	return nil
}

// blindImages are the images run in the pool whose tags say that their runtime can't read
// cgroup v2, each with one of those who run it. A tag that hides its patch says nothing.
func blindImages(s *facts.Snapshot, pool string) (named []string, seen []preflight.Evidence) {
	images, _ := facts.Images.Get(s)
	for i, image := range images {
		r := addons.ReferenceOf(image.Image)
		if image.Keeper == facts.OfGKE || image.Pools[pool] == 0 || !addons.BlindToCgroupV2(r) {
			continue
		}
		named = append(named, fmt.Sprintf("%s (%s/%s)", image.Image, image.Namespace, image.Name))
		if len(seen) < finding.MostAlike {
			seen = append(seen, finding.EvidenceOf(facts.Images, image.Image, "", "/%d/image", i))
		}
	}
	return named, seen
}

// tryOnV2 is how to find out, before the upgrade, what does not run on cgroup v2.
func tryOnV2(s *facts.Snapshot, p facts.NodePool) remedy.Steps {
	return remedy.Do("bring the runtimes in the images that run there up to date, and try them on a pool of the version that runs with cgroupMode: CGROUP_MODE_V2 in its node system configuration, before this one is upgraded",
		finding.PoolCommand(s, "describe", p.Name))
}
