package bootstrap

import (
	"time"

	"github.com/gke-preflight/gke-preflight/preflight/facts"
)

// A row is what is known of a hook in a range of minors.
type row struct {
	Hook
	// since and until are the first and the last minor; until is zero for a hook
	// that is still there.
	since, until int
	// needs are the facts that its writes are worked out from.
	needs []facts.Fact
	// simulate adds the hook's writes to the plan; nil for a hook whose writes
	// follow from nothing that a snapshot holds.
	simulate func(*planner)
}

// table returns what no audit log can tell: what each hook does while a write
// fails. Minors before 1.28 were not read except 1.13; a since below 28 says
// when upstream introduced the hook.
func table() []row {
	return []row{
		{
			Hook: Hook{
				Name: "ca-registration", Failing: ExitAfterPasses, Deadline: 30 * time.Second, Interval: time.Second, Blocks: true,
				Source: "kubernetes 1.13 pkg/master/client_ca_hook.go, PostStartHook",
			},
			since: 7, until: 16,
		},
		{
			Hook: Hook{
				Name: "rbac/bootstrap-roles", Failing: ExitAfterPasses, Deadline: 30 * time.Second, Interval: time.Second, Blocks: true,
				Source: "kubernetes pkg/registry/rbac/rest/storage_rbac.go, EnsureRBACPolicy",
			},
			since:    20,
			needs:    []facts.Fact{facts.ClusterRoles, facts.ClusterRoleBindings, facts.Roles, facts.RoleBindings},
			simulate: (*planner).rbac,
		},
		{
			Hook: Hook{
				Name: "scheduling/bootstrap-system-priority-classes", Failing: ExitAtOnce, Blocks: true,
				Source: "kubernetes pkg/registry/scheduling/rest/storage_scheduling.go, AddSystemPriorityClasses",
			},
			since:    11,
			needs:    []facts.Fact{facts.PriorityClasses},
			simulate: (*planner).priorityClasses,
		},
		{
			Hook: Hook{
				Name: serviceCIDRs, Failing: NeverReady, Interval: 100 * time.Millisecond, Blocks: true,
				Source: "kubernetes pkg/controlplane/controller/defaultservicecidr/default_servicecidr_controller.go, Start",
			},
			since:    33,
			needs:    []facts.Fact{facts.ServiceCIDRs},
			simulate: (*planner).serviceCIDR,
		},
		{
			Hook: Hook{
				Name: ipRepair, Failing: ExitAtDeadline, Deadline: time.Minute, Blocks: true,
				Source: "kubernetes pkg/registry/core/rest/storage_core.go, PostStartHook; pkg/registry/core/service/ipallocator/controller/repair.go, runOnce: a bitmap in etcd, which no admission sees",
			},
			since: 28, until: 32,
		},
		{
			Hook: Hook{
				Name: ipRepair, Failing: ExitAtDeadline, Deadline: time.Minute, Blocks: true, WaitsFor: serviceCIDRs,
				Source: "kubernetes pkg/registry/core/rest/storage_core.go, PostStartHook; pkg/registry/core/service/ipallocator/controller/repairip.go, RunUntil and runOnce: only a Conflict, and in 1.33.13 and 1.36.3 a Forbidden, is tried again, four tries in all within a second",
			},
			since:    33,
			needs:    []facts.Fact{facts.Services, facts.ServiceCIDRs, facts.IPAddresses},
			simulate: (*planner).ipAddresses,
		},
		{
			Hook: Hook{
				Name: "priority-and-fairness-config-producer", Failing: ExitAtDeadline, Deadline: 5 * time.Minute, Interval: time.Second, Blocks: true,
				Source: "kubernetes pkg/registry/flowcontrol/rest/storage_flowcontrol.go, ensureAPFBootstrapConfiguration",
			},
			since:    20,
			needs:    []facts.Fact{facts.FlowSchemas, facts.PriorityLevels},
			simulate: (*planner).flowcontrol,
		},
		{
			Hook: Hook{
				Name: "priority-and-fairness-config-consumer", Failing: Retry,
				Source: "apiserver pkg/util/flowcontrol/apf_controller.go, digestConfigObjects",
			},
			since:    20,
			needs:    []facts.Fact{facts.FlowSchemas},
			simulate: (*planner).flowSchemaStatus,
		},
		{
			Hook: Hook{
				Name: "autoregister-completion", Failing: NeverReady, Blocks: true,
				Source: "kubernetes cmd/kube-apiserver/app/aggregator.go, makeAPIServiceAvailableHealthCheck",
			},
			since: 28, until: 30,
			needs:    []facts.Fact{facts.APIServices},
			simulate: (*planner).newAPIServices,
		},
		{
			Hook: Hook{
				Name: "autoregister-completion", Failing: NeverReady, Blocks: true,
				Source: "kubernetes pkg/controlplane/apiserver/aggregator.go, makeAPIServiceAvailableHealthCheck",
			},
			since:    31,
			needs:    []facts.Fact{facts.APIServices},
			simulate: (*planner).newAPIServices,
		},
		{
			Hook: Hook{
				Name: "kube-apiserver-autoregistration", Failing: Retry,
				Source: "kube-aggregator pkg/controllers/autoregister/autoregister_controller.go, checkAPIService",
			},
			since:    13,
			needs:    []facts.Fact{facts.APIServices},
			simulate: (*planner).oldAPIServices,
		},
		{
			Hook: Hook{
				Name: "apiservice-status-available-controller", Failing: Retry,
				Source: "kube-aggregator pkg/controllers/status/available_controller.go, sync: the status of an APIService, when it changes",
			},
			since: 28, until: 30,
		},
		{
			Hook: Hook{
				Name: "apiservice-status-local-available-controller", Failing: Retry,
				Source: "kube-aggregator pkg/controllers/status/local/local_available_controller.go, sync: the status of a built-in APIService, when it changes",
			},
			since: 31,
		},
		{
			Hook: Hook{
				Name: "apiservice-status-remote-available-controller", Failing: Retry,
				Source: "kube-aggregator pkg/controllers/status/remote/remote_available_controller.go, sync: the status of an aggregated APIService, when it changes",
			},
			since: 31,
		},
		{
			Hook: Hook{
				Name: "start-cluster-authentication-info-controller", Failing: Retry,
				Source: "kubernetes pkg/controlplane/controller/clusterauthenticationtrust/cluster_authentication_trust_controller.go, syncConfigMap",
			},
			since:    17,
			needs:    []facts.Fact{facts.SystemConfigMaps},
			simulate: (*planner).authentication,
		},
		{
			Hook: Hook{
				Name: "start-legacy-token-tracking-controller", Failing: Retry,
				Source: "kubernetes pkg/controlplane/controller/legacytokentracking/controller.go, syncConfigMap",
			},
			since:    26,
			needs:    []facts.Fact{facts.SystemConfigMaps},
			simulate: (*planner).legacyTokens,
		},
		{
			Hook: Hook{
				Name: "start-system-namespaces-controller", Failing: Retry, Interval: time.Minute,
				Source: "kubernetes pkg/controlplane/controller/systemnamespaces/system_namespaces_controller.go, sync",
			},
			since:    27,
			needs:    []facts.Fact{facts.Namespaces},
			simulate: (*planner).namespaces,
		},
		{
			Hook: Hook{
				Name: identityLeases, Failing: Retry, Interval: 10 * time.Second,
				Source: "component-helpers apimachinery/lease/controller.go, Run",
			},
			since: 26, until: 34,
			simulate: (*planner).identityLease,
		},
		{
			Hook: Hook{
				Name: identityLeases, Failing: Retry, Interval: 10 * time.Second, Blocks: true, WriteTimeout: 10 * time.Second,
				Source: "component-helpers apimachinery/lease/controller.go, Start",
			},
			since:    35,
			needs:    []facts.Fact{facts.IdentityLeases},
			simulate: (*planner).identityLeaseAnew,
		},
		{
			Hook: Hook{
				Name: "start-kube-apiserver-identity-lease-garbage-collector", Failing: Retry, Interval: time.Hour,
				Source: "kubernetes pkg/controlplane/controller/apiserverleasegc/gc_controller.go, gc",
			},
			since:    26,
			needs:    []facts.Fact{facts.IdentityLeases},
			simulate: (*planner).expiredLeases,
		},
		{
			Hook: Hook{
				Name: "bootstrap-controller", Failing: Retry, Interval: 10 * time.Second, Blocks: true,
				Source: "kubernetes pkg/controlplane/controller/kubernetesservice/controller.go, Start and Run",
			},
			since:    13,
			needs:    []facts.Fact{facts.KubernetesService},
			simulate: (*planner).kubernetesService,
		},
		{
			Hook: Hook{
				Name: "start-apiextensions-controllers", Failing: Retry,
				Source: "apiextensions-apiserver pkg/apiserver/apiserver.go, New: the status of a CustomResourceDefinition, when it changes",
			},
			since: 13,
		},
	}
}

const (
	serviceCIDRs   = "start-kubernetes-service-cidr-controller"
	ipRepair       = "start-service-ip-repair-controllers"
	identityLeases = "start-kube-apiserver-identity-lease-controller"
)

// rowsOf returns the rows that hold for a minor, such as 36.
func rowsOf(minor int) []row {
	var rows []row
	for _, r := range table() {
		if r.since <= minor && (r.until == 0 || minor <= r.until) {
			rows = append(rows, r)
		}
	}
	return rows
}
