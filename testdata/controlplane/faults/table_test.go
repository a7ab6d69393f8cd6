package faults

import (
	"net/http"
	"testing"

	"github.com/gke-preflight/gke-preflight/gke/controlplane/rig"
)

var (
	both       = []manner{denied, slow}
	justDenied = []manner{denied}
	justSlow   = []manner{slow}
)

func faults() []fault {
	return []fault{
		{hook: "rbac/bootstrap-roles", how: both,
			write: "create clusterroles.rbac.authorization.k8s.io system:basic-user",
			stage: gone("rbac.authorization.k8s.io/v1", "clusterroles", "", "system:basic-user")},
		{hook: "scheduling/bootstrap-system-priority-classes", how: both, everyday: true,
			write: "create priorityclasses.scheduling.k8s.io system-node-critical",
			stage: lost("priorityclasses/system-node-critical")},
		{hook: "start-kubernetes-service-cidr-controller", since: "1.33", how: both,
			write: "create servicecidrs.networking.k8s.io kubernetes",
			stage: lost("servicecidrs/kubernetes")},
		{hook: "start-kubernetes-service-cidr-controller", name: "status", since: "1.33", how: justDenied, optional: true,
			write: "patch servicecidrs.networking.k8s.io/status kubernetes",
			stage: lost("servicecidrs/kubernetes")},
		{hook: "start-service-ip-repair-controllers", since: "1.33", how: both,
			write: "create ipaddresses.networking.k8s.io 10.96.7.1",
			stage: serviceWithoutAddress},
		forbiddenAddress("1.33", "1.33", 4),
		forbiddenAddress("1.34", "1.35", 1),
		forbiddenAddress("1.36", "", 4),
		{hook: "start-service-ip-repair-controllers", name: "bitmap", until: "1.32", how: justDenied,
			stage: serviceWithoutBit},
		{hook: "priority-and-fairness-config-producer", how: both,
			write: "create flowschemas.flowcontrol.apiserver.k8s.io probes",
			stage: gone("flowcontrol.apiserver.k8s.io/v1", "flowschemas", "", "probes")},
		{hook: "priority-and-fairness-config-consumer", how: both,
			write: "patch flowschemas.flowcontrol.apiserver.k8s.io/status probes",
			stage: gone("flowcontrol.apiserver.k8s.io/v1", "flowschemas", "", "probes")},
		{hook: "autoregister-completion", how: both, everyday: true,
			write: "create apiservices.apiregistration.k8s.io v1.batch",
			stage: gone("apiregistration.k8s.io/v1", "apiservices", "", "v1.batch")},
		{hook: "autoregister-completion", name: "status", how: both,
			write: "update apiservices.apiregistration.k8s.io/status v1.batch",
			stage: describedAs("False")},
		{hook: "kube-apiserver-autoregistration", how: both,
			write: "delete apiservices.apiregistration.k8s.io v1beta1.batch",
			stage: retiredAPIService},
		{hook: "apiservice-status-available-controller", until: "1.30", how: both,
			write: "update apiservices.apiregistration.k8s.io/status v1.batch",
			stage: describedAs("True")},
		{hook: "apiservice-status-local-available-controller", since: "1.31", how: both,
			write: "update apiservices.apiregistration.k8s.io/status v1.batch",
			stage: describedAs("True")},
		{hook: "apiservice-status-remote-available-controller", since: "1.31", how: both,
			write: "update apiservices.apiregistration.k8s.io/status v1.rig.test",
			stage: aggregated},
		{hook: "start-cluster-authentication-info-controller", how: both, everyday: true,
			write: "create configmaps kube-system/extension-apiserver-authentication",
			stage: gone("v1", "configmaps", "kube-system", "extension-apiserver-authentication")},
		{hook: "start-legacy-token-tracking-controller", how: both,
			write: "create configmaps kube-system/kube-apiserver-legacy-service-account-token-tracking",
			stage: gone("v1", "configmaps", "kube-system", "kube-apiserver-legacy-service-account-token-tracking")},
		{hook: "start-system-namespaces-controller", how: both,
			write: "create namespaces kube-node-lease",
			stage: lost("namespaces/kube-node-lease")},
		{hook: "start-kube-apiserver-identity-lease-controller", name: "create", how: justDenied,
			write: "create leases.coordination.k8s.io kube-system/apiserver-",
			stage: nothing},
		{hook: "start-kube-apiserver-identity-lease-controller", name: "renew", until: "1.34", how: justSlow,
			write: "update leases.coordination.k8s.io kube-system/apiserver-",
			stage: nothing, sameHost: true},
		{hook: "start-kube-apiserver-identity-lease-controller", name: "delete", since: "1.35", how: justSlow,
			write: "delete leases.coordination.k8s.io kube-system/apiserver-",
			stage: nothing, sameHost: true},
		{hook: "start-kube-apiserver-identity-lease-garbage-collector", how: both,
			write: "delete leases.coordination.k8s.io kube-system/apiserver-long-gone",
			stage: expiredLease},
		{hook: "bootstrap-controller", name: "join", how: justDenied,
			write: "update endpoints default/kubernetes",
			stage: nothing},
		{hook: "bootstrap-controller", name: "leave", how: justSlow,
			write: "update endpoints default/kubernetes",
			stage: another, flags: addressOfTheFirst},
		{hook: "start-apiextensions-controllers", how: both,
			write: "update customresourcedefinitions.apiextensions.k8s.io/status things.rig.test",
			stage: newKind},
	}
}

// forbiddenAddress is a refusal that some minors take for one that passes.
func forbiddenAddress(since, until string, tries int) fault {
	return fault{hook: "start-service-ip-repair-controllers", name: "forbidden", since: since, until: until, how: justDenied,
		code: http.StatusForbidden, tries: tries,
		write: "create ipaddresses.networking.k8s.io 10.96.7.1", stage: serviceWithoutAddress}
}

func nothing(*testing.T, *rig.Cluster) {}

// addressOfTheFirst makes the new API server one that comes again, at the
// address of one that ended without a shutdown: it first takes that away.
func addressOfTheFirst(c *rig.Cluster) []string {
	return []string{"--advertise-address=" + c.First.Address.Addr().String()}
}
