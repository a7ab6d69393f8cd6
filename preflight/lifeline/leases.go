package lifeline

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
)

// How long leases hold, and when they are renewed. A kubelet does at a quarter of that
// (kubernetes pkg/kubelet/kubelet.go, nodeLeaseRenewIntervalFraction), a leader every 2 s; who
// takes over first waits for all of it (component-base config/v1alpha1/defaults.go,
// RecommendedDefaultLeaderElectionConfiguration).
const (
	nodeLeaseSeconds = 40
	nodeLeaseRenewal = nodeLeaseSeconds / 4 * time.Second
	electionSeconds  = 15
	electionRenewal  = 2 * time.Second
	electionTakeover = electionSeconds * time.Second
)

// What leaders call themselves is their host and a number that each start draws anew.
const (
	leader     = "any-host_00000000-0000-0000-0000-000000000000"
	lastLeader = "any-host_11111111-1111-1111-1111-111111111111"
)

func at(t time.Time) string { return t.UTC().Format(metav1.RFC3339Micro) }

func (e examples) nodeLease(renewed time.Time) object {
	return object{namespace: "kube-node-lease", name: e.node, fields: map[string]any{"spec": map[string]any{
		"holderIdentity": e.node, "leaseDurationSeconds": int64(nodeLeaseSeconds), "renewTime": at(renewed),
	}}}
}

// nodeLeases are renewals: only the time differs (component-helpers
// apimachinery/lease/controller.go, newLease).
func (e examples) nodeLeases() []bootstrap.Write {
	return []bootstrap.Write{update(lease, e.nodeLease(e.now), e.nodeLease(e.now.Add(nodeLeaseRenewal)), kubelet(e.node))}
}

// election is how a leader renews its lease, and how one that has just started takes it over
// from the last, as it does at each upgrade (client-go tools/leaderelection/leaderelection.go,
// tryAcquireOrRenew). Where both are seen by the same, the first stands for both.
func (e examples) election(name string) []bootstrap.Write {
	held := func(holder string, acquired, renewed time.Time, transitions int64) object {
		return object{namespace: system, name: name, fields: map[string]any{"spec": map[string]any{
			"holderIdentity": holder, "leaseDurationSeconds": int64(electionSeconds), "leaseTransitions": transitions,
			"acquireTime": at(acquired), "renewTime": at(renewed),
		}}}
	}
	by, acquired, taken := component(name), e.now, e.now.Add(electionTakeover)
	return e.distinct([]bootstrap.Write{
		update(lease, held(leader, acquired, acquired, 1), held(leader, acquired, acquired.Add(electionRenewal), 1), by),
		update(lease, held(lastLeader, acquired, acquired, 1), held(leader, taken, taken, 2), by),
	})
}
