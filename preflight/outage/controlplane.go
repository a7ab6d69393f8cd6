package outage

import (
	"fmt"
	"regexp"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
	"github.com/gke-preflight/gke-preflight/preflight/forecast"
)

const (
	upgradesPage = "cloud.google.com/kubernetes-engine/docs/concepts/cluster-upgrades"
	troublePage  = "cloud.google.com/kubernetes-engine/docs/troubleshooting/upgrades"
)

var zone = regexp.MustCompile(`-[a-z]$`)

// controlPlane is what becomes of the API servers, and the event that all the
// rest counts from.
func controlPlane(s *facts.Snapshot, cp forecast.ControlPlane) (ms []Moment, since Event) {
	location := s.Meta.Cluster.Location
	begin := Moment{UpgradeBegins, UpgradeBegins, exactly(0), "control plane", "", upgradesPage, nil}
	lost := Moment{APILost, UpgradeBegins, nil, "control plane", "where the others are overloaded, or are upgraded too, the API is gone; when is not known, and what follows counts from then", troublePage, nil}
	switch {
	case zone.MatchString(location):
		begin.Text = "the only API server is taken away to be upgraded: none of the API's capacity is left until the new one is ready"
		lost.AfterSeconds, lost.Text = exactly(0), ""
	case location != "":
		begin.Text = fmt.Sprintf("one of %s is taken away to be upgraded, and then the next; the others carry what it did", replicas(s))
	default:
		begin.Text = "an API server is taken away to be upgraded; whether there are others is not known"
	}
	fails := Moment{ReplicaFails, UpgradeBegins, nil, "control plane", "the new one runs and never gets ready; the upgrade halts", "gke-preflight explain never-ready", nil}
	if cp.Outcome == forecast.CrashLoop {
		fails.Text, fails.Source = "the new one exits, and again after each start; the upgrade halts", "gke-preflight explain crash-loop"
		if e := cp.ExitsAfterSeconds; e != nil {
			fails.AfterSeconds = &Span{e.Min, &e.Max}
		}
	}
	return []Moment{begin, fails, lost}, APILost
}

// fresh is how old a lease of an API server may be that is renewed every 10 s.
const fresh = time.Minute

// replicas counts the API servers by the leases that they keep in kube-system.
func replicas(s *facts.Snapshot) string {
	leases, _ := facts.IdentityLeases.Get(s)
	n := 0
	for _, l := range leases {
		if s.Meta.CollectedAt.Sub(l.Renewed) < fresh {
			n++
		}
	}
	if n < 2 {
		return "several API servers (GKE does not say how many)"
	}
	return fmt.Sprintf("%d API servers, counted by their leases, with 1/%d of the API's capacity,", n, n)
}
