package facts

// All returns every fact this version knows, in the order in which recordings
// and reports list them.
func All() []Fact {
	return []Fact{
		ServerVersion, APIResources, APIServerMetrics, DeprecatedAPIs, CustomResources, HelmReleases, HelmCharts,
		ValidatingWebhooks, MutatingWebhooks,
		ValidatingPolicies, ValidatingPolicyBindings, MutatingPolicies, MutatingPolicyBindings, PolicyParams,
		Namespaces, Services, Endpoints, BackendPods, BackendWorkloads, DisruptionBudgets, PodGroups, LocalVolumes, PodDetails, NodeRequests, NetworkPlugins, ProbeTimeouts, CriticalQuotas, LooseAddresses, Images, IngressClasses,
		Nodes, NodeLeases, NodeEvents, KubeProxies,
		ClusterRoles, ClusterRoleBindings, Roles, RoleBindings,
		PriorityClasses, FlowSchemas, PriorityLevels, APIServices, ServiceCIDRs, IPAddresses,
		Conversions,
		SystemConfigMaps, IdentityLeases, KubernetesService,
		GKECluster, GKESettings, GKENetwork, GKENodePools, GKEServerConfig, GKEOperations, GKEUpgradeInfo, GKENodePoolUpgradeInfo, GKEInsights, GKEFirewall, GKEQuotas, GKELatency,
		NetworkPolicies, OtherNetworkPolicies, KonnectivityAgents,
		Attempts, OutboundAttempts,
	}
}
