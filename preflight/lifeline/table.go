package lifeline

import (
	"fmt"
	"slices"
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/bootstrap"
	"github.com/gke-preflight/gke-preflight/preflight/clocks"
	"github.com/gke-preflight/gke-preflight/preflight/version"
)

// The clients' deadlines.
const (
	heartbeatDeadline = 10 * time.Second
	electionDeadline  = 5 * time.Second
	reviewDeadline    = 10 * time.Second
)

const (
	heartbeats   = "kubernetes.io/docs/concepts/architecture/nodes/#node-heartbeats"
	leases       = "kubernetes.io/docs/concepts/architecture/leases/"
	autoRepair   = "cloud.google.com/kubernetes-engine/docs/how-to/node-auto-repair"
	webhookPage  = "cloud.google.com/kubernetes-engine/docs/how-to/optimize-webhooks"
	practices    = "kubernetes.io/docs/concepts/cluster-administration/admission-webhooks-good-practices/"
	slicePage    = "kubernetes.io/docs/concepts/services-networking/endpoint-slices/"
	trustBundles = "kubernetes.io/docs/reference/access-authn-authz/certificate-signing-requests/#cluster-trust-bundles"
	joining      = "kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/"
	tokens       = "kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken"
	kubeletAuth  = "kubernetes.io/docs/reference/access-authn-authz/kubelet-authn-authz/"
	aggregation  = "kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/"
	electionSrc  = "client-go tools/leaderelection/resourcelock/interface.go, NewFromKubeconfig"
	kubeletSrc   = "kubernetes cmd/kubelet/app/server.go, run"
)

type row struct {
	Line
	// writes are those of a line that is the same for every cluster, and sampled fills in
	// one whose writes are drawn from what runs there. Both are nil for the line that is
	// repeated for every backend's namespace.
	writes  func(examples) []bootstrap.Write
	sampled func(examples, Line) Line
}

// table holds the lines, group by group.
func table() []row { return slices.Concat(always(), upgraded()) }

