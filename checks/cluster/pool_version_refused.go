package cluster

import (
	"fmt"
	"slices"

	"github.com/gke-preflight/gke-preflight/checks/finding"
	"github.com/gke-preflight/gke-preflight/checks/versions"
	"github.com/gke-preflight/gke-preflight/preflight"
	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/remedy"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

var poolVersionRefused = preflight.Check{
	ID:       "GP525",
	Name:     "pool-version-refused",
	Title:    "A node pool is to run a version that it can't have, or should not",
	Severity: preflight.Blocker,
	Steps:    []preflight.Step{preflight.NodesStep},
	Needs:    []facts.Fact{facts.GKECluster, facts.GKEServerConfig},
	Uses:     []facts.Fact{facts.GKENodePools},
	Moot: func(m facts.Meta) string {
		if !slices.ContainsFunc(m.PoolChanges, func(c facts.PoolChange) bool { return c.Version != "" }) {
			return "no node pool is said to get another version"
		}
		return ""
	},
	Run: func(s *facts.Snapshot) (fs []preflight.Finding) {
		for _, c := range s.Meta.PoolChanges {
			if c.Version != "" {
				fs = append(fs, judgePoolVersion(s, c)...)
			}
		}
		return fs
	},
}

// judgePoolVersion compares with the control plane as it is by then, with what is on
// offer, and with what the pool runs.
func judgePoolVersion(s *facts.Snapshot, c facts.PoolChange) []preflight.Finding {
	cluster := facts.GKECluster.Of(s)
	running, target := cluster.Version, s.Meta.Target
	if c.BeforeControlPlane || target == "" {
		target = running
	}
	f := preflight.Finding{Severity: preflight.Blocker, Subject: preflight.Subject{Kind: "NodePool", Name: c.Name}}
	plane, err := version.Parse(target)
	if err != nil {
		f.Undecided = fmt.Sprintf("node pool %s is to run %s, and the version %q of the control plane can't be read", c.Name, c.Version, target)
		return []preflight.Finding{f}
	}
	v, unknown := nodeVersion(s, c.Version, plane)
	if unknown != "" {
		f.Undecided = fmt.Sprintf("node pool %s is to run %s: %s", c.Name, c.Version, unknown)
		return []preflight.Finding{f}
	}
	now, evidence, fs := poolRuns(s, c)
	f.Evidence = append(evidence, finding.EvidenceOf(facts.GKECluster, running, "the control plane runs", "/version"))
	switch offer, told := nodeOffer(s); {
	case version.Older(plane, v):
		f.Summary = fmt.Sprintf("node pool %s is to run %s, which is newer than the control plane's %s; GKE refuses nodes that are newer than their control plane", c.Name, c.Version, plane)
		f.Steps = remedy.Do("choose a version that is no newer", versions.ServerConfig(s))
		if later, err := version.Parse(s.Meta.Target); c.BeforeControlPlane && err == nil && !version.Older(later, v) {
			f.Steps = remedy.Do("let one plan upgrade the control plane, and the next one the node pool, which comes first in this one")
		}
		return append(fs, f)
	case versions.AnyFits(offer, v) || now != nil && version.Compare(*now, v) == 0:
	case !told:
		fs = append(fs, preflight.Finding{Severity: preflight.Blocker, Subject: f.Subject, Undecided: fmt.Sprintf("node pool %s is to run %s, and which versions GKE offers for nodes is not known: recordings of earlier versions have those of control planes alone", c.Name, c.Version)})
	default:
		f.Summary = fmt.Sprintf("node pool %s is to run %s, which is not on offer for nodes in %s; GKE refuses an upgrade to it", c.Name, c.Version, s.Meta.Cluster.Location)
		f.Steps = remedy.Do("choose a version that is", versions.ServerConfig(s))
		return append(fs, f)
	}
	f.Severity = preflight.Warning
	behind := plane.Minor - v.Minor
	switch {
	case behind > versions.GkeSkew:
		f.Summary = fmt.Sprintf("node pool %s is to run %s, %d minors older than the control plane's %s; GKE supports nodes up to %d", c.Name, c.Version, behind, plane, versions.GkeSkew)
		f.Steps = remedy.Do("choose a newer version", versions.ServerConfig(s))
	case now != nil && version.Older(v, *now):
		f.Summary = fmt.Sprintf("node pool %s goes back from %s to %s: what runs there may need what only the newer nodes have", c.Name, now, c.Version)
		f.Steps = remedy.Do("correct the version, if that is not meant; GKE makes the nodes anew for this too")
	default:
		return fs
	}
	return append(fs, f)
}

// nodeVersion is what GKE makes of a version that is asked for of nodes: the newest on
// offer that begins so, and that the control plane allows where there is one. unknown
// says why that can't be told.
func nodeVersion(s *facts.Snapshot, asked string, plane version.Version) (v version.Version, unknown string) {
	if asked == "-" {
		return plane, ""
	}
	offer, told := nodeOffer(s)
	want, err := version.Parse(asked)
	if asked == "latest" {
		newest := newestOf(offer, func(version.Version) bool { return true })
		if !told || newest == nil || version.Older(plane, *newest) {
			return v, fmt.Sprintf("whether GKE means by that a version that the control plane's %s allows is not known", plane)
		}
		return *newest, ""
	}
	if err != nil {
		return v, "that is no version that this tool can read"
	}
	fits := func(o version.Version) bool { return versions.AnyFits([]string{o.String()}, want) }
	for _, allowed := range []func(version.Version) bool{
		func(o version.Version) bool { return fits(o) && !version.Older(plane, o) }, fits,
	} {
		if newest := newestOf(offer, allowed); newest != nil {
			return *newest, ""
		}
	}
	return want, ""
}

// newestOf is the newest of the versions that is allowed; nil if none is.
func newestOf(versions []string, allowed func(version.Version) bool) *version.Version {
	var newest *version.Version
	for _, text := range versions {
		if v, err := version.Parse(text); err == nil && allowed(v) && (newest == nil || version.Compare(*newest, v) < 0) {
			newest = &v
		}
	}
	return newest
}

// nodeOffer are the versions that nodes can have; what control planes can have where
// that alone was told, and then told is false: nodes can have older ones too.
func nodeOffer(s *facts.Snapshot) (versions []string, told bool) {
	c := facts.GKEServerConfig.Of(s)
	if len(c.NodeVersions) > 0 {
		return c.NodeVersions, true
	}
	return c.MasterVersions, false
}

// poolRuns is what the pool runs now, as it was seen, or else as the pipeline has it; nil
// where neither is known, which is among the findings unless no such pool was seen.
func poolRuns(s *facts.Snapshot, c facts.PoolChange) (*version.Version, []preflight.Evidence, []preflight.Finding) {
	pools, known := facts.GKENodePools.Get(s)
	for i, p := range pools {
		if v, err := version.Parse(p.Version); err == nil && p.Name == c.Name {
			return &v, []preflight.Evidence{finding.EvidenceOf(facts.GKENodePools, p.Version, "runs", "/%d/version", i)}, nil
		}
	}
	if v, err := version.Parse(c.From); err == nil {
		return &v, nil, nil
	}
	if known {
		return nil, nil, nil
	}
	return nil, nil, []preflight.Finding{{Severity: preflight.Warning, Subject: preflight.Subject{Kind: "NodePool", Name: c.Name},
		Undecided: fmt.Sprintf("node pool %s is to run %s, and what it runs was not seen: this may be a way back", c.Name, c.Version)}}
}
