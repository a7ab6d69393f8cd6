// Package incident stages the incident on the real control plane: a regional GKE
// cluster, Open Policy Agent as a webhook on everything, failing closed, and then
// frozen. The recording of the demo and the lab are made from it.
package incident

import (
	"context"
	"fmt"
	"time"

	admissionregistrationv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"github.com/gke-preflight/gke-preflight/gke/controlplane"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/binaries"
	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
	"github.com/gke-preflight/gke-preflight/gke/gketest"
)

// The cluster's name in the GKE API, and the context that gcloud would give it.
const (
	Project  = "acme-prod"
	Location = "europe-west1"
	Name     = "prod"
	Context  = "gke_" + Project + "_" + Location + "_" + Name
)

// A Scene is the cluster, as it is before anybody freezes anything.
type Scene struct {
	*rig.Cluster
	// OPA is the webhook's backend. Freeze is what brings the incident about.
	OPA *rig.OPA
	// GKE is the GKE API, as far as it knows the cluster.
	GKE *gketest.Server
	// Target is the version to upgrade to, such as "1.36.3".
	Target string

	target        string
	stopHeartbeat context.CancelFunc
}

// Stage starts the cluster with its files in dir. Its nodes renew their leases
// until it is stopped, as far as admission lets them.
func Stage(ctx context.Context, dir string) (*Scene, error) {
	_, target, err := binaries.Hop()
	if err != nil {
		return nil, err
	}
	c, err := rig.New(ctx, dir, controlplane.Options{Context: Context})
	if err != nil {
		return nil, err
	}
	if err := applied(c); err != nil {
		c.Stop()
		return nil, err
	}
	s := &Scene{Cluster: c, Target: target.Version, target: target.Minor()}
	if err := s.fill(ctx); err != nil {
		s.Stop()
		return nil, err
	}
	beat, stop := context.WithCancel(context.Background())
	s.stopHeartbeat = stop
	go c.Heartbeat(beat)
	return s, nil
}

// applied lets what is created count as made by kubectl apply, whose name the managed
// fields of a user's objects have.
func applied(c *rig.Cluster) (err error) {
	config := rest.CopyConfig(c.Config)
	config.UserAgent = "kubectl-client-side-apply"
	c.Client, err = kubernetes.NewForConfig(config)
	return err
}

// Upgrade starts an API server of the target version beside the one that runs,
// and returns what became of it.
func (s *Scene) Upgrade(ctx context.Context) (controlplane.Outcome, error) {
	return s.Cluster.Upgrade(ctx, s.target, controlplane.UpgradeOptions{Settle: 5 * time.Second})
}

// Stop ends everything. It may be called again.
func (s *Scene) Stop() {
	if s.stopHeartbeat != nil {
		s.stopHeartbeat()
	}
	if s.GKE != nil {
		s.GKE.Close()
	}
	s.Cluster.Stop()
}

func (s *Scene) fill(ctx context.Context) (err error) {
	for _, p := range pools {
		if err := s.AddNodes(ctx, p.nodes(s.First.Version)); err != nil {
			return fmt.Errorf("node pool %s: %w", p.name, err)
		}
	}
	if err := s.connect(ctx); err != nil {
		return fmt.Errorf("konnectivity: %w", err)
	}
	for _, w := range workloads {
		if err := s.deploy(ctx, w); err != nil {
			return fmt.Errorf("%s/%s: %w", w.namespace, w.name, err)
		}
	}
	if err := s.startOPA(ctx); err != nil {
		return fmt.Errorf("OPA: %w", err)
	}
	s.GKE, err = s.serveGKE(time.Now())
	return err
}

// startOPA installs OPA as its own tutorial for Kubernetes did, without a
// liveness probe, but with a webhook that fails closed.
func (s *Scene) startOPA(ctx context.Context) (err error) {
	nodes, err := s.nodes(ctx)
	if err != nil {
		return err
	}
	node := nodes[0]
	// Port-forwards end at the node's kubelet.
	if _, err := s.StartKubelet(ctx, node); err != nil {
		return err
	}
	w := workload{"opa", "opa", 1}
	s.OPA, err = s.StartOPA(ctx, rig.BackendOptions{Namespace: w.namespace, Service: w.name, Pod: w.pod(), Node: node})
	if err != nil {
		return err
	}
	if err := s.deploy(ctx, w); err != nil {
		return err
	}
	if err := s.own(ctx, w, w.pod()); err != nil {
		return err
	}
	return s.Validate(ctx, "opa-validating-webhook", s.OPA.ClientConfig("/"), func(v *admissionregistrationv1.ValidatingWebhook) {
		v.Name = "validating-webhook.openpolicyagent.org"
	})
}

// nodes returns one of the default pool's in each zone.
func (s *Scene) nodes(ctx context.Context) (out []string, err error) {
	l, err := s.Client.CoreV1().Nodes().List(ctx, metav1.ListOptions{LabelSelector: "cloud.google.com/gke-nodepool=" + pools[0].name})
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	for _, n := range l.Items {
		if zone := n.Labels[corev1.LabelTopologyZone]; !seen[zone] {
			seen[zone] = true
			out = append(out, n.Name)
		}
	}
	return out, nil
}