// always are the lines that a cluster lives by whatever is done to it.
func always() []row {
	return []row{
		{Line: Line{
			Group: Heartbeats, Name: "node leases", Deadline: heartbeatDeadline, Source: kubeletSrc, Cited: heartbeats,
			Consequence: fmt.Sprintf("every node turns NotReady within %.0f s, its pods leave their Services, and after %.0f min auto-repair begins to recreate nodes", clocks.Silence.Seconds(), clocks.Repair.Minutes()),
		}, writes: examples.nodeLeases},
		{Line: Line{
			Group: Heartbeats, Name: "node status", Deadline: heartbeatDeadline, Source: kubeletSrc, Cited: heartbeats,
			Consequence: "nodes keep the last conditions that they reported, and a new node never turns Ready",
		}, writes: examples.nodeStatus},
		election("kube-controller-manager", "gives up its lease and exits, over and over: no pod is replaced, no endpoint updated, no node's failure noticed"),
		election("kube-scheduler", "gives up its lease and exits, over and over: no pod gets a node"),
		election("cloud-controller-manager", "gives up its lease and exits, over and over: new nodes stay tainted as uninitialised, and load balancers are not updated"),
		{Line: Line{
			Group: SystemPods, Name: "pods of kube-system", Source: "kubernetes pkg/controller/controller_utils.go, RealPodControl.CreatePods", Cited: webhookPage,
			Consequence: "pods such as those of DNS, of the network and of the control plane's tunnel don't come back on a node that is replaced",
		}, writes: examples.systemPods},
		{Line: Line{
			Group: BackendPods, Name: "pods of namespace", Source: "kubernetes pkg/controller/controller_utils.go, RealPodControl.CreatePods", Cited: practices,
			Consequence: "the backend of a webhook does not come back once its pods are gone",
		}},
		{Line: Line{
			Group: Joining, Name: "certificate signing requests", Source: "client-go util/certificate/csr/csr.go, RequestCertificateWithContext", Cited: joining,
			Consequence: "new nodes can't join, nodes that are repaired among them, and kubelets can't renew their certificates",
		}, writes: examples.certificates},
		{Line: Line{
			Group: Joining, Name: "node registration", Source: "kubernetes pkg/kubelet/kubelet_node_status.go, tryRegisterWithAPIServer", Cited: autoRepair,
			Consequence: "new nodes can't join, nodes that are repaired among them",
		}, writes: examples.registration},
		{Line: Line{
			Group: Joining, Name: "service account tokens", Source: "kubernetes pkg/kubelet/token/token_manager.go, GetServiceAccountToken", Cited: tokens,
			Consequence: "new pods don't start for want of a token, and those of running pods and of controllers expire",
		}, writes: examples.tokens},
		{Line: Line{
			Group: Controllers, Name: "endpoint slices", Source: "endpointslice reconciler.go, Reconciler.finalize", Cited: slicePage,
			Consequence: "Services go on leading to pods that are gone and don't find new ones, the webhook's own among them",
		}, writes: examples.routes},
		{Line: Line{
			Group: Controllers, Name: "node taints and conditions", Source: "kubernetes pkg/controller/nodelifecycle/node_lifecycle_controller.go, tryUpdateNodeHealth", Cited: heartbeats,
			Consequence: "nodes that failed are not marked as such, and those that are well again keep their taints",
		}, writes: examples.nodeConditions},
		{Line: Line{
			Group: Controllers, Name: "the cluster's trust bundle", Since: version.TrustBundles.Since, Source: "kubernetes pkg/controller/certificates/clustertrustbundlepublisher/publisher.go, syncClusterTrustBundle", Cited: trustBundles,
			Consequence: "pods that mount the API server's trust bundle by its signer don't start, or go on with the one before",
		}, writes: examples.trustBundle},
		{Line: Line{
			Group: Addons, Name: "add-on manager", Source: "kubernetes cluster/gce/gci/configure-helper.sh, create-master-auth", Cited: webhookPage,
			Consequence: "GKE can't bring its add-ons to the new version, nor repair them",
		}, writes: examples.addons},
		{Line: Line{
			Group: Addons, Name: Definitions, Source: "kubernetes cluster/gce/gci/configure-helper.sh, create-master-auth", Cited: webhookPage,
			Consequence: "GKE can't bring the CustomResourceDefinitions that it ships to the new version",
		}, sampled: examples.definitions},
		{Line: Line{
			Group: Addons, Name: Rollouts, Source: "kubernetes pkg/controller/deployment/sync.go, getNewReplicaSet and scaleReplicaSet; pkg/controller/daemon/update.go, constructHistory; pkg/controller/statefulset/stateful_set_control.go, getStatefulSetRevisions", Cited: webhookPage,
			Consequence: "pods of the add-ons that GKE has changed stay as they are, and those of its DaemonSets are not made on new nodes",
		}, sampled: func(e examples, l Line) Line {
			l.Writes = labelled(l.Name, e.rollouts())
			return l
		}},
		{Line: Line{
			Group: Reviews, Name: "reviews by kubelets", Source: "kubernetes cmd/kubelet/app/auth.go, BuildAuthn and BuildAuthz", Cited: kubeletAuth, Until: version.SkipsReviews.Last(),
			Consequence: "kubelets turn away callers that bring a token, so that metrics are not collected",
		}, writes: func(e examples) []bootstrap.Write { return reviews(kubelet(e.node)) }},
		{Line: Line{
			Group: Reviews, Name: "reviews by aggregated API servers", Deadline: reviewDeadline, Source: "apiserver pkg/server/options/authentication.go and authorization.go, NewDelegatingAuthenticationOptions and NewDelegatingAuthorizationOptions", Cited: aggregation, Until: version.SkipsReviews.Last(),
			Consequence: "aggregated API servers refuse their callers: metrics.k8s.io, and autoscaling by it, stand still",
		}, writes: func(examples) []bootstrap.Write { return reviews(serviceAccount("metrics-server")) }},
	}
}

func election(component, consequence string) row {
	return row{Line: Line{
		Group: Elections, Name: "leader election of " + component, Deadline: electionDeadline, Source: electionSrc, Cited: leases,
		Consequence: component + " " + consequence,
	}, writes: func(e examples) []bootstrap.Write { return e.election(component) }}
}
