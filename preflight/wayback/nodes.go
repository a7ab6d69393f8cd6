package wayback

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// A PoolWay is how the upgrade of one node pool can be undone
// (cloud.google.com/kubernetes-engine/docs/concepts/node-pool-upgrade-strategies).
type PoolWay string

const (
	// BlueGreen: the old nodes are there until the pool's soak ends, and can be taken back.
	BlueGreen PoolWay = "blue-green"
	// Remade: nodes are made anew once more, of the version that runs. GKE rolls back an
	// upgrade that was interrupted, and none that has ended.
	Remade PoolWay = "remade"
	// NotOffered: GKE makes no nodes of the version that runs any more.
	NotOffered PoolWay = "not-offered"
	// TooOld: the version that runs would be more than two minors behind the control plane.
	TooOld PoolWay = "too-old"
)

// A Pool is the way back of one node pool.
type Pool struct {
	Name string  `json:"name"`
	Way  PoolWay `json:"way"`
	// To is the version that it has now.
	To string `json:"to"`
	// SoakSeconds is how long the old nodes stay, of [BlueGreen]; zero where they go at
	// once.
	SoakSeconds int64 `json:"soakSeconds,omitempty"`
}

// soakPreset is how long a blue-green upgrade keeps the old nodes unless told otherwise
// (cloud.google.com/kubernetes-engine/docs/concepts/node-pool-upgrade-strategies).
const soakPreset = 3600

// behind is by how many minors nodes may be older than their control plane.
const behind = 2

// OfNodes is the way back from the upgrade of these node pools, or of all of them where
// none is named.
func OfNodes(s *facts.Snapshot, only []string) Back {
	c, _ := facts.GKECluster.Get(s)
	if c.Autopilot {
		return Back{Way: Managed}
	}
	pools, known := facts.GKENodePools.Get(s)
	if !known {
		a, _ := s.Absence(facts.GKENodePools)
		return Back{Way: Unknown, Open: fmt.Sprintf("the node pools were not read (%s)", a)}
	}
	if nodes, _ := facts.Nodes.Get(s); len(pools) == 0 && len(nodes) > 0 {
		return Back{Way: Unknown, Open: "GKE lists no node pools, and there are nodes"}
	}
	b := Back{Way: ByPool}
	config, told := facts.GKEServerConfig.Get(s)
	if !told {
		a, _ := s.Absence(facts.GKEServerConfig)
		b.Open = fmt.Sprintf("whether GKE still offers their versions was not read (%s)", a)
	}
	for _, p := range pools {
		if len(only) == 0 || slices.Contains(only, p.Name) {
			b.Pools = append(b.Pools, ofPool(s, p, config.NodeVersions))
		}
	}
	if b.Pools == nil && len(pools) > 0 {
		return Back{Way: Unknown, Open: "the cluster was not seen to have node pool " + strings.Join(only, ", ")}
	}
	return b
}

func ofPool(s *facts.Snapshot, p facts.NodePool, offered []string) Pool {
	back := Pool{Name: p.Name, Way: Remade, To: p.Version}
	switch {
	case p.Upgrade.Strategy == "BLUE_GREEN":
		back.Way, back.SoakSeconds = BlueGreen, soakPreset
		if p.Upgrade.PoolSoakSeconds != nil {
			back.SoakSeconds = *p.Upgrade.PoolSoakSeconds
		}
	case offered != nil && !slices.Contains(offered, p.Version):
		back.Way = NotOffered
	case lagging(s, p.Version):
		back.Way = TooOld
	}
	return back
}

// lagging reports whether nodes of the version would be too old for the control plane
// that s is upgraded to.
func lagging(s *facts.Snapshot, nodes string) bool {
	v, err := version.Parse(nodes)
	target, failed := version.Parse(s.Meta.Target)
	return err == nil && failed == nil && v.Major == target.Major && target.Minor-v.Minor > behind
}
