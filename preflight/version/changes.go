package version

// A Change is a way in which control planes behave otherwise from one minor on,
// beyond what they write when they start: that is in the catalogue, and the table of
// hooks has its own first and last minors.
type Change struct {
	// Since is the first minor that has it, such as 1.37.
	Since string
	// What is one line, for people.
	What string
	// Source is the upstream file and function, or the documentation, that says so.
	Source string
}

// The changes that the program knows, each asked for by [Change.In]: no other place
// compares a version with a minor of its own. docs/new-minor.md has the list read
// when a minor is added.
var (
	MatchConditions = Change{"1.28", "webhooks may have matchConditions", "kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers"}
	LongGrace       = Change{"1.32", "a node may be silent for 50 s rather than 40 s before it counts as NotReady", "kubernetes pkg/controller/nodelifecycle/config/v1alpha1/defaults.go"}
	CgroupV2        = Change{"1.33", "GKE moves nodes from cgroup v1 to v2, unless their pool is pinned to v1", "cloud.google.com/kubernetes-engine/docs/how-to/migrate-cgroupv2"}
	NoCgroupV1      = Change{"1.35", "GKE has no nodes on cgroup v1, not even where their pool is pinned to it", "cloud.google.com/kubernetes-engine/docs/how-to/migrate-cgroupv2; kubelet's failCgroupV1"}
	TwoSteps        = Change{"1.33", "GKE can upgrade a control plane in two steps", "cloud.google.com/kubernetes-engine/docs/how-to/upgrade-control-plane-with-rollback"}
	BackendSlices   = Change{"1.34", "an API server finds a webhook's Pods by EndpointSlices rather than by Endpoints", "apiserver pkg/util/proxy/proxy.go, ResolveEndpoint"}
	CephVolumes     = Change{"1.31", "kubelets mount no volumes of the kinds rbd and cephfs", "kubernetes CHANGELOG/CHANGELOG-1.31.md, removed in-tree volume plugins"}
	GitVolumes      = Change{"1.33", "kubelets refuse volumes of the kind gitRepo unless told otherwise, and from 1.36 on all of them", "kubernetes pkg/features/kube_features.go, feature gate GitRepoVolumeDriver"}
	ProbeHosts      = Change{"1.34", "the baseline of Pod Security refuses probes and lifecycle handlers that name a host", "k8s.io/pod-security-admission policy/check_hostProbesAndhostLifecycle.go"}
	ExecTimeouts    = Change{"1.35", "nodes of GKE heed the timeout of probes by command", "kubernetes pkg/features/kube_features.go, feature gate ExecProbeTimeout; cloud.google.com/kubernetes-engine/docs/deprecations/exec-probe-timeouts"}
	BindingLabels   = Change{"1.35", "webhooks see a binding with the zone and region of its node as labels", "kubernetes plugin/pkg/admission/podtopologylabels/admission.go, feature gate PodTopologyLabelsAdmission"}
	StrictAddresses = Change{"1.36", "API servers refuse addresses with leading zeros, and ranges with bits beyond their prefix, in what is written anew", "kubernetes pkg/features/kube_features.go, feature gate StrictIPCIDRValidation"}
	SkipsReviews    = Change{"1.37", "webhooks don't see token and access reviews", "apiserver pkg/admission/plugin/webhook/generic/webhook.go, feature gate ExcludeAdmissionWebhookVirtualResources"}
	EndpointPerCall = Change{"1.37", "an endpoint of a webhook's Service is picked for each call rather than for each connection", "apiserver pkg/util/webhook/client.go, resolvingRoundTripper, feature gate WebhookRoundTripLoadBalancing"}
	TrustBundles    = Change{"1.37", "kube-controller-manager publishes a ClusterTrustBundle of the API server's authority", "kubernetes cmd/kube-controller-manager/app/certificates.go, newKubeAPIServerSignerClusterTrustBundledPublisherController"}
	StaticNames     = Change{"1.37", "names of webhooks and policies that end in .static.k8s.io are for the API server's own files", "apiserver pkg/admission/plugin/manifest/validation.go, StaticConfigSuffix"}
	LiveLeases      = Change{"1.37", "a node's live Lease is read before it counts as NotReady", "kubernetes pkg/controller/nodelifecycle/node_lifecycle_controller.go, tryUpdateNodeHealth, feature gate NodeControllerLeaseCircuitBreaker"}
)

// Changes are all of them, the oldest first.
func Changes() []Change {
	return []Change{MatchConditions, CephVolumes, LongGrace, TwoSteps, CgroupV2, GitVolumes, BackendSlices, ProbeHosts, ExecTimeouts, NoCgroupV1, BindingLabels, StrictAddresses, SkipsReviews, EndpointPerCall, TrustBundles, StaticNames, LiveLeases}
}

// In reports whether the version, given as text, has the change; false where it
// can't be read.
func (c Change) In(text string) bool {
	v, err := Parse(text)
	return err == nil && CompareLine(v, c.first()) >= 0
}

// Last is the last minor that does not have it, such as 1.36.
func (c Change) Last() string {
	before := c.first()
	before.Minor--
	return before.Line()
}

func (c Change) first() Version {
	v, err := Parse(c.Since)
	if err != nil {
		panic("version: " + c.Since + ": " + err.Error())
	}
	return v
}
