package wayback

import (
	"cmp"
	"fmt"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// safeMode is the only mode of a rollback that is known
// (containerpb cluster_service.proto, RollbackSafeUpgradeStatus.Mode).
const safeMode = "KCP_MINOR_UPGRADE_ROLLBACK_SAFE_MODE"

// Soak is the way back from the first step of a two-step upgrade that was taken; false
// where none is between its steps.
func Soak(s *facts.Snapshot) (Back, bool) {
	c, _ := facts.GKECluster.Get(s)
	server, _ := facts.ServerVersion.Get(s)
	info, told := facts.GKEUpgradeInfo.Get(s)
	r, emulated := info.Rollback, cmp.Or(c.EmulatedVersion, server.Emulated)
	if emulated == "" && r == nil {
		return Back{}, false
	}
	b := Back{Way: Unknown, To: emulated}
	switch {
	case !told:
		a, _ := s.Absence(facts.GKEUpgradeInfo)
		b.Open = fmt.Sprintf("until when it can be rolled back was not read (%s)", a)
		return b, true
	case r == nil, r.Mode == safeMode && r.Until.IsZero():
		b.Open = "GKE does not say for how long it can be rolled back"
		return b, true
	case r.Mode != safeMode:
		b.Open = fmt.Sprintf("GKE does not say for how long it can be rolled back (mode %s)", r.Mode)
		return b, true
	}
	b = Back{Way: Soaking, To: cmp.Or(r.Previous, emulated), Until: r.Until}
	if !r.Until.After(s.Meta.Now()) {
		b.Way = SoakOver
		return b, true
	}
	b.Newer, b.Open = newer(s, cmp.Or(emulated, r.Previous))
	return b, true
}

// newer are the node pools of a later minor than the version, or why that is not known.
func newer(s *facts.Snapshot, than string) (names []string, open string) {
	pools, known := facts.GKENodePools.Get(s)
	if !known {
		a, _ := s.Absence(facts.GKENodePools)
		return nil, fmt.Sprintf("whether nodes are newer by now was not read (%s)", a)
	}
	back, err := version.Parse(than)
	for _, p := range pools {
		if v, failed := version.Parse(p.Version); err == nil && failed == nil && version.CompareLine(v, back) > 0 {
			names = append(names, p.Name)
		}
	}
	return names, ""
}
