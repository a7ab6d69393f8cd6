package rig

import (
	"context"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/go-logr/logr"
	"golang.org/x/sync/errgroup"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

// A NodePool says what nodes to create. Zero values are as stated.
type NodePool struct {
	// Cluster and Name are part of the nodes' names, and the name is their label
	// cloud.google.com/gke-nodepool; empty for "rig" and "default-pool".
	Cluster, Name string
	// Zones are what the nodes are spread over; none for europe-west1-b alone.
	Zones []string
	// Count is the number of nodes, named as GKE names them.
	Count int
	// Names, if any, are the nodes' names instead.
	Names []string
	// Kubelet is the kubelet's version; empty for that of the first API server.
	Kubelet string
}

// AddNodes creates ready nodes of a GKE node pool, each with a lease that it has
// just renewed. No kubelet runs: see [Cluster.Heartbeat].
func (c *Cluster) AddNodes(ctx context.Context, p NodePool) error {
	p.fillIn(c.First.Version)
	if err := c.createLeaseNamespace(ctx); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(16)
	for i, name := range p.Names {
		g.Go(func() error { return c.addNode(ctx, p.node(name, p.Zones[i%len(p.Zones)])) })
	}
	return g.Wait()
}

func (p *NodePool) fillIn(version string) {
	if p.Cluster == "" {
		p.Cluster = "rig"
	}
	if p.Name == "" {
		p.Name = "default-pool"
	}
	if len(p.Zones) == 0 {
		p.Zones = []string{"europe-west1-b"}
	}
	if p.Kubelet == "" {
		p.Kubelet = "v" + version
	}
	for i := len(p.Names); i < p.Count; i++ {
		p.Names = append(p.Names, p.nodeName(i))
	}
}

// nodeName is gke-CLUSTER-POOL-GROUP-NODE, where the nodes of a zone have one group.
func (p *NodePool) nodeName(i int) string {
	sum := func(s string) uint32 {
		h := fnv.New32a()
		_, _ = h.Write([]byte(s))
		return h.Sum32()
	}
	group := sum(p.Cluster + p.Name + p.Zones[i%len(p.Zones)])
	return fmt.Sprintf("gke-%s-%s-%08x-%04d", p.Cluster, p.Name, group, i/len(p.Zones))
}

func (p *NodePool) node(name, zone string) *corev1.Node {
	now := metav1.Now()
	room := corev1.ResourceList{
		corev1.ResourceCPU: resource.MustParse("4"), corev1.ResourceMemory: resource.MustParse("16Gi"), corev1.ResourcePods: resource.MustParse("110"),
	}
	healthy := func(kind corev1.NodeConditionType, status corev1.ConditionStatus, reason string) corev1.NodeCondition {
		return corev1.NodeCondition{Type: kind, Status: status, Reason: reason, LastHeartbeatTime: now, LastTransitionTime: now}
	}
	return &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{
			corev1.LabelHostname:                   name,
			corev1.LabelOSStable:                   "linux",
			corev1.LabelArchStable:                 "amd64",
			corev1.LabelInstanceTypeStable:         "e2-standard-4",
			corev1.LabelTopologyZone:               zone,
			corev1.LabelTopologyRegion:             zone[:max(0, len(zone)-2)],
			"cloud.google.com/gke-nodepool":        p.Name,
			"cloud.google.com/gke-os-distribution": "cos",
		}},
		Spec: corev1.NodeSpec{ProviderID: "gce://rig/" + zone + "/" + name},
		Status: corev1.NodeStatus{
			Capacity: room, Allocatable: room,
			NodeInfo: corev1.NodeSystemInfo{KubeletVersion: p.Kubelet, OperatingSystem: "linux", Architecture: "amd64", OSImage: "Container-Optimized OS from Google"},
			Conditions: []corev1.NodeCondition{
				healthy(corev1.NodeMemoryPressure, corev1.ConditionFalse, "KubeletHasSufficientMemory"),
				healthy(corev1.NodeDiskPressure, corev1.ConditionFalse, "KubeletHasNoDiskPressure"),
				healthy(corev1.NodePIDPressure, corev1.ConditionFalse, "KubeletHasSufficientPID"),
				healthy(corev1.NodeReady, corev1.ConditionTrue, "KubeletReady"),
			},
		},
	}
}

// addNode creates the node, takes off the taint that admission gives to a new
// one, and creates its lease.
func (c *Cluster) addNode(ctx context.Context, node *corev1.Node) error {
	made, err := c.Client.CoreV1().Nodes().Create(ctx, node, metav1.CreateOptions{})
	if err != nil {
		return err
	}
	if len(made.Spec.Taints) > 0 {
		made.Spec.Taints = nil
		if made, err = c.Client.CoreV1().Nodes().Update(ctx, made, metav1.UpdateOptions{}); err != nil {
			return err
		}
	}
	now, seconds := metav1.NowMicro(), int32(40)
	_, err = c.Client.CoordinationV1().Leases(corev1.NamespaceNodeLease).Create(ctx, &coordinationv1.Lease{
		ObjectMeta: metav1.ObjectMeta{Name: made.Name, OwnerReferences: []metav1.OwnerReference{
			{APIVersion: "v1", Kind: "Node", Name: made.Name, UID: made.UID},
		}},
		Spec: coordinationv1.LeaseSpec{HolderIdentity: &made.Name, LeaseDurationSeconds: &seconds, RenewTime: &now},
	}, metav1.CreateOptions{})
	return err
}

// createLeaseNamespace does what a new API server does within a minute.
func (c *Cluster) createLeaseNamespace(ctx context.Context) error {
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: corev1.NamespaceNodeLease}}
	_, err := c.Client.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{})
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// Heartbeat renews the lease of every node every ten seconds, as its kubelet
// would and in its name, until ctx is done. What fails is left for the next time.
func (c *Cluster) Heartbeat(ctx context.Context) {
	ctx = klog.NewContext(ctx, logr.Discard())
	for {
		leases, err := c.Client.CoordinationV1().Leases(corev1.NamespaceNodeLease).List(ctx, metav1.ListOptions{})
		var g errgroup.Group
		g.SetLimit(16)
		for i := 0; err == nil && i < len(leases.Items); i++ {
			g.Go(func() error { return c.renew(ctx, &leases.Items[i]) })
		}
		_ = g.Wait()
		select {
		case <-ctx.Done():
			return
		case <-time.After(10 * time.Second):
		}
	}
}

func (c *Cluster) renew(ctx context.Context, lease *coordinationv1.Lease) error {
	cfg := rest.CopyConfig(c.Config)
	cfg.Impersonate = rest.ImpersonationConfig{UserName: "system:node:" + lease.Name, Groups: []string{"system:nodes"}}
	cfg.Timeout = 10 * time.Second
	kubelet, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return err
	}
	now := metav1.NowMicro()
	lease.Spec.RenewTime = &now
	_, err = kubelet.CoordinationV1().Leases(lease.Namespace).Update(ctx, lease, metav1.UpdateOptions{})
	return err
}
