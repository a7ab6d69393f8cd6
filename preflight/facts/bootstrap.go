package facts

import (
	"time"

	flowcontrolv1 "k8s.io/api/flowcontrol/v1"
	networkingv1 "k8s.io/api/networking/v1"
	rbacv1 "k8s.io/api/rbac/v1"
)

const rbacGroup = rbacv1.GroupName

// The live objects that PostStartHooks reconcile. Objects of upstream types are
// kept without managed fields and owner references, and with those annotations
// alone that a hook reads or writes.
var (
	// ClusterRoles are those that carry the label kubernetes.io/bootstrapping or
	// whose name the catalogue knows, by name. An aggregated role keeps its rules.
	ClusterRoles = kubernetes[[]rbacv1.ClusterRole]("cluster-roles", list(rbacGroup, "clusterroles")).inAll()

	// ClusterRoleBindings are chosen like [ClusterRoles].
	ClusterRoleBindings = kubernetes[[]rbacv1.ClusterRoleBinding]("cluster-role-bindings", list(rbacGroup, "clusterrolebindings")).inAll()

	// Roles are those of kube-system and kube-public, chosen like [ClusterRoles].
	Roles = kubernetes[[]rbacv1.Role]("roles", list(rbacGroup, "roles")).inAll()

	// RoleBindings are those of kube-system and kube-public, chosen like [ClusterRoles].
	RoleBindings = kubernetes[[]rbacv1.RoleBinding]("role-bindings", list(rbacGroup, "rolebindings")).inAll()

	// PriorityClasses are the names of all PriorityClasses.
	PriorityClasses = kubernetes[[]string]("priority-classes", list("scheduling.k8s.io", "priorityclasses")).inAll()

	// FlowSchemas are all FlowSchemas, by name.
	FlowSchemas = kubernetes[[]flowcontrolv1.FlowSchema]("flow-schemas", list(flowcontrolv1.GroupName, "flowschemas")).inAll()

	// PriorityLevels are all PriorityLevelConfigurations, by name.
	PriorityLevels = kubernetes[[]flowcontrolv1.PriorityLevelConfiguration]("priority-levels", list(flowcontrolv1.GroupName, "prioritylevelconfigurations")).inAll()

	// APIServices are all APIServices, by name.
	APIServices = kubernetes[[]APIService]("api-services", list("apiregistration.k8s.io", "apiservices")).inAll()

	// ServiceCIDRs are all ServiceCIDRs; none where the running version does not serve the kind.
	ServiceCIDRs = kubernetes[[]networkingv1.ServiceCIDR]("service-cidrs", list(networkingv1.GroupName, "servicecidrs"))

	// IPAddresses are all IPAddresses, by name; none where the running version does not serve the kind.
	IPAddresses = kubernetes[[]IPAddress]("ip-addresses", list(networkingv1.GroupName, "ipaddresses"))

	// SystemConfigMaps are the two ConfigMaps of kube-system that hooks write, by
	// name; one that does not exist is not in the list. They hold public
	// certificates and a date.
	SystemConfigMaps = kubernetes[[]ConfigMap]("system-config-maps", get("", "configmaps", "extension-apiserver-authentication", "kube-apiserver-legacy-service-account-token-tracking"))

	// IdentityLeases are the leases by which the running API servers make
	// themselves known in kube-system.
	IdentityLeases = kubernetes[[]IdentityLease]("identity-leases", list("coordination.k8s.io", "leases"))

	// KubernetesService is the Service default/kubernetes and its addresses.
	KubernetesService = kubernetes[APIServerService]("kubernetes-service", get("", "services", "kubernetes"), get("", "endpoints", "kubernetes"), list("discovery.k8s.io", "endpointslices"))
)

// APIService is the part of an APIService that decides whether it works and
// what the autoregistration controller does with it.
type APIService struct {
	Name   string            `json:"name"`
	Labels map[string]string `json:"labels,omitempty"`
	// Group is empty for the core group, and Version in recordings of older
	// versions of this tool.
	Group   string `json:"group,omitempty"`
	Version string `json:"version,omitempty"`
	// Service is namespace/name of the backend; empty for a group that kube-apiserver serves itself.
	Service string `json:"service,omitempty"`
	// Port is the Service's; zero without one, and in older recordings.
	Port int32 `json:"port,omitempty"`
	// CABundle is PEM; empty for the system's roots, or where InsecureSkipTLSVerify
	// says that the certificate is not verified.
	CABundle              []byte `json:"caBundle,omitempty"`
	InsecureSkipTLSVerify bool   `json:"insecureSkipTLSVerify,omitempty"`
	GroupPriorityMinimum  int32  `json:"groupPriorityMinimum,omitempty"`
	VersionPriority       int32  `json:"versionPriority,omitempty"`
	// Available is the status of the condition of that name, empty if there is none
	// yet; Reason and Message are the API server's. Message is kept where it is not True.
	Available string `json:"available,omitempty"`
	Reason    string `json:"reason,omitempty"`
	Message   string `json:"message,omitempty"`
}

// IPAddress is an IPAddress object, whose name is the address.
type IPAddress struct {
	Name string `json:"name"`
	// Parent is resource/namespace/name of what holds the address.
	Parent  string `json:"parent,omitempty"`
	Managed bool   `json:"managed,omitempty"`
}

// ConfigMap is a ConfigMap of kube-system.
type ConfigMap struct {
	Name string            `json:"name"`
	Data map[string]string `json:"data,omitempty"`
	// Labels and Annotations, but for what kubectl has applied last, are nil in
	// recordings of earlier versions, which do not hold them.
	Labels      map[string]string `json:"labels,omitzero"`
	Annotations map[string]string `json:"annotations,omitzero"`
}

// IdentityLease is the lease of one running API server.
type IdentityLease struct {
	Name    string            `json:"name"`
	Labels  map[string]string `json:"labels,omitempty"`
	Renewed time.Time         `json:"renewed,omitzero"`
	// Holder is the identity of the API server, and Seconds for how long the lease
	// holds from Renewed on; empty and zero in recordings of earlier versions.
	Holder  string `json:"holder,omitempty"`
	Seconds int32  `json:"seconds,omitempty"`
}

// Expired reports whether nobody has renewed the lease in time, at that time. One that
// does not say for how long it holds has the hour that API servers give it (kubernetes
// pkg/controlplane/apiserver/server.go, IdentityLeaseDurationSeconds).
func (l IdentityLease) Expired(at time.Time) bool {
	holds := time.Hour
	if l.Seconds > 0 {
		holds = time.Duration(l.Seconds) * time.Second
	}
	return !l.Renewed.IsZero() && l.Renewed.Add(holds).Before(at)
}

// APIServerService is the Service through which pods reach the API server.
type APIServerService struct {
	// Exists is false where the Service is missing.
	Exists bool `json:"exists"`
	// Addresses are those of its Endpoints, SliceAddresses those of its EndpointSlices.
	Addresses      []string `json:"addresses,omitempty"`
	SliceAddresses []string `json:"sliceAddresses,omitempty"`
	Port           int32    `json:"port,omitempty"`
}
