// Package clocks holds the times by which Kubernetes and GKE decide, each once, with
// where it is written. What a cluster sets otherwise is a fact, and stands in package facts.
package clocks

import (
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// Of nodes.
const (
	// LeaseDuration is how long a kubelet's lease is good for
	// (kubernetes pkg/kubelet/apis/config/v1beta1/defaults.go, NodeLeaseDurationSeconds).
	LeaseDuration = 40 * time.Second
	// LeaseRenewal is how often a kubelet renews it: four times in that time
	// (kubernetes pkg/kubelet/kubelet.go, nodeLeaseRenewIntervalFraction).
	LeaseRenewal = LeaseDuration / 4
	// Silence is how long a node may be silent before it counts as NotReady, and
	// ShortSilence how long up to 1.31
	// (kubernetes pkg/controller/nodelifecycle/config/v1alpha1/defaults.go,
	// NodeMonitorGracePeriod). What GKE sets is not published.
	Silence      = 50 * time.Second
	ShortSilence = 40 * time.Second
	// Toleration is how long a Pod stays on a node that is NotReady, unless it says
	// otherwise (kubernetes plugin/pkg/admission/defaulttolerationseconds).
	Toleration = 5 * time.Minute
	// Repair is how long a node may be NotReady or silent before auto-repair takes it
	// away, and DiskRepair how long its boot disk may be full
	// (cloud.google.com/kubernetes-engine/docs/how-to/node-auto-repair).
	Repair     = 10 * time.Minute
	DiskRepair = 30 * time.Minute
	// Drain is how long a drain waits for Pods and their budgets before the node goes
	// all the same, unless the node pool says otherwise
	// (cloud.google.com/kubernetes-engine/docs/concepts/node-pool-upgrade-strategies).
	Drain = time.Hour
)

// Of API servers.
const (
	// Request is what a request may take in the API server, whatever its webhooks are
	// given (k8s.io/apiserver pkg/endpoints/handlers/rest.go, requestTimeoutUpperBound).
	Request = 34 * time.Second
	// Handshake bounds the TLS handshake with a backend, whatever its webhook is given
	// (k8s.io/apimachinery pkg/util/net, SetTransportDefaults; k8s.io/client-go
	// transport/cache.go).
	Handshake = 10 * time.Second
	// Liveness is when a kubelet restarts an API server that is still not live, by GCE's
	// manifest: an initial delay of 15 s and three failures 10 s apart
	// (kubernetes cluster/gce/manifests/kube-apiserver.manifest). GKE's own values are
	// not public.
	Liveness = 35 * time.Second
	// LivenessPeriod is the time between two probes: the first may fall that much later,
	// and with it the last.
	LivenessPeriod = 10 * time.Second
	// Grace is how long it then has to end before it is killed (the default of
	// terminationGracePeriodSeconds, which that manifest leaves).
	Grace = 30 * time.Second
	// BackOff is what a kubelet waits before it starts a container for the third time,
	// twice as long each time after, and MostBackOff the most; the second start follows
	// at once (kubernetes pkg/kubelet/kubelet.go, initialContainerBackOff and
	// MaxContainerBackOff; pkg/kubelet/kuberuntime/kuberuntime_manager.go, doBackOff).
	BackOff     = 10 * time.Second
	MostBackOff = 5 * time.Minute
)

// SilenceOf is [Silence] or [ShortSilence], as the control plane's version has it; an
// unreadable version counts as an early one, which waits for less.
func SilenceOf(gitVersion string) time.Duration {
	if version.LongGrace.In(gitVersion) {
		return Silence
	}
	return ShortSilence
}
