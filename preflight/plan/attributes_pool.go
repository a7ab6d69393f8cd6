package plan

// Sources that several attributes share.
const (
	mostUpdates = "Operation.Type of the GKE API: UPGRADE_NODES is what most changes of a node pool are; the provider sends it as UpdateNodePool"
	recorded    = "a session of Config Connector with GKE, which answers UPGRADE_NODES (k8s-config-connector, pkg/test/resourcefixture/testdata/basic/container, _http.log)"
	migrates    = "UpdateNodePoolRequest of the GKE API: an upgrade that moves the nodes"
)

// poolKnowledge is of google_container_node_pool; the node_pool blocks of a cluster
// and its node_config, which is its default-pool's, have the same attributes.
var poolKnowledge = Knowledge{
	Type: nodePoolType,
	Counts: []Attribute{
		{"version", []Kind{Nodes}, Documented, "Operation.Type of the GKE API: UPGRADE_NODES"},
		{"node_config.kubelet_config", []Kind{Nodes}, Recorded, recorded},
		{"node_config.linux_node_config", []Kind{Nodes}, Recorded, recorded},
		{"node_config.containerd_config", []Kind{Nodes}, Recorded, recorded + "; UpdateNodePoolRequest says that it recreates the nodes"},
		{"node_config.image_type", []Kind{Nodes}, Documented, "the provider's documentation of image_type: all nodes of the pool are deleted and made anew"},
		{"node_config.node_image_config", []Kind{Nodes}, Inferred, "the image of the nodes, as image_type; " + mostUpdates},
		{"node_config.machine_type", []Kind{Nodes}, Documented, migrates},
		{"node_config.disk_type", []Kind{Nodes}, Documented, migrates},
		{"node_config.disk_size_gb", []Kind{Nodes}, Documented, migrates},
		{"node_config.boot_disk", []Kind{Nodes}, Documented, migrates},
		{"node_config.storage_pools", []Kind{Nodes}, Inferred, "where the boot disks are made; " + mostUpdates},
		{"node_config.confidential_nodes", []Kind{Nodes}, Documented, "UpdateNodePoolRequest of the GKE API: all nodes of the pool become Confidential VMs"},
		{"node_config.workload_metadata_config", []Kind{Nodes}, Inferred, mostUpdates},
		{"node_config.gcfs_config", []Kind{Nodes}, Inferred, "how containerd gets images; " + mostUpdates},
		{"node_config.gvnic", []Kind{Nodes}, Inferred, "the network card of the machine; " + mostUpdates},
		{"node_config.fast_socket", []Kind{Nodes}, Inferred, mostUpdates},
		{"node_config.windows_node_config", []Kind{Nodes}, Inferred, "the image of the nodes; " + mostUpdates},
		{"node_config.logging_variant", []Kind{Nodes}, Inferred, mostUpdates},
		{"node_config.taint_config", []Kind{Nodes}, Inferred, mostUpdates},
		{"node_config.resource_labels", []Kind{Nodes}, Inferred, "labels of the machines; " + mostUpdates},
		{"node_config.resource_manager_tags", []Kind{Nodes}, Inferred, "tags of the machines; " + mostUpdates},
		{"node_config.gpudirect_strategy", []Kind{Nodes}, Inferred, mostUpdates},
		{"node_config.guest_accelerator", []Kind{Nodes}, Inferred, "what the machines have; " + mostUpdates},
		{"network_config.enable_private_nodes", []Kind{Nodes}, Inferred, "the addresses of the machines; " + mostUpdates},
		{"network_config.network_performance_config", []Kind{Nodes}, Inferred, "the network card of the machines; " + mostUpdates},
	},
	Quiet: []Quiet{
		{"changed on nodes as they run (cloud.google.com/kubernetes-engine/docs/how-to/update-existing-nodepools), though GKE calls the operation UPGRADE_NODES",
			[]string{"node_config.labels", "node_config.taint", "node_config.tags"}},
		{"how many nodes there are, and where: some are added or removed, and those that stay are not made anew (UpdateNodePoolRequest.locations)",
			[]string{"node_count", "node_locations", "autoscaling", "initial_node_count", "ignore_node_count_changes"}},
		{"what later upgrades, repairs and deletions do; the provider sends upgrade_settings and node_drain_config after all that makes nodes anew (nodePoolUpdate in resource_container_node_pool.go)",
			[]string{"management", "upgrade_settings", "node_drain_config", "maintenance_policy"}},
		{"the provider's own, or what it is told by GKE",
			[]string{"id", "operation", "timeouts", "deletion_policy", "instance_group_urls", "managed_instance_group_urls", "node_config.effective_taints"}},
		{"the pool is made anew where it changes, and that counts by itself",
			[]string{"name", "name_prefix", "project", "location", "zone", "region", "cluster", "max_pods_per_node", "placement_policy", "queued_provisioning",
				"network_config.accelerator_network_profile", "network_config.create_pod_range", "network_config.pod_range", "network_config.pod_ipv4_cidr_block",
				"network_config.additional_node_network_configs", "network_config.additional_pod_network_configs", "network_config.pod_cidr_overprovision_config", "network_config.subnetwork",
				"node_config.local_ssd_count", "node_config.ephemeral_storage_config", "node_config.ephemeral_storage_local_ssd_config", "node_config.local_nvme_ssd_block_config",
				"node_config.secondary_boot_disks", "node_config.metadata", "node_config.min_cpu_platform", "node_config.oauth_scopes", "node_config.preemptible", "node_config.spot",
				"node_config.reservation_affinity", "node_config.service_account", "node_config.shielded_instance_config", "node_config.sandbox_config", "node_config.boot_disk_kms_key",
				"node_config.node_group", "node_config.advanced_machine_features", "node_config.sole_tenant_config", "node_config.host_maintenance_policy",
				"node_config.enable_confidential_storage", "node_config.local_ssd_encryption_mode", "node_config.max_run_duration", "node_config.flex_start"}},
	},
}
